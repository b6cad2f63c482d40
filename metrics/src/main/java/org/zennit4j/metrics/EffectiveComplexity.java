/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.metrics;

import java.util.Arrays;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.zennit4j.registry.Argument;
import org.zennit4j.registry.Argument.Kind;
import org.zennit4j.registry.Entry;

/**
 * Effective complexity: how many features one needs. A. Nguyen and M. Martínez, On quantitative
 * aspects of model interpretability, 2020: the fewest most relevant units that keep the score
 * within a tolerance of the whole input's, the others being at the baseline (the paper averages
 * over samples of them; a random baseline gives one). Quantus counts the pixels whose absolute
 * relevance, divided by the largest of the whole batch, is above 1e-5 ({@code quantus}).
 *
 * @param quantus whether to count instead
 * @param tolerance the difference of the score that is allowed; with {@code quantus} the threshold
 * @param unit what is counted
 * @param patch the side of a patch
 * @param baseline what the other units get
 * @param batchSize how many changed inputs run at once
 * @param seed of random baselines
 */
public record EffectiveComplexity(
    boolean quantus,
    double tolerance,
    Unit unit,
    int patch,
    Fill baseline,
    int batchSize,
    long seed)
    implements Metric {
  private static final String NAME = "effective_complexity";

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public Map<String, Object> arguments() {
    return new Arguments()
        .with("quantus", quantus)
        .with("tolerance", tolerance)
        .with("unit", unit)
        .with("patch", patch)
        .with("baseline", baseline.argument())
        .with("batch_size", batchSize)
        .with("seed", seed)
        .map();
  }

  @Override
  public Direction direction() {
    return Direction.LOWER;
  }

  @Override
  public Result evaluate(Subject subject) {
    if (quantus) {
      double[][] rows = Sparseness.absolute(subject);
      double largest = Sparseness.largest(rows);
      return Result.of(
          Arrays.stream(rows)
              .mapToDouble(row -> Arrays.stream(row).filter(a -> a / largest > tolerance).count())
              .toArray());
    }
    try (PointerScope scope = new PointerScope()) {
      Features features = Features.of(unit, patch, subject);
      Curve curve =
          new Flipping(subject, features, baseline, Score.PROBABILITY, 1, batchSize, seed)
              .run("probability", false, true);
      double[][] rows = curve.values();
      double[] values = new double[rows.length];
      for (int i = 0; i < rows.length; i++) {
        double whole = rows[i][rows[i].length - 1];
        int needed = rows[i].length - 1;
        while (needed > 0 && Math.abs(rows[i][needed - 1] - whole) <= tolerance) {
          needed--;
        }
        values[i] = needed;
      }
      return Result.of(values, curve);
    }
  }

  static Entry<Metric> entry() {
    return Entry.of(
        NAME,
        EffectiveComplexity.class,
        "how many of the most relevant units keep the score",
        v ->
            new EffectiveComplexity(
                v.flag("quantus"),
                v.get("tolerance", Double.class) == null
                    ? (v.flag("quantus") ? 1e-5 : 0.1)
                    : v.number("tolerance"),
                v.choice("unit", Unit.class),
                v.whole("patch"),
                Fill.of(v.get("baseline", Object.class)),
                v.whole("batch_size"),
                v.get("seed", Long.class)),
        Argument.of("quantus", Kind.FLAG, false),
        Argument.of("tolerance", Kind.NUMBER, null),
        Arguments.choice("unit", Unit.PATCH),
        Arguments.PATCH,
        Arguments.baseline("black"),
        Arguments.BATCH_SIZE,
        Arguments.SEED);
  }
}
