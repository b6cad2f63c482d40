/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.metrics;

import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.zennit4j.attribution.Segments;
import org.zennit4j.registry.Argument;
import org.zennit4j.registry.Argument.Kind;
import org.zennit4j.registry.Entry;

/**
 * Iterative removal of features: segments go in the order of their mean relevance, and the value is
 * the area over the curve of the score relative to the untouched input's, which is cut to [0, 1].
 *
 * <p>L. Rieger and L. Hansen, IROF, 2020. Segments are the subject's or found by {@link
 * Segments#slic}; Quantus leaves the untouched input out and counts steps as 1 ({@code auc}
 * quantus), and does not cut.
 *
 * @param segments about how many segments are sought
 * @param baseline what they get
 * @param auc how the area is taken
 * @param batchSize how many changed inputs run at once
 * @param seed of random baselines
 */
public record Irof(int segments, Fill baseline, PixelFlipping.Area auc, int batchSize, long seed)
    implements Metric {
  private static final String NAME = "irof";

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public Map<String, Object> arguments() {
    return new Arguments()
        .with("segments", segments)
        .with("baseline", baseline.argument())
        .with("auc", auc)
        .with("batch_size", batchSize)
        .with("seed", seed)
        .map();
  }

  @Override
  public Direction direction() {
    return Direction.HIGHER;
  }

  @Override
  public Result evaluate(Subject subject) {
    try (PointerScope scope = new PointerScope()) {
      Tensor found =
          subject.segments().orElseGet(() -> Segments.slic(subject.inputs(), segments, 10));
      Subject cut = subject.withSegments(found.to(subject.inputs().device(), found.scalar_type()));
      Features features = Features.of(Unit.SEGMENT, 1, cut);
      Curve scores =
          new Flipping(cut, features, baseline, Score.PROBABILITY, 1, batchSize, seed)
              .run("score", false, false);
      double[][] shares = scores.values();
      for (double[] row : shares) {
        double whole = row[0];
        for (int k = 0; k < row.length; k++) {
          row[k] /= whole;
          if (auc == PixelFlipping.Area.SHARE) {
            row[k] = Math.min(1, Math.max(0, row[k]));
          }
        }
      }
      Curve curve = Curve.of("share_of_score", scores.positions(), shares);
      return Result.of(above(shares, features.counts()), curve);
    }
  }

  /** Each sample has its own number of segments. */
  private double[] above(double[][] shares, int[] counts) {
    double[] values = new double[shares.length];
    for (int i = 0; i < values.length; i++) {
      boolean quantus = auc == PixelFlipping.Area.QUANTUS;
      double area = 0;
      for (int k = quantus ? 2 : 1; k <= counts[i]; k++) {
        area += (shares[i][k] + shares[i][k - 1]) / 2;
      }
      values[i] = quantus ? counts[i] - area : 1 - area / counts[i];
    }
    return values;
  }

  static Entry<Metric> entry() {
    return Entry.of(
        NAME,
        Irof.class,
        "area over the relative score while the most relevant segments vanish",
        v ->
            new Irof(
                v.whole("segments"),
                Fill.of(v.get("baseline", Object.class)),
                v.choice("auc", PixelFlipping.Area.class),
                v.whole("batch_size"),
                v.get("seed", Long.class)),
        Argument.of("segments", Kind.COUNT, 64),
        Arguments.baseline("channel_mean"),
        Arguments.choice("auc", PixelFlipping.Area.SHARE),
        Arguments.BATCH_SIZE,
        Arguments.SEED);
  }
}
