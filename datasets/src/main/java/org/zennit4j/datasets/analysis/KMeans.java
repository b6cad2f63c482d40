/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.datasets.analysis;

import java.util.Arrays;
import java.util.Random;

/** Lloyd's k-means from k-means++ seeds, the best of some tries; the same for the same seed. */
final class KMeans {
  private static final int TRIES = 8;
  private static final int ROUNDS = 100;

  private KMeans() {}

  /** The cluster of each point, numbered by size, the largest 0. */
  static int[] cluster(double[][] points, int k, long seed) {
    Random random = new Random(seed);
    int[] best = null;
    double least = Double.POSITIVE_INFINITY;
    for (int i = 0; i < TRIES; i++) {
      double[][] centres = seeds(points, k, random);
      int[] chosen = new int[points.length];
      double error = Double.POSITIVE_INFINITY;
      for (int round = 0; round < ROUNDS; round++) {
        double now = assign(points, centres, chosen);
        if (now >= error) {
          break;
        }
        error = now;
        move(points, centres, chosen);
      }
      if (error < least) {
        least = error;
        best = chosen.clone();
      }
    }
    return bySize(best, k);
  }

  private static double[][] seeds(double[][] points, int k, Random random) {
    double[][] centres = new double[k][];
    centres[0] = points[random.nextInt(points.length)].clone();
    double[] nearest = new double[points.length];
    Arrays.fill(nearest, Double.POSITIVE_INFINITY);
    for (int c = 1; c < k; c++) {
      double sum = 0;
      for (int i = 0; i < points.length; i++) {
        nearest[i] = Math.min(nearest[i], distance(points[i], centres[c - 1]));
        sum += nearest[i];
      }
      double drawn = random.nextDouble() * sum;
      int chosen = 0;
      while (chosen < points.length - 1 && drawn >= nearest[chosen]) {
        drawn -= nearest[chosen++];
      }
      centres[c] = points[chosen].clone();
    }
    return centres;
  }

  private static double assign(double[][] points, double[][] centres, int[] chosen) {
    double error = 0;
    for (int i = 0; i < points.length; i++) {
      double least = Double.POSITIVE_INFINITY;
      for (int c = 0; c < centres.length; c++) {
        double distance = distance(points[i], centres[c]);
        if (distance < least) {
          least = distance;
          chosen[i] = c;
        }
      }
      error += least;
    }
    return error;
  }

  private static void move(double[][] points, double[][] centres, int[] chosen) {
    double[][] sums = new double[centres.length][points[0].length];
    int[] counts = new int[centres.length];
    for (int i = 0; i < points.length; i++) {
      counts[chosen[i]]++;
      for (int d = 0; d < points[i].length; d++) {
        sums[chosen[i]][d] += points[i][d];
      }
    }
    for (int c = 0; c < centres.length; c++) {
      for (int d = 0; d < sums[c].length && counts[c] > 0; d++) {
        centres[c][d] = sums[c][d] / counts[c];
      }
    }
  }

  private static double distance(double[] a, double[] b) {
    double sum = 0;
    for (int d = 0; d < a.length; d++) {
      sum += (a[d] - b[d]) * (a[d] - b[d]);
    }
    return sum;
  }

  private static int[] bySize(int[] clusters, int k) {
    int[] sizes = new int[k];
    for (int c : clusters) {
      sizes[c]++;
    }
    Integer[] order = new Integer[k];
    Arrays.setAll(order, i -> i);
    Arrays.sort(order, (a, b) -> sizes[b] - sizes[a]);
    int[] numbers = new int[k];
    for (int i = 0; i < k; i++) {
      numbers[order[i]] = i;
    }
    return Arrays.stream(clusters).map(c -> numbers[c]).toArray();
  }
}
