/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.metrics;

import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.zennit4j.registry.Argument;
import org.zennit4j.registry.Argument.Kind;
import org.zennit4j.registry.Entry;

/**
 * Pixel flipping: features are set to a baseline in the order of their relevance, and the value is
 * the area under the curve of the scores.
 *
 * <p>S. Bach et al., On pixel-wise explanations, 2015; W. Samek et al., Evaluating the
 * visualization of what a deep neural network has learned, 2017; Y. Rong et al., 2022, for the
 * baseline {@code road}. The curve begins with the untouched input and ends with all features gone;
 * the area is that over shares of the features from 0 to 1. Quantus takes single elements of
 * channels ({@code unit} element), leaves the first point out and counts steps as 1 ({@code auc}
 * quantus).
 *
 * @param unit what is flipped at once
 * @param patch the side of a patch
 * @param step how many units go in one step; 0 for 50 steps
 * @param order which go first
 * @param baseline what they get
 * @param score what is measured
 * @param auc how the area is taken
 * @param batchSize how many changed inputs run at once
 * @param seed of random baselines
 */
public record PixelFlipping(
    Unit unit,
    int patch,
    int step,
    Order order,
    Fill baseline,
    Score score,
    Area auc,
    int batchSize,
    long seed)
    implements Metric {
  private static final String NAME = "pixel_flipping";
  static final int STEPS = 50;

  /** Which features go first. */
  public enum Order {
    /** MoRF: the score should fall at once. */
    MOST_RELEVANT_FIRST,
    /** LeRF: the score should stay. */
    LEAST_RELEVANT_FIRST,
    /** The area of least relevant first minus that of most relevant first. */
    DIFFERENCE
  }

  /** How the area under a curve is taken. */
  public enum Area {
    /** Trapezoids over shares of the features, from the untouched input on: 0 to 1. */
    SHARE,
    /** Quantus's: without the untouched input, steps of 1. */
    QUANTUS
  }

  /**
   * The defaults: patches of 4 x 4, most relevant first, black, the probability.
   *
   * @return the metric
   */
  public static PixelFlipping defaults() {
    return Arguments.standard(entry(), PixelFlipping.class);
  }

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public Map<String, Object> arguments() {
    return new Arguments()
        .with("unit", unit)
        .with("patch", patch)
        .with("step", step)
        .with("order", order)
        .with("baseline", baseline.argument())
        .with("score", score)
        .with("auc", auc)
        .with("batch_size", batchSize)
        .with("seed", seed)
        .map();
  }

  @Override
  public Direction direction() {
    return order == Order.MOST_RELEVANT_FIRST ? Direction.LOWER : Direction.HIGHER;
  }

  /** The steps that make about {@link #STEPS} of them, where none is given. */
  static int stepOf(int given, Features features) {
    return given > 0 ? given : Math.max(1, (features.most() + STEPS - 1) / STEPS);
  }

  static double[] areas(Curve curve, Area auc) {
    return auc == Area.SHARE ? curve.areas() : curve.areasOfSteps();
  }

  @Override
  public Result evaluate(Subject subject) {
    try (PointerScope scope = new PointerScope()) {
      Features features = Features.of(unit, patch, subject);
      Flipping flipping =
          new Flipping(subject, features, baseline, score, stepOf(step, features), batchSize, seed);
      if (order != Order.DIFFERENCE) {
        boolean ascending = order == Order.LEAST_RELEVANT_FIRST;
        Curve curve = flipping.run(Arguments.text(order), ascending, false);
        return Result.of(areas(curve, auc), curve);
      }
      Curve most = flipping.run(Arguments.text(Order.MOST_RELEVANT_FIRST), false, false);
      Curve least = flipping.run(Arguments.text(Order.LEAST_RELEVANT_FIRST), true, false);
      double[] values = areas(least, auc);
      double[] lower = areas(most, auc);
      for (int i = 0; i < values.length; i++) {
        values[i] -= lower[i];
      }
      return Result.of(values, most, least);
    }
  }

  static Entry<Metric> entry() {
    return Entry.of(
        NAME,
        PixelFlipping.class,
        "area under the score while the most relevant features vanish",
        v ->
            new PixelFlipping(
                v.choice("unit", Unit.class),
                v.whole("patch"),
                v.whole("step"),
                v.choice("order", Order.class),
                Fill.of(v.get("baseline", Object.class)),
                v.choice("score", Score.class),
                v.choice("auc", Area.class),
                v.whole("batch_size"),
                v.get("seed", Long.class)),
        Arguments.choice("unit", Unit.PATCH),
        Arguments.PATCH,
        Argument.of("step", Kind.INTEGER, 0),
        Arguments.choice("order", Order.MOST_RELEVANT_FIRST),
        Arguments.baseline("black"),
        Arguments.choice("score", Score.PROBABILITY),
        Arguments.choice("auc", Area.SHARE),
        Arguments.BATCH_SIZE,
        Arguments.SEED);
  }
}
