/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.datasets.analysis;

import java.util.Arrays;
import java.util.Random;

/**
 * t-SNE (van der Maaten and Hinton 2008), exact: points in a plane such that near ones stay near. A
 * step takes a time that grows with the square of their number, so that it is for some thousands.
 * The same bits for the same seed.
 */
final class Tsne {
  private static final int STEPS = 1000;
  private static final int EXAGGERATED = 250;
  private static final double EXAGGERATION = 12;
  private static final double START = 1e-4;
  private static final double STILL = 1e-7;

  private final int count;

  /** How alike points are, of each pair once: that of i and a smaller j at i(i-1)/2+j. */
  private final double[] alike;

  private Tsne(int count, double[] alike) {
    this.count = count;
    this.alike = alike;
  }

  /** Of points in any space. */
  static Tsne of(double[][] points, double perplexity) {
    int n = points.length;
    double[] alike = new double[n * (n - 1) / 2];
    double[] distances = new double[n];
    for (int i = 0; i < n; i++) {
      for (int j = 0; j < n; j++) {
        distances[j] = squaredDistance(points[i], points[j]);
      }
      double[] shares = shares(distances, i, perplexity);
      for (int j = 0; j < n; j++) {
        if (j != i) {
          alike[pair(i, j)] += shares[j] / (2.0 * n);
        }
      }
    }
    return new Tsne(n, alike);
  }

  private static int pair(int i, int j) {
    int larger = Math.max(i, j);
    return larger * (larger - 1) / 2 + Math.min(i, j);
  }

  private static double squaredDistance(double[] a, double[] b) {
    double sum = 0;
    for (int d = 0; d < a.length; d++) {
      sum += (a[d] - b[d]) * (a[d] - b[d]);
    }
    return sum;
  }

  /** What fits to few points too: a third of the others at most. */
  static double perplexity(double wanted, int count) {
    return Math.max(1.5, Math.min(wanted, (count - 1) / 3.0));
  }

  /**
   * How likely a point takes each other one as its neighbour: by a normal distribution around it,
   * as wide as makes the perplexity, which is e to the entropy.
   *
   * @param squared distances from the point
   * @param self the point, which is not its own neighbour
   */
  static double[] shares(double[] squared, int self, double perplexity) {
    double least = Double.POSITIVE_INFINITY;
    double sum = 0;
    for (int j = 0; j < squared.length; j++) {
      if (j != self) {
        least = Math.min(least, squared[j]);
        sum += squared[j];
      }
    }
    double mean = sum / (squared.length - 1) - least;
    double[] shares = new double[squared.length];
    double from = 0;
    double to = Double.POSITIVE_INFINITY;
    double precision = mean > 0 ? 1 / mean : 1;
    double wanted = Math.log(perplexity);
    for (int step = 0; step < 200; step++) {
      double all = 0;
      double weighted = 0;
      for (int j = 0; j < squared.length; j++) {
        double distance = squared[j] - least;
        shares[j] = j == self ? 0 : Math.exp(-distance * precision);
        all += shares[j];
        weighted += shares[j] * distance;
      }
      double entropy = Math.log(all) + precision * weighted / all;
      for (int j = 0; j < shares.length; j++) {
        shares[j] /= all;
      }
      if (Math.abs(entropy - wanted) < 1e-7 || mean <= 0) {
        break;
      }
      if (entropy > wanted) {
        from = precision;
        precision = Double.isInfinite(to) ? 2 * precision : (from + to) / 2;
      } else {
        to = precision;
        precision = (from + to) / 2;
      }
    }
    return shares;
  }

  /**
   * Where the points lie in the plane.
   *
   * @param start a rough picture, of any scale
   * @param seed of a little noise, so that equal points part
   */
  double[][] embed(double[][] start, long seed) {
    double[] y = scaled(start, seed);
    double[] gradient = new double[2 * count];
    double[] gains = new double[2 * count];
    double[] velocity = new double[2 * count];
    Arrays.fill(gains, 1);
    double rate = Math.max(50, count / EXAGGERATION / 4);
    for (int step = 0; step < STEPS; step++) {
      boolean early = step < EXAGGERATED;
      double norm = gradient(y, early ? EXAGGERATION : 1, gradient);
      if (!early && norm < STILL) {
        break;
      }
      double momentum = early ? 0.5 : 0.8;
      for (int i = 0; i < y.length; i++) {
        // Gains (Jacobs 1988): larger steps as long as the direction stays.
        boolean turned = gradient[i] * velocity[i] > 0;
        gains[i] = turned ? Math.max(0.01, 0.8 * gains[i]) : gains[i] + 0.2;
        velocity[i] = momentum * velocity[i] - rate * gains[i] * gradient[i];
        y[i] += velocity[i];
      }
    }
    double[][] plane = new double[count][];
    for (int i = 0; i < count; i++) {
      plane[i] = new double[] {y[2 * i], y[2 * i + 1]};
    }
    return plane;
  }

  private double[] scaled(double[][] start, long seed) {
    double[] y = new double[2 * count];
    Random random = new Random(seed);
    for (int d = 0; d < 2; d++) {
      int column = d;
      double mean = Arrays.stream(start).mapToDouble(p -> p[column]).average().orElse(0);
      double variance =
          Arrays.stream(start)
              .mapToDouble(p -> (p[column] - mean) * (p[column] - mean))
              .average()
              .orElse(0);
      double scale = variance > 0 ? START / Math.sqrt(variance) : 0;
      for (int i = 0; i < count; i++) {
        y[2 * i + d] = scale * (start[i][d] - mean) + 0.01 * START * random.nextGaussian();
      }
    }
    return y;
  }

  /**
   * The derivative of {@link #divergence}.
   *
   * @param y x and y of each point
   * @param exaggeration what attraction is multiplied by
   * @param gradient is filled
   * @return its norm
   */
  double gradient(double[] y, double exaggeration, double[] gradient) {
    double[] attraction = gradient;
    double[] repulsion = new double[y.length];
    Arrays.fill(attraction, 0);
    double all = 0;
    for (int i = 1, pair = 0; i < count; i++) {
      double x0 = y[2 * i];
      double y0 = y[2 * i + 1];
      double attractionX = 0;
      double attractionY = 0;
      double repulsionX = 0;
      double repulsionY = 0;
      for (int j = 0; j < i; j++, pair++) {
        double dx = x0 - y[2 * j];
        double dy = y0 - y[2 * j + 1];
        double near = 1 / (1 + dx * dx + dy * dy);
        all += near;
        double pull = alike[pair] * near;
        double push = near * near;
        attractionX += pull * dx;
        attractionY += pull * dy;
        repulsionX += push * dx;
        repulsionY += push * dy;
        attraction[2 * j] -= pull * dx;
        attraction[2 * j + 1] -= pull * dy;
        repulsion[2 * j] -= push * dx;
        repulsion[2 * j + 1] -= push * dy;
      }
      attraction[2 * i] += attractionX;
      attraction[2 * i + 1] += attractionY;
      repulsion[2 * i] += repulsionX;
      repulsion[2 * i + 1] += repulsionY;
    }
    double norm = 0;
    for (int i = 0; i < y.length; i++) {
      // Each pair counts twice in the sum over all.
      gradient[i] = 4 * (exaggeration * attraction[i] - repulsion[i] / (2 * all));
      norm += gradient[i] * gradient[i];
    }
    return Math.sqrt(norm);
  }

  /**
   * What is made small: the divergence (Kullback and Leibler) of how alike points are in the plane
   * from how alike they are.
   */
  double divergence(double[] y) {
    double all = 0;
    double[] near = new double[alike.length];
    for (int i = 1, pair = 0; i < count; i++) {
      for (int j = 0; j < i; j++, pair++) {
        double dx = y[2 * i] - y[2 * j];
        double dy = y[2 * i + 1] - y[2 * j + 1];
        near[pair] = 1 / (1 + dx * dx + dy * dy);
        all += 2 * near[pair];
      }
    }
    double sum = 0;
    for (int pair = 0; pair < near.length; pair++) {
      sum += alike[pair] > 0 ? 2 * alike[pair] * Math.log(alike[pair] * all / near[pair]) : 0;
    }
    return sum;
  }
}
