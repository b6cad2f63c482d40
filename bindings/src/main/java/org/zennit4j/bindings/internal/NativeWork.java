/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.bindings.internal;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.zennit4j.bindings.CancelledException;

/**
 * A stretch of work inside LibTorch: what the end of the process waits for, and what an interrupt,
 * a time limit or that end stops at its next operator.
 *
 * <p>When a Java process ends, the destructors of LibTorch's static objects run while other threads
 * may still be inside: they then work with freed memory. The JVM waits a fraction of a second for
 * native code only, and a backward pass without rules is one native call of any length. So {@link
 * #awaitEnd} is run by a shutdown hook. {@link Runtime#halt} runs no hooks.
 */
public final class NativeWork implements AutoCloseable {
  /** No time limit. */
  public static final long NO_DEADLINE = Long.MAX_VALUE;

  private static final String LIMIT_PROPERTY = "org.zennit4j.shutdownSeconds";
  private static final long DEFAULT_LIMIT_S = 60;
  private static final Set<NativeWork> RUNNING = ConcurrentHashMap.newKeySet();

  private static volatile boolean ending;

  private final Thread owner;
  private final long deadline;

  private NativeWork(Thread owner, long deadline) {
    this.owner = owner;
    this.deadline = deadline;
  }

  /**
   * Begins work in this thread.
   *
   * @param deadline the value of {@link System#nanoTime()} at which it has to stop, or {@link
   *     #NO_DEADLINE}
   * @return the work, to be closed in any case
   * @throws CancelledException if the process is ending
   */
  public static NativeWork begin(long deadline) {
    NativeWork work = new NativeWork(Thread.currentThread(), deadline);
    RUNNING.add(work);
    if (ending) {
      // Either the hook sees this work and waits, or it is refused here.
      RUNNING.remove(work);
      throw new CancelledException("the process is ending");
    }
    return work;
  }

  /**
   * Begins work without a time limit.
   *
   * @return the work, to be closed in any case
   * @throws CancelledException if the process is ending
   */
  public static NativeWork begin() {
    return begin(NO_DEADLINE);
  }

  /**
   * Fails if this work has to stop.
   *
   * @throws CancelledException if the process is ending, the thread that began the work was
   *     interrupted (it stays marked), or the time is over
   */
  public void check() {
    checkEnding();
    if (owner.isInterrupted()) {
      throw new CancelledException("the thread was interrupted");
    }
    if (deadline != NO_DEADLINE && System.nanoTime() - deadline > 0) {
      throw new CancelledException("the time limit is over");
    }
  }

  /**
   * Fails if the process is ending.
   *
   * @throws CancelledException if so
   */
  public static void checkEnding() {
    if (ending) {
      throw new CancelledException("the process is ending");
    }
  }

  /**
   * Lets all work stop at its next operator and waits for it, at most the seconds of the property
   * {@code org.zennit4j.shutdownSeconds} (60).
   */
  public static void awaitEnd() {
    ending = true;
    long limit = TimeUnit.SECONDS.toNanos(Long.getLong(LIMIT_PROPERTY, DEFAULT_LIMIT_S));
    long start = System.nanoTime();
    try {
      while (RUNNING.stream().anyMatch(NativeWork::mayBeInNativeCode)
          && System.nanoTime() - start < limit) {
        TimeUnit.MILLISECONDS.sleep(1);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /**
   * A thread that waits for something in Java cannot go back to native code before the end; so does
   * one that called {@link System#exit} itself, in a listener or a rule.
   */
  private boolean mayBeInNativeCode() {
    return owner.getState() == Thread.State.RUNNABLE;
  }

  @Override
  public void close() {
    RUNNING.remove(this);
  }
}
