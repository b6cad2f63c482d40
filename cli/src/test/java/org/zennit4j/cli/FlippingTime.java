/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.cli;

import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
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
 * what else the machine does. The forward passes have the same batches.
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
      // Each pixel's own value as its relevance: the order does not change the time.
      Subject subject = Subject.of(Scorer.of(model), x, classes, x);
      int perBatch = BATCH / POINTS;
      Tensor rows = x.narrow(0, 0, perBatch).repeat(POINTS, 1, 1, 1);
      double least = Double.POSITIVE_INFINITY;
      double bare = Double.POSITIVE_INFINITY;
      for (int round = 0; round < rounds; round++) {
        long start = System.nanoTime();
        metric.evaluate(subject);
        long between = System.nanoTime();
        for (int from = 0; from < n; from += perBatch) {
          try (PointerScope inner = new PointerScope()) {
            model.run(rows);
          }
        }
        long end = System.nanoTime();
        least = Math.min(least, (between - start) / 1e9);
        bare = Math.min(bare, (end - between) / 1e9);
      }
      System.out.printf(
          Locale.ROOT,
          "pixel flipping %.3f s, %d forward passes %.3f s, ratio %.3f%n",
          least,
          n * POINTS,
          bare,
          least / bare);
    }
  }
}
