/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.metrics;

/**
 * A quantity along a path, for each sample: scores while features vanish, for instance. Immutable.
 */
public final class Curve {
  private final String name;
  private final double[] positions;
  private final double[][] values;

  private Curve(String name, double[] positions, double[][] values) {
    this.name = name;
    this.positions = positions;
    this.values = values;
  }

  /**
   * Makes a curve.
   *
   * @param name such as {@code most_relevant_first}
   * @param positions ascending, such as shares of the features from 0 to 1
   * @param values one row for each sample, as long as the positions
   * @return the curve
   */
  public static Curve of(String name, double[] positions, double[][] values) {
    return new Curve(name, positions.clone(), copy(values));
  }

  private static double[][] copy(double[][] values) {
    double[][] copy = new double[values.length][];
    for (int i = 0; i < values.length; i++) {
      copy[i] = values[i].clone();
    }
    return copy;
  }

  /**
   * The name.
   *
   * @return such as {@code most_relevant_first}
   */
  public String name() {
    return name;
  }

  /**
   * Where the values belong.
   *
   * @return a copy
   */
  public double[] positions() {
    return positions.clone();
  }

  /**
   * The values.
   *
   * @return a copy, one row for each sample
   */
  public double[][] values() {
    return copy(values);
  }

  /**
   * The mean over the samples.
   *
   * @return as long as the positions
   */
  public double[] mean() {
    double[] mean = new double[positions.length];
    for (int k = 0; k < mean.length; k++) {
      double sum = 0;
      for (double[] row : values) {
        sum += row[k];
      }
      mean[k] = sum / values.length;
    }
    return mean;
  }

  /** The area by the trapezoidal rule, for each sample. */
  double[] areas() {
    double[] areas = new double[values.length];
    for (int i = 0; i < areas.length; i++) {
      for (int k = 1; k < positions.length; k++) {
        areas[i] += (positions[k] - positions[k - 1]) * (values[i][k] + values[i][k - 1]) / 2;
      }
    }
    return areas;
  }

  /** The area with steps of one and without the first point, for each sample. */
  double[] areasOfSteps() {
    double[] areas = new double[values.length];
    for (int i = 0; i < areas.length; i++) {
      for (int k = 2; k < positions.length; k++) {
        areas[i] += (values[i][k] + values[i][k - 1]) / 2;
      }
    }
    return areas;
  }
}
