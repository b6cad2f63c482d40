/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.metrics;

import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.zennit4j.registry.Argument;
import org.zennit4j.registry.Argument.Kind;
import org.zennit4j.registry.Entry;

/**
 * Completeness: how far the sum of the map is from the difference of the scores of input and
 * baseline, as an absolute value. M. Sundararajan et al., Axiomatic attribution for deep networks,
 * 2017. Quantus asks whether both are the same float, which they never are in practice.
 *
 * @param baseline where nothing is there
 * @param relative whether the gap is divided by the difference of the scores
 * @param score what is measured
 */
public record Completeness(Fill baseline, boolean relative, Score score) implements Metric {
  private static final String NAME = "completeness";

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public Map<String, Object> arguments() {
    return new Arguments()
        .with("baseline", baseline.argument())
        .with("relative", relative)
        .with("score", score)
        .map();
  }

  @Override
  public Direction direction() {
    return Direction.LOWER;
  }

  @Override
  public Result evaluate(Subject subject) {
    try (PointerScope scope = new PointerScope()) {
      Tensor x = subject.inputs().detach();
      Tensor classes = subject.classTensor();
      double[] sums = Numbers.doubles(subject.flatMaps().sum(1));
      double[] there = Numbers.doubles(score.of(subject.scorer().score(x), classes));
      double[] without =
          Numbers.doubles(
              score.of(subject.scorer().score(baseline.values(x, 0).contiguous()), classes));
      double[] values = new double[sums.length];
      for (int i = 0; i < values.length; i++) {
        double difference = there[i] - without[i];
        double gap = Math.abs(sums[i] - difference);
        values[i] = relative ? gap / Math.abs(difference) : gap;
      }
      return Result.of(values);
    }
  }

  static Entry<Metric> entry() {
    return Entry.of(
        NAME,
        Completeness.class,
        "gap between the sum of the map and the difference of the scores",
        v ->
            new Completeness(
                Fill.of(v.get("baseline", Object.class)),
                v.flag("relative"),
                v.choice("score", Score.class)),
        Arguments.baseline(0.0),
        Argument.of("relative", Kind.FLAG, false),
        Arguments.choice("score", Score.LOGIT));
  }
}
