/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;

/**
 * Gives damaged inputs to something for a while and demands that it takes each of them, or refuses
 * it with an exception of this library that says why, and soon.
 *
 * <p>How long is a matter of the system property {@code fuzz.factor}: 1 in an ordinary build, which
 * spends about two minutes on it, and 30 in the profile {@code fuzz}, which takes an hour. {@code
 * fuzz.seed} chooses other inputs.
 */
public final class Fuzz {
  /** What an input may take of a processor. */
  private static final long LIMIT_S = 10;

  /** A loaded machine gives less of its processors. */
  private static final long WALL_FACTOR = 12;

  /** What is given the inputs. */
  @FunctionalInterface
  public interface Target {
    /**
     * Takes an input or refuses it.
     *
     * @param input damaged bytes
     * @throws Exception to refuse it
     */
    void take(byte[] input) throws Exception;
  }

  /**
   * How it went.
   *
   * @param taken inputs that were accepted
   * @param refused inputs that were refused as they should be
   */
  public record Result(long taken, long refused) {}

  private static final class Current {
    final byte[] input;
    final long cpu;
    final long wall;

    Current(byte[] input, long cpu, long wall) {
      this.input = input;
      this.cpu = cpu;
      this.wall = wall;
    }
  }

  private final String name;
  private final double seconds;
  private final long limit;
  private final AtomicReference<Current> current = new AtomicReference<>();
  private final AtomicReference<Throwable> failure = new AtomicReference<>();
  private final ThreadMXBean threads = ManagementFactory.getThreadMXBean();
  private final AtomicLong taken = new AtomicLong();
  private final AtomicLong refused = new AtomicLong();

  private Fuzz(String name, double seconds, long limit) {
    this.name = name;
    this.seconds = seconds;
    this.limit = limit;
  }

  /**
   * The seed of this run.
   *
   * @return 1 unless the property {@code fuzz.seed} says otherwise
   */
  public static long seed() {
    return Long.getLong("fuzz.seed", 1);
  }

  /**
   * How long a target is given inputs in this run.
   *
   * @param ordinary the seconds in an ordinary build
   * @return the seconds now
   */
  public static double seconds(double ordinary) {
    return ordinary * Double.parseDouble(System.getProperty("fuzz.factor", "1"));
  }

  /**
   * Gives inputs until the time is over.
   *
   * @param name the target's name; an input that fails lies in {@code target/fuzz/NAME}
   * @param ordinary the seconds in an ordinary build
   * @param inputs makes the next input
   * @param target takes it
   * @return the counts
   * @throws AssertionError for an exception that is not the library's, one without a message, or an
   *     input that takes longer than 10 s
   */
  public static Result run(String name, double ordinary, Supplier<byte[]> inputs, Target target) {
    return run(name, seconds(ordinary), LIMIT_S, inputs, target);
  }

  static Result run(
      String name, double seconds, long limit, Supplier<byte[]> inputs, Target target) {
    return new Fuzz(name, seconds, limit).run(inputs, target);
  }

  private Result run(Supplier<byte[]> inputs, Target target) {
    Thread worker = new Thread(() -> work(inputs, target), "fuzz-" + name);
    worker.setDaemon(true);
    worker.start();
    try {
      while (worker.isAlive()) {
        worker.join(100);
        checkTime(worker);
      }
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
    if (failure.get() != null) {
      throw failed(failure.get());
    }
    System.out.printf("fuzz %s: %d taken, %d refused%n", name, taken.get(), refused.get());
    return new Result(taken.get(), refused.get());
  }

  private void work(Supplier<byte[]> inputs, Target target) {
    long end = System.nanoTime() + (long) (seconds * 1e9);
    try {
      while (System.nanoTime() < end) {
        byte[] input = inputs.get();
        current.set(new Current(input, threads.getCurrentThreadCpuTime(), System.nanoTime()));
        try {
          target.take(input);
          taken.incrementAndGet();
        } catch (Exception e) {
          if (!isRefusal(e)) {
            failure.set(e);
            return;
          }
          refused.incrementAndGet();
        }
      }
    } catch (Throwable e) {
      failure.set(e);
    } finally {
      current.compareAndSet(current.get(), failure.get() == null ? null : current.get());
    }
  }

  /** Whether an exception is one that users are told of, and says something. */
  static boolean isRefusal(Throwable e) {
    boolean known =
        e.getClass().getName().startsWith("org.zennit4j.")
            || e.getClass() == IllegalArgumentException.class;
    return known && e.getMessage() != null && !e.getMessage().isBlank();
  }

  private void checkTime(Thread worker) {
    Current now = current.get();
    if (now == null || !worker.isAlive()) {
      return;
    }
    long cpu = threads.getThreadCpuTime(worker.getId()) - now.cpu;
    long wall = System.nanoTime() - now.wall;
    long most = TimeUnit.SECONDS.toNanos(limit);
    if (cpu > most || wall > WALL_FACTOR * most) {
      AssertionError hang = new AssertionError("an input takes longer than " + limit + " s");
      hang.setStackTrace(worker.getStackTrace());
      throw failed(hang);
    }
  }

  private AssertionError failed(Throwable cause) {
    Path file = Path.of("target", "fuzz", name);
    try {
      Files.createDirectories(file.getParent());
      Files.write(file, current.get() == null ? new byte[0] : current.get().input);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return new AssertionError(
        "fuzz "
            + name
            + ": after "
            + (taken.get() + refused.get())
            + " inputs of seed "
            + seed()
            + " (the input is in "
            + file
            + "): "
            + cause,
        cause);
  }
}
