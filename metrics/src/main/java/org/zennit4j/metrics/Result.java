/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.metrics;

import java.util.Arrays;
import java.util.List;

/** What a metric found: one value for each sample, and perhaps curves. Immutable. */
public final class Result {
  private final double[] values;
  private final List<Curve> curves;

  private Result(double[] values, List<Curve> curves) {
    this.values = values;
    this.curves = List.copyOf(curves);
  }

  /**
   * Makes a result.
   *
   * @param values one for each sample; NaN where there is none
   * @param curves what the values were made of, perhaps nothing
   * @return the result
   */
  public static Result of(double[] values, Curve... curves) {
    return new Result(values.clone(), List.of(curves));
  }

  /**
   * The values.
   *
   * @return one for each sample; NaN where there is none
   */
  public double[] values() {
    return values.clone();
  }

  /**
   * The median of the values that are numbers.
   *
   * @return NaN if there is none
   */
  public double median() {
    return Bootstrap.median(values);
  }

  /**
   * The curves.
   *
   * @return perhaps none
   */
  public List<Curve> curves() {
    return curves;
  }

  @Override
  public String toString() {
    return Arrays.toString(values);
  }
}
