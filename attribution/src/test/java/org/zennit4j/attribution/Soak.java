/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.attribution;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.stream.Stream;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.JitModule;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.zennit4j.bindings.CancelledException;
import org.zennit4j.bindings.ClosedException;
import org.zennit4j.bindings.Dtype;
import org.zennit4j.bindings.LoadOptions;
import org.zennit4j.bindings.ShapeException;
import org.zennit4j.bindings.Zennit4jException;
import org.zennit4j.composites.Canonizers;
import org.zennit4j.composites.Composite;
import org.zennit4j.composites.CompositeRegistry;
import org.zennit4j.composites.Plan;
import org.zennit4j.model.ScriptModel;
import org.zennit4j.rules.Bound;
import org.zennit4j.testing.ModelBuilder;
import org.zennit4j.testing.ModelBuilder.Conv;
import org.zennit4j.testing.SeededWeights;

/**
 * Lets threads explain random networks in random ways for a while: with exceptions, cancellations,
 * interrupts, time limits and closes in the middle. At the end, resident memory, native objects and
 * open files are what they were early on.
 *
 * <pre>
 * mvn test -pl attribution -am -Dtest=SoakTests -Dsurefire.failIfNoSpecifiedTests=false -Dsoak.seconds=1200
 * </pre>
 */
public final class Soak {
  /** Memory that a process of many threads may need more, for caches of allocators. */
  private static final long SLACK_MB = 64;

  private static final int NETWORKS = 16;

  /** What one turn does. */
  private enum Turn {
    EXPLAIN,
    EXPLAIN_AGAIN,
    LEFT_TO_THE_SCOPE,
    BAD_SHAPE,
    THROWING_LISTENER,
    CANCELLED,
    INTERRUPTED,
    TIME_LIMIT,
    CLOSED_IN_USE,
    POOL
  }

  private record Usage(long residentMb, long pointers, long files) {
    static Usage now() throws Exception {
      for (int i = 0; i < 5; i++) {
        System.gc();
        TimeUnit.MILLISECONDS.sleep(100);
      }
      String[] pages = Files.readString(Path.of("/proc/self/statm")).split(" ", -1);
      try (Stream<Path> open = Files.list(Path.of("/proc/self/fd"))) {
        return new Usage(
            Long.parseLong(pages[1]) * 4096 / 1_000_000, Pointer.totalCount(), open.count());
      }
    }
  }

  private final List<Path> networks = new ArrayList<>();
  private final Map<Turn, Integer> turns = new EnumMap<>(Turn.class);
  private final AtomicReference<Throwable> failure = new AtomicReference<>();
  private final ReentrantReadWriteLock pause = new ReentrantReadWriteLock(/* fair= */ true);
  private final List<String> composites = CompositeRegistry.standard().names();
  private volatile boolean over;

  private Soak() {}

  /**
   * Runs.
   *
   * @param arguments seconds, threads, seed, a folder for files
   */
  public static void main(String[] arguments) throws Exception {
    long seconds = Long.parseLong(arguments[0]);
    int threads = Integer.parseInt(arguments[1]);
    long seed = Long.parseLong(arguments[2]);
    new Soak().run(seconds, threads, seed, Path.of(arguments[3]));
  }

  private void run(long seconds, int threads, long seed, Path folder) throws Exception {
    makeNetworks(new Random(seed), folder);
    List<Thread> running = new ArrayList<>();
    for (int i = 0; i < threads; i++) {
      Random random = new Random(seed + 1 + i);
      Thread thread = new Thread(() -> loop(random), "soak-" + i);
      running.add(thread);
      thread.start();
    }
    // All kinds of turns have run by then, and caches are full.
    long early = Math.min(60, seconds / 2);
    rest(early);
    Usage first = measured();
    System.out.println("after " + early + " s: " + first + ", turns " + turns);
    rest(seconds - early);
    over = true;
    for (Thread thread : running) {
      thread.join();
    }
    Usage last = Usage.now();
    System.out.println("after " + seconds + " s: " + last + ", turns " + turns);
    if (failure.get() != null) {
      throw new AssertionError("a turn failed", failure.get());
    }
    boolean even =
        last.pointers() <= first.pointers()
            && last.files() <= first.files() + 2
            && last.residentMb() <= first.residentMb() * 1.1 + SLACK_MB;
    if (!even || turns.size() < Turn.values().length) {
      throw new AssertionError("before: " + first + ", after: " + last + ", turns " + turns);
    }
    System.out.println("soak: even");
  }

  private void rest(long seconds) throws InterruptedException {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds);
    while (System.nanoTime() < end && failure.get() == null) {
      TimeUnit.MILLISECONDS.sleep(50);
    }
  }

  /** Waits until no thread is inside a turn. */
  private Usage measured() throws Exception {
    pause.writeLock().lock();
    try {
      return Usage.now();
    } finally {
      pause.writeLock().unlock();
    }
  }

  private void makeNetworks(Random random, Path folder) throws IOException {
    for (int i = 0; i < NETWORKS; i++) {
      try (PointerScope scope = new PointerScope()) {
        ModelBuilder b = new ModelBuilder(ScalarType.Float, random.nextInt(1000));
        Path file = folder.resolve("net" + i + ".pt");
        networks.add(ModelBuilder.save(network(b, random), file));
      }
    }
  }

  /** For inputs of shape (batch, 2, 12, 12); three classes. */
  private static JitModule network(ModelBuilder b, Random random) {
    List<JitModule> layers = new ArrayList<>();
    int channels = 2;
    for (int i = random.nextInt(3); i >= 0; i--) {
      int next = 2 + 2 * random.nextInt(4);
      if (random.nextBoolean()) {
        layers.add(b.conv(2, channels, next, 3, Conv.PLAIN.withPadding(1)));
      } else {
        layers.add(b.convTranspose(2, channels, next, 3, Conv.PLAIN.withPadding(1)));
      }
      if (random.nextBoolean()) {
        layers.add(b.batchNorm(2, next));
      }
      layers.add(random.nextBoolean() ? b.relu() : b.reluInPlace());
      if (random.nextBoolean()) {
        layers.add(b.module("nets.Block", block(b, next), BLOCK));
      }
      channels = next;
    }
    layers.add(random.nextBoolean() ? b.maxPool(2, 2, 2) : b.avgPool(2, 2, 2));
    layers.add(b.adaptiveAvgPool(2, 2));
    layers.add(b.flatten());
    layers.add(b.linear(4L * channels, 8));
    layers.add(b.relu());
    layers.add(b.linear(8, 3));
    return b.sequential(layers.toArray(JitModule[]::new));
  }

  private static final String BLOCK =
      """
      def forward(self, x):
          return torch.relu(self.bn.forward(self.conv.forward(x)) + x)
      """;

  private static Map<String, JitModule> block(ModelBuilder b, int channels) {
    Map<String, JitModule> children = new LinkedHashMap<>();
    children.put("conv", b.conv(2, channels, channels, 3, Conv.PLAIN.withPadding(1)));
    children.put("bn", b.batchNorm(2, channels));
    return children;
  }

  private void loop(Random random) {
    while (!over && failure.get() == null) {
      Turn turn = Turn.values()[random.nextInt(Turn.values().length)];
      pause.readLock().lock();
      try (PointerScope scope = new PointerScope()) {
        take(turn, random);
        synchronized (turns) {
          turns.merge(turn, 1, Integer::sum);
        }
      } catch (Throwable e) {
        failure.compareAndSet(null, new AssertionError(turn.toString(), e));
      } finally {
        pause.readLock().unlock();
      }
    }
  }

  private Composite composite(Random random) {
    String name = composites.get(random.nextInt(composites.size()));
    Map<String, Object> arguments =
        name.contains("box") ? Map.of("low", Bound.of(-4), "high", Bound.of(4)) : Map.of();
    Composite composite = CompositeRegistry.standard().create(name, arguments);
    return random.nextBoolean()
        ? composite.withCanonizers(Canonizers.mergeBatchNorm(), Canonizers.residualSum())
        : composite;
  }

  private static Attributor attributor(Plan plan, Random random) {
    return switch (random.nextInt(4)) {
      case 0 -> new SmoothGrad(plan, SmoothGrad.Settings.defaults().withNIter(3));
      case 1 -> new IntegratedGradients(plan, IntegratedGradients.Settings.defaults().withNIter(3));
      case 2 ->
          new Occlusion(
              plan, Occlusion.Settings.defaults().withWindow(6).withStride(6).withBatchSize(2));
      default -> new Gradient(plan);
    };
  }

  private void take(Turn turn, Random random) throws InterruptedException {
    Dtype dtype = random.nextBoolean() ? Dtype.FLOAT32 : Dtype.FLOAT64;
    Path file = networks.get(random.nextInt(NETWORKS));
    try (ScriptModel model = ScriptModel.load(file, LoadOptions.defaults().withDtype(dtype));
        Plan plan = Plan.of(model, composite(random));
        Attributor attributor = attributor(plan, random)) {
      int batch = 1 + random.nextInt(4);
      Tensor x = SeededWeights.normal(random.nextInt(), model.dtype(), batch, 2, 12, 12);
      AttributionOptions options = AttributionOptions.defaults();
      switch (turn) {
        case EXPLAIN -> attribute(attributor, x, options).close();
        case EXPLAIN_AGAIN -> {
          for (int i = 0; i < 3; i++) {
            attribute(attributor, x, options.withCheckFinite(i == 1)).close();
          }
        }
        case LEFT_TO_THE_SCOPE -> attribute(attributor, x, options);
        case BAD_SHAPE ->
            refused(ShapeException.class, attributor, x.flatten(1, -1).unsqueeze(0), options);
        case THROWING_LISTENER -> {
          RuntimeException own = new IllegalStateException("a listener of one's own");
          AttributionOptions throwing =
              options.withListener(
                  (done, total) -> {
                    throw own;
                  });
          refused(IllegalStateException.class, attributor, x, throwing);
        }
        case CANCELLED ->
            refused(
                CancelledException.class,
                attributor,
                x,
                options.withListener((done, total) -> false));
        case INTERRUPTED -> {
          Thread.currentThread().interrupt();
          refused(CancelledException.class, attributor, x, options);
          if (!Thread.interrupted()) {
            throw new AssertionError("the mark of the interrupt was lost");
          }
        }
        case TIME_LIMIT ->
            refused(
                CancelledException.class,
                attributor,
                x,
                options.withTimeLimit(Duration.ofNanos(1)));
        case CLOSED_IN_USE -> closeInUse(model, random, x);
        case POOL -> {
          try (PlanPool pool = PlanPool.of(model, composite(random), List.of("cpu", "cpu"), 1)) {
            pool.call(
                one -> {
                  attribute(attributor(one, random), x, options).close();
                  return null;
                });
          }
        }
      }
    }
  }

  private static Attribution attribute(
      Attributor attributor, Tensor x, AttributionOptions options) {
    Attribution attribution = attributor.attribute(List.of(x), Target.top1(), options);
    if (attribution.relevance().numel() != x.numel()) {
      throw new AssertionError("relevance of another shape");
    }
    return attribution;
  }

  private static void refused(
      Class<? extends RuntimeException> kind,
      Attributor attributor,
      Tensor x,
      AttributionOptions options) {
    try {
      attributor.attribute(List.of(x), Target.top1(), options).close();
    } catch (RuntimeException e) {
      boolean right = kind.isInstance(e) || kind.isInstance(e.getCause());
      if (!right && !(kind == ShapeException.class && e instanceof Zennit4jException)) {
        throw new AssertionError("not a " + kind.getSimpleName(), e);
      }
      return;
    }
    throw new AssertionError("no " + kind.getSimpleName());
  }

  /** Another thread uses a plan that this one closes. */
  private void closeInUse(ScriptModel model, Random random, Tensor x) throws InterruptedException {
    Plan shared = Plan.of(model, composite(random));
    AtomicReference<Throwable> unexpected = new AtomicReference<>();
    Thread user =
        new Thread(
            () -> {
              try (PointerScope scope = new PointerScope()) {
                while (true) {
                  new Gradient(shared).attribute(x).close();
                }
              } catch (ClosedException e) {
                // As it should be.
              } catch (Throwable e) {
                unexpected.set(e);
              }
            });
    user.start();
    TimeUnit.MILLISECONDS.sleep(random.nextInt(20));
    shared.close();
    user.join();
    if (unexpected.get() != null) {
      throw new AssertionError("closed in use", unexpected.get());
    }
  }
}
