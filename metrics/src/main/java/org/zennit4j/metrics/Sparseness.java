/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.metrics;

import java.util.Arrays;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.zennit4j.registry.Argument;
import org.zennit4j.registry.Argument.Kind;
import org.zennit4j.registry.Entry;

/**
 * Sparseness: the Gini index of the absolute relevance, summed over channels: 0 for equal pixels,
 * near 1 if one has it all.
 *
 * <p>P. Chalasani et al., Concise explanations of neural networks using adversarial training, 2020.
 * Quantus divides by the largest absolute value of the whole batch and adds 1e-7 to each pixel,
 * which makes weak maps less sparse ({@code quantus}).
 *
 * @param quantus whether to do so too
 */
public record Sparseness(boolean quantus) implements Metric {
  private static final String NAME = "sparseness";

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public Map<String, Object> arguments() {
    return new Arguments().with("quantus", quantus).map();
  }

  @Override
  public Direction direction() {
    return Direction.HIGHER;
  }

  @Override
  public Result evaluate(Subject subject) {
    double[][] rows = absolute(subject);
    double largest = quantus ? largest(rows) : 1;
    double[] values = new double[rows.length];
    for (int i = 0; i < rows.length; i++) {
      double[] row = rows[i];
      for (int k = 0; k < row.length; k++) {
        row[k] = quantus ? row[k] / largest + 1e-7 : row[k];
      }
      values[i] = gini(row);
    }
    return Result.of(values);
  }

  /** The absolute relevance of each position. */
  static double[][] absolute(Subject subject) {
    double[] all;
    try (PointerScope scope = new PointerScope()) {
      Tensor flat = subject.flatMaps().abs();
      all = Numbers.doubles(flat);
    }
    int width = all.length / subject.size();
    double[][] rows = new double[subject.size()][];
    for (int i = 0; i < rows.length; i++) {
      rows[i] = Arrays.copyOfRange(all, i * width, (i + 1) * width);
    }
    return rows;
  }

  static double largest(double[][] rows) {
    double largest =
        Arrays.stream(rows).mapToDouble(r -> Arrays.stream(r).max().orElse(0)).max().orElse(0);
    return largest == 0 ? 1 : largest;
  }

  private static double gini(double[] row) {
    double[] sorted = row.clone();
    Arrays.sort(sorted);
    double weighted = 0;
    double sum = 0;
    int n = sorted.length;
    for (int k = 0; k < n; k++) {
      weighted += (2.0 * (k + 1) - n - 1) * sorted[k];
      sum += sorted[k];
    }
    return sum == 0 ? Double.NaN : weighted / (n * sum);
  }

  static Entry<Metric> entry() {
    return Entry.of(
        NAME,
        Sparseness.class,
        "Gini index of the absolute relevance",
        v -> new Sparseness(v.flag("quantus")),
        Argument.of("quantus", Kind.FLAG, false));
  }
}
