/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.metrics;

import java.util.Arrays;
import java.util.Random;

/** Medians, and how far they can be trusted. */
public final class Bootstrap {
  /**
   * An interval.
   *
   * @param low its lower end
   * @param high its upper end
   */
  public record Interval(double low, double high) {}

  private Bootstrap() {}

  /**
   * The median of the values that are numbers.
   *
   * @param values in any order
   * @return the mean of the two in the middle if they are even in number; NaN if there is none
   */
  public static double median(double... values) {
    double[] sorted = Arrays.stream(values).filter(v -> !Double.isNaN(v)).sorted().toArray();
    int n = sorted.length;
    if (n == 0) {
      return Double.NaN;
    }
    return n % 2 == 1 ? sorted[n / 2] : (sorted[n / 2 - 1] + sorted[n / 2]) / 2;
  }

  /**
   * The percentile interval of the median: samples are drawn with replacement.
   *
   * @param values those that are no numbers are left out
   * @param level such as 0.95
   * @param draws how often, such as 1000
   * @param seed of the draws
   * @return both ends NaN if there are no values
   */
  public static Interval interval(double[] values, double level, int draws, long seed) {
    double[] known = Arrays.stream(values).filter(v -> !Double.isNaN(v)).toArray();
    if (known.length == 0) {
      return new Interval(Double.NaN, Double.NaN);
    }
    Random random = new Random(seed);
    double[] medians = new double[draws];
    double[] drawn = new double[known.length];
    for (int d = 0; d < draws; d++) {
      for (int i = 0; i < drawn.length; i++) {
        drawn[i] = known[random.nextInt(known.length)];
      }
      medians[d] = median(drawn);
    }
    Arrays.sort(medians);
    double tail = (1 - level) / 2;
    return new Interval(quantile(medians, tail), quantile(medians, 1 - tail));
  }

  private static double quantile(double[] sorted, double share) {
    double at = share * (sorted.length - 1);
    int below = (int) Math.floor(at);
    int above = Math.min(below + 1, sorted.length - 1);
    return sorted[below] + (at - below) * (sorted[above] - sorted[below]);
  }
}
