/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.examples;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.zennit4j.attribution.Attribution;
import org.zennit4j.attribution.AttributionOptions;
import org.zennit4j.attribution.ClassProbability;
import org.zennit4j.attribution.Gradient;
import org.zennit4j.attribution.Target;
import org.zennit4j.bindings.CancelledException;
import org.zennit4j.bindings.LibTorch;
import org.zennit4j.composites.Canonizers;
import org.zennit4j.composites.Composites;
import org.zennit4j.composites.Plan;
import org.zennit4j.images.Heatmap;
import org.zennit4j.images.ImageException;
import org.zennit4j.images.Preprocessing;
import org.zennit4j.images.RgbImage;
import org.zennit4j.model.ScriptModel;

/**
 * What stands behind an endpoint: bytes of a picture in, classes and a heatmap out. Made once, used
 * by all threads.
 */
public final class ExplainService implements AutoCloseable {
  /** What a caller gets; nothing native is in it. */
  static final class Explanation {
    final List<ClassProbability> classes;
    final byte[] png;
    final float[] relevance;

    Explanation(List<ClassProbability> classes, byte[] png, float[] relevance) {
      this.classes = classes;
      this.png = png;
      this.relevance = relevance;
    }
  }

  private final Preprocessing preprocessing = Preprocessing.EFFICIENTNET_LITE0;
  private final ScriptModel model;
  private final Plan plan;
  private final Gradient gradient;
  private final List<String> labels;
  private final ExecutorService pool;
  private final LongAdder done = new LongAdder();
  private final LongAdder refused = new LongAdder();
  private final LongAdder late = new LongAdder();
  private final AtomicLong nanos = new AtomicLong();

  ExplainService(Path file, List<String> labels, int threads) {
    LibTorch.load();
    this.labels = labels;
    this.model = ScriptModel.load(file);
    this.plan =
        Plan.of(
            model,
            Composites.epsilonPlusFlat()
                .withFunctional(true)
                .withCanonizers(Canonizers.mergeBatchNorm(), Canonizers.residualSum()));
    this.gradient = new Gradient(plan);
    this.pool = Executors.newFixedThreadPool(threads);
  }

  /** Explains in the calling thread. */
  Explanation explain(byte[] picture, Duration limit) {
    long start = System.nanoTime();
    AttributionOptions options =
        AttributionOptions.defaults().withTimeLimit(limit).withCheckFinite(true);
    // All tensors of the request are freed together; only Java values leave.
    try (PointerScope scope = new PointerScope()) {
      RgbImage photo = RgbImage.decode(picture);
      Tensor input = preprocessing.toTensor(photo);
      try (Attribution attribution = gradient.attribute(List.of(input), Target.top1(), options)) {
        Tensor map = attribution.relevance();
        float[] values = new float[(int) map.numel()];
        map.contiguous().data_ptr_float().get(values);
        byte[] png = Heatmap.of(map).overlay(preprocessing.photo(photo), 0.5).toPng();
        List<ClassProbability> classes =
            ClassProbability.top(attribution.output(), 3, labels).get(0);
        done.increment();
        return new Explanation(classes, png, values);
      }
    } catch (ImageException e) {
      refused.increment(); // the caller's fault: 400
      throw e;
    } catch (CancelledException e) {
      late.increment(); // too slow: 503
      throw e;
    } finally {
      nanos.addAndGet(System.nanoTime() - start);
    }
  }

  /** Explains in the pool; {@code cancel(true)} on the future stops it at the next operator. */
  Future<Explanation> submit(byte[] picture, Duration limit) {
    return pool.submit(() -> explain(picture, limit));
  }

  /** What a monitoring system asks for. */
  String metrics() {
    return String.format(
        Locale.ROOT,
        "explained %d, refused %d, late %d, seconds %.1f, native bytes %d, resident bytes %d",
        done.sum(),
        refused.sum(),
        late.sum(),
        nanos.get() / 1e9,
        Pointer.totalBytes(),
        Pointer.physicalBytes());
  }

  /** Waits for what runs, then frees plan and model. */
  @Override
  public void close() {
    pool.shutdownNow();
    gradient.close();
    plan.close();
    model.close();
  }

  /**
   * Sends one picture several times, and something that is none.
   *
   * @param args model, labels, picture
   * @throws Exception if a file cannot be read
   */
  public static void main(String[] args) throws Exception {
    List<String> labels = Files.readAllLines(Path.of(args[1]));
    byte[] picture = Files.readAllBytes(Path.of(args[2]));
    try (ExplainService service = new ExplainService(Path.of(args[0]), labels, 2)) {
      Future<Explanation> first = service.submit(picture, Duration.ofSeconds(30));
      Future<Explanation> second = service.submit(picture, Duration.ofSeconds(30));
      Future<Explanation> wrong = service.submit(new byte[] {1, 2, 3}, Duration.ofSeconds(30));
      Future<Explanation> hurried = service.submit(picture, Duration.ofNanos(1));
      for (ClassProbability c : first.get().classes) {
        System.out.printf(Locale.ROOT, "%.3f %s%n", c.probability(), c.label());
      }
      System.out.println(second.get().png.length + " bytes of PNG");
      for (Future<Explanation> failing : List.of(wrong, hurried)) {
        try {
          failing.get();
        } catch (ExecutionException e) {
          System.out.println(e.getCause().getClass().getSimpleName());
        }
      }
      System.out.println(service.metrics());
    }
  }
}
