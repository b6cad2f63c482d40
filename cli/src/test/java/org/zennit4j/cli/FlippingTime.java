/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.cli;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.zennit4j.metrics.Metric;
import org.zennit4j.metrics.Metrics;
import org.zennit4j.metrics.Scorer;
import org.zennit4j.metrics.Subject;
import org.zennit4j.model.ScriptModel;
import org.zennit4j.requests.Npz;

/**
 * How long pixel flipping takes beside the bare forward passes that it needs: 200 pictures of 28 x
 * 28 in 49 patches of 4 x 4, 50 passes for each picture. A program, not a test: times depend on
 * what else the machine does. The forward passes have the same batches. Both take turns; the ratio
 * is the median of the rounds', and that of what pixel flipping takes to what it takes but for its
 * own forward passes is told besides: a busy machine disturbs it least.
 */
final class FlippingTime {
  private static final int BATCH = 256;
  private static final int POINTS = 50;

  private FlippingTime() {}

  public static void main(String[] args) {
    Path models = Path.of(args.length > 0 ? args[0] : "examples/models");
    int rounds = args.length > 1 ? Integer.parseInt(args[1]) : 7;
    Metric metric =
        Metrics.registry()
            .get("pixel_flipping")
            .create(Map.of("unit", "patch", "patch", 4, "step", 1, "batch_size", BATCH));
    try (PointerScope scope = new PointerScope();
        ScriptModel model = ScriptModel.load(models.resolve("fashion_cnn.pt"));
        Npz npz = Npz.open(models.resolve("fashion_test_200.npz"))) {
      Tensor x =
          npz.get("images").toTensor().to(ScalarType.Float).div(new Scalar(255)).contiguous();
      int n = (int) x.size(0);
      int[] classes = new int[n];
      long[] within = new long[1];
      Scorer plain = Scorer.of(model);
      Scorer timed =
          inputs -> {
            long from = System.nanoTime();
            Tensor scores = plain.score(inputs);
            within[0] += System.nanoTime() - from;
            return scores;
          };
      // Each pixel's own value as its relevance: the order does not change the time.
      Subject subject = Subject.of(timed, x, classes, x);
      int perBatch = BATCH / POINTS;
      Tensor rows = x.narrow(0, 0, perBatch).repeat(POINTS, 1, 1, 1);
      double[] ratios = new double[rounds];
      double[] own = new double[rounds];
      double[] seconds = new double[rounds];
      metric.evaluate(subject);
      for (int round = 0; round < rounds; round++) {
        within[0] = 0;
        long start = System.nanoTime();
        metric.evaluate(subject);
        long between = System.nanoTime();
        for (int from = 0; from < n; from += perBatch) {
          try (PointerScope inner = new PointerScope()) {
            model.run(rows);
          }
        }
        long end = System.nanoTime();
        ratios[round] = (double) (between - start) / (end - between);
        own[round] = (double) (between - start) / within[0];
        seconds[round] = (between - start) / 1e9;
      }
      System.out.printf(
          Locale.ROOT,
          "threads %d: pixel flipping %.3f s with %d forward passes; %.3f of bare ones, %.3f of its own%n",
          torch.get_num_threads(),
          median(seconds),
          n * POINTS,
          median(ratios),
          median(own));
    }
  }

  private static double median(double... values) {
    Arrays.sort(values);
    return values[values.length / 2];
  }
}
