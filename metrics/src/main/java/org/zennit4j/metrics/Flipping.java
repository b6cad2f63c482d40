/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.metrics;

import java.util.stream.LongStream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.GeneratorOptional;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** Scores while features vanish (or come back) in an order, many samples and steps at once. */
final class Flipping {
  private final Subject subject;
  private final Features features;
  private final Fill fill;
  private final Score score;
  private final int step;
  private final int batchSize;
  private final long seed;

  Flipping(
      Subject subject,
      Features features,
      Fill fill,
      Score score,
      int step,
      int batchSize,
      long seed) {
    this.subject = subject;
    this.features = features;
    this.fill = fill;
    this.score = score;
    this.step = step;
    this.batchSize = batchSize;
    this.seed = seed;
  }

  private int points() {
    return (features.most() + step - 1) / step + 1;
  }

  /**
   * Runs.
   *
   * @param ascending the least relevant first
   * @param insert features come back instead of vanishing
   */
  Curve run(String name, boolean ascending, boolean insert) {
    int n = subject.size();
    int points = points();
    double[][] values = new double[n][points];
    double[] positions = new double[points];
    for (int k = 0; k < points; k++) {
      positions[k] = Math.min((double) k * step / features.most(), 1);
    }
    try (PointerScope scope = new PointerScope()) {
      Tensor ranks = features.shaped(features.ranks(ascending));
      Tensor classes = subject.classTensor();
      GeneratorOptional noise = Numbers.generator(seed);
      int samples = Math.max(1, batchSize / points);
      for (int from = 0; from < n; from += samples) {
        int count = Math.min(samples, n - from);
        int steps = Math.min(points, Math.max(1, batchSize / count));
        for (int first = 0; first < points; first += steps) {
          int now = Math.min(steps, points - first);
          try (PointerScope inner = new PointerScope()) {
            double[] found =
                chunk(
                    subject.inputs().narrow(0, from, count),
                    ranks.narrow(0, from, count),
                    classes.narrow(0, from, count),
                    new int[] {first, now},
                    insert,
                    noise);
            for (int i = 0; i < count; i++) {
              System.arraycopy(found, i * now, values[from + i], first, now);
            }
          }
        }
      }
    }
    return Curve.of(name, positions, values);
  }

  private double[] chunk(
      Tensor inputs,
      Tensor ranks,
      Tensor classes,
      int[] steps,
      boolean insert,
      GeneratorOptional noise) {
    long count = inputs.size(0);
    int now = steps[1];
    Tensor x = inputs.detach();
    long[] one = LongStream.range(0, ranks.dim() + 1).map(axis -> 1).toArray();
    one[1] = now;
    Tensor thresholds =
        torch
            .arange(new Scalar(steps[0]), new Scalar(steps[0] + now))
            .to(x.device(), ScalarType.Long)
            .mul(new Scalar(step))
            .view(one);
    Tensor changed = ranks.unsqueeze(1).lt(thresholds);
    long[] wide = new long[(int) x.dim() + 1];
    wide[0] = count;
    wide[1] = now;
    System.arraycopy(x.shape(), 1, wide, 2, wide.length - 2);
    long[] rowShape = x.shape();
    rowShape[0] = count * now;
    Tensor rows;
    if (fill.dependsOnRest()) {
      Tensor removed = insert ? changed.logical_not() : changed;
      long[] maskShape = ranks.shape();
      maskShape[0] = count * now;
      rows =
          Fill.imputed(
              x.unsqueeze(1).expand(wide).reshape(rowShape), removed.reshape(maskShape), noise);
    } else {
      Tensor base = fill.values(x, seed).unsqueeze(1);
      Tensor there = x.unsqueeze(1);
      Tensor mixed = insert ? torch.where(changed, there, base) : torch.where(changed, base, there);
      rows = mixed.reshape(rowShape);
    }
    Tensor wanted = classes.unsqueeze(1).expand(count, now).reshape(count * now);
    return Numbers.doubles(score.of(subject.scorer().score(rows), wanted));
  }
}
