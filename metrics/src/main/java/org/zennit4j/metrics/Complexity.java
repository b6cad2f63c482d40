/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.metrics;

import java.util.Arrays;
import org.zennit4j.registry.Entry;

/**
 * Complexity: the entropy, in nats, of the shares of the absolute relevance that the pixels have.
 * U. Bhatt et al., Evaluating and aggregating feature-based model explanations, 2020; as Quantus.
 */
public record Complexity() implements Metric {
  private static final String NAME = "complexity";

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public Direction direction() {
    return Direction.LOWER;
  }

  @Override
  public Result evaluate(Subject subject) {
    double[][] rows = Sparseness.absolute(subject);
    double[] values = new double[rows.length];
    for (int i = 0; i < rows.length; i++) {
      double sum = Arrays.stream(rows[i]).sum();
      for (double a : rows[i]) {
        double share = a / sum;
        values[i] -= share > 0 ? share * Math.log(share) : 0;
      }
      values[i] = sum == 0 ? Double.NaN : values[i];
    }
    return Result.of(values);
  }

  static Entry<Metric> entry() {
    return Entry.of(
        NAME, Complexity.class, "entropy of the absolute relevance", v -> new Complexity());
  }
}
