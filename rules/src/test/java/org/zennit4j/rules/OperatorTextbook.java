/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.rules;

import java.util.function.IntToDoubleFunction;

/** The rules of operators as papers write them, in loops, for one vector or matrix at a time. */
final class OperatorTextbook {
  private OperatorTextbook() {}

  static double stable(double z, double epsilon) {
    return z + (z >= 0 ? epsilon : -epsilon);
  }

  private static double sum(int count, IntToDoubleFunction term) {
    double sum = 0;
    for (int i = 0; i < count; i++) {
      sum += term.applyAsDouble(i);
    }
    return sum;
  }

  static double[] softmax(double[] x) {
    double total = sum(x.length, i -> Math.exp(x[i]));
    return Textbook.map(x, v -> Math.exp(v) / total);
  }

  /** {@code x (R - s sum R)}; minus infinity takes nothing. */
  static double[] softmaxRule(double[] x, double[] r) {
    double[] s = softmax(x);
    double total = sum(r.length, i -> r[i]);
    double[] result = new double[x.length];
    for (int i = 0; i < x.length; i++) {
      result[i] = Double.isInfinite(x[i]) ? 0 : x[i] * (r[i] - s[i] * total);
    }
    return result;
  }

  /** {@code x J^T(R / log s)}. */
  static double[] logSoftmaxRule(double[] x, double[] r, double epsilon) {
    double[] s = softmax(x);
    double[] q = new double[x.length];
    for (int i = 0; i < x.length; i++) {
      q[i] = r[i] / stable(Math.log(s[i]), epsilon);
    }
    return softmaxRule(x, q);
  }

  static double[][] product(double[][] a, double[][] b) {
    double[][] z = new double[a.length][b[0].length];
    for (int i = 0; i < z.length; i++) {
      for (int j = 0; j < z[0].length; j++) {
        int row = i;
        int column = j;
        z[i][j] = sum(b.length, k -> a[row][k] * b[k][column]);
      }
    }
    return z;
  }

  /** What the factor {@code a} (the left one, or else the right one) gets of {@code ab}. */
  static double[][] productRule(
      double[][] a, double[][] b, double[][] r, double part, double epsilon, boolean left) {
    double[][] z = product(a, b);
    double[][] result = left ? new double[a.length][b.length] : new double[b.length][b[0].length];
    for (int i = 0; i < z.length; i++) {
      for (int j = 0; j < z[0].length; j++) {
        for (int k = 0; k < b.length; k++) {
          double share = part * a[i][k] * b[k][j] * r[i][j] / stable(z[i][j], epsilon);
          if (left) {
            result[i][k] += share;
          } else {
            result[k][j] += share;
          }
        }
      }
    }
    return result;
  }

  /** One normalised group: {@code y = (x - mean) / d w + b}, d constant. */
  static double[] normRule(
      double[] x, double[] w, double[] b, double[] r, double eps, double epsilon) {
    int n = x.length;
    double mean = sum(n, i -> x[i]) / n;
    double d = Math.sqrt(sum(n, i -> (x[i] - mean) * (x[i] - mean)) / n + eps);
    double[] result = new double[n];
    for (int j = 0; j < n; j++) {
      double y = (x[j] - mean) / d * w[j] + b[j];
      for (int i = 0; i < n; i++) {
        double slope = w[j] / d * ((i == j ? 1 : 0) - 1.0 / n);
        result[i] += x[i] * slope * r[j] / stable(y, epsilon);
      }
    }
    return result;
  }

  /** The same where what the bias would take goes to the values by their sizes. */
  static double[] normRuleWithoutBias(
      double[] x, double[] w, double[] b, double[] r, double eps, double epsilon) {
    int n = x.length;
    double mean = sum(n, i -> x[i]) / n;
    double d = Math.sqrt(sum(n, i -> (x[i] - mean) * (x[i] - mean)) / n + eps);
    double[] result = normRule(x, w, b, r, eps, epsilon);
    for (int j = 0; j < n; j++) {
      double y = (x[j] - mean) / d * w[j] + b[j];
      double taken = b[j] * r[j] / stable(y, epsilon);
      double[] size = new double[n];
      for (int i = 0; i < n; i++) {
        size[i] = Math.abs(x[i] * w[j] / d * ((i == j ? 1 : 0) - 1.0 / n));
      }
      double all = sum(n, i -> size[i]);
      for (int i = 0; i < n; i++) {
        result[i] += taken * size[i] / stable(all, epsilon);
      }
    }
    return result;
  }

  static double[][] transposed(double[][] m) {
    double[][] t = new double[m[0].length][m.length];
    for (int i = 0; i < m.length; i++) {
      for (int j = 0; j < m[0].length; j++) {
        t[j][i] = m[i][j];
      }
    }
    return t;
  }

  /** The relevances of q, k and v of one head; a mask of minus infinities and numbers is added. */
  static double[][][] attentionRule(
      double[][] q, double[][] k, double[][] v, double[][] mask, double[][] r, double epsilon) {
    double scale = 1 / Math.sqrt(q[0].length);
    double[][] products = product(q, transposed(k));
    double[][] scores = new double[products.length][];
    double[][] weights = new double[products.length][];
    for (int i = 0; i < scores.length; i++) {
      int row = i;
      scores[i] = new double[k.length];
      for (int j = 0; j < k.length; j++) {
        scores[i][j] = products[row][j] * scale + mask[row][j];
      }
      weights[i] = softmax(scores[i]);
    }
    double[][] ofWeights = productRule(weights, v, r, 0.5, epsilon, true);
    double[][] ofValues = productRule(weights, v, r, 0.5, epsilon, false);
    double[][] ofProducts = new double[scores.length][k.length];
    for (int i = 0; i < scores.length; i++) {
      double[] ofScores = softmaxRule(scores[i], ofWeights[i]);
      for (int j = 0; j < k.length; j++) {
        // The mask's share is that of a bias.
        ofProducts[i][j] =
            Double.isInfinite(scores[i][j])
                ? 0
                : ofScores[j] * products[i][j] * scale / stable(scores[i][j], 1e-300);
      }
    }
    double[][] ofQueries = productRule(q, transposed(k), ofProducts, 0.5, 1e-300, true);
    double[][] ofKeys = transposed(productRule(q, transposed(k), ofProducts, 0.5, 1e-300, false));
    return new double[][][] {ofQueries, ofKeys, ofValues};
  }
}
