/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.rules;

import java.util.Arrays;
import java.util.function.DoubleUnaryOperator;
import org.zennit4j.testing.DenseTwin;

/**
 * The rules as papers write them, in loops over a dense matrix. A layer is {@code z = W P x + b},
 * where P is its padding (the identity where padding only adds zeros).
 */
final class Textbook {
  private final double[][] weight;
  private final double[] bias;
  private final double[][] padding;

  Textbook(DenseTwin layer, DenseTwin padding) {
    this(layer.weight(), layer.bias(), padding == null ? null : padding.weight());
  }

  private Textbook(double[][] weight, double[] bias, double[][] padding) {
    this.weight = weight;
    this.bias = bias;
    this.padding = padding;
  }

  /** A formula for one sample. */
  @FunctionalInterface
  interface Formula {
    double[] relevance(Textbook layer, double[] x, double[] r);
  }

  Textbook with(DoubleUnaryOperator onWeight, DoubleUnaryOperator onBias) {
    double[][] w = new double[weight.length][];
    double[] b = new double[bias.length];
    for (int i = 0; i < w.length; i++) {
      w[i] = map(weight[i], onWeight);
      b[i] = onBias.applyAsDouble(bias[i]);
    }
    return new Textbook(w, b, padding);
  }

  Textbook withoutBias() {
    return with(w -> w, b -> 0);
  }

  static double[] map(double[] x, DoubleUnaryOperator f) {
    double[] y = x.clone();
    for (int i = 0; i < y.length; i++) {
      y[i] = f.applyAsDouble(x[i]);
    }
    return y;
  }

  double[] forward(double[] x) {
    double[] in = padding == null ? x : multiply(padding, x);
    double[] z = multiply(weight, in);
    for (int i = 0; i < z.length; i++) {
      z[i] += bias[i];
    }
    return z;
  }

  double[] adjoint(double[] q) {
    double[] g = transposed(weight, q);
    return padding == null ? g : transposed(padding, g);
  }

  private static double[] multiply(double[][] m, double[] x) {
    double[] y = new double[m.length];
    for (int i = 0; i < y.length; i++) {
      for (int j = 0; j < x.length; j++) {
        y[i] += m[i][j] * x[j];
      }
    }
    return y;
  }

  private static double[] transposed(double[][] m, double[] q) {
    double[] y = new double[m[0].length];
    for (int i = 0; i < q.length; i++) {
      for (int j = 0; j < y.length; j++) {
        y[j] += m[i][j] * q[i];
      }
    }
    return y;
  }

  static double plus(double v) {
    return Math.max(v, 0);
  }

  static double minus(double v) {
    return Math.min(v, 0);
  }

  private static double[] combine(
      double[] a, double[] b, java.util.function.DoubleBinaryOperator f) {
    double[] y = a.clone();
    for (int i = 0; i < y.length; i++) {
      y[i] = f.applyAsDouble(a[i], b[i]);
    }
    return y;
  }

  static double[] sum(double[] a, double[] b) {
    return combine(a, b, Double::sum);
  }

  static double[] product(double[] a, double[] b) {
    return combine(a, b, (p, q) -> p * q);
  }

  private static double[] shares(double[] r, double[] z, double epsilon) {
    return combine(r, z, (a, b) -> a / (b + (b >= 0 ? epsilon : -epsilon)));
  }

  static Formula epsilon(double epsilon) {
    return (l, x, r) -> product(x, l.adjoint(shares(r, l.forward(x), epsilon)));
  }

  /** The bias's share goes to the contributions by size: to those of its output, and to all. */
  static Formula withoutBias(int places, double epsilon) {
    return (l, x, r) -> {
      Textbook sizes = l.with(Math::abs, b -> 0);
      double[] q = shares(r, l.forward(x), epsilon);
      double[] n = sizes.forward(map(x, Math::abs));
      double[] b = l.with(w -> 0, c -> c).forward(x);
      double[] own = shares(product(q, b), combine(n, b, (a, c) -> a + Math.abs(c)), epsilon);
      double[] left = product(own, map(b, Math::abs));
      int width = n.length / places;
      double[] shares = own.clone();
      for (int from = 0; from < n.length; from += width) {
        double rest = Arrays.stream(left, from, from + width).sum();
        double all = Arrays.stream(n, from, from + width).sum() + epsilon;
        for (int i = from; i < from + width; i++) {
          shares[i] += rest / all;
        }
      }
      double[] of = sizes.adjoint(shares);
      return sum(product(x, l.adjoint(q)), product(map(x, Math::abs), of));
    };
  }

  static Formula zplus(double epsilon) {
    return (l, x, r) ->
        positive(
            l.with(Textbook::plus, Textbook::plus), l.with(Textbook::minus, b -> 0), x, r, epsilon);
  }

  /** Contributions of {@code onPlus} to positive inputs and of {@code onMinus} to negative ones. */
  private static double[] positive(
      Textbook onPlus, Textbook onMinus, double[] x, double[] r, double epsilon) {
    double[] xp = map(x, Textbook::plus);
    double[] xm = map(x, Textbook::minus);
    double[] q = shares(r, sum(onPlus.forward(xp), onMinus.forward(xm)), epsilon);
    return sum(product(xp, onPlus.adjoint(q)), product(xm, onMinus.adjoint(q)));
  }

  static Formula alphaBeta(double alpha, double beta, double epsilon) {
    return (l, x, r) -> {
      Textbook p = l.with(Textbook::plus, Textbook::plus);
      Textbook n = l.with(Textbook::minus, Textbook::minus);
      double[] up = positive(p, n.withoutBias(), x, r, epsilon);
      double[] down = positive(n, p.withoutBias(), x, r, epsilon);
      return combine(up, down, (a, b) -> alpha * a - beta * b);
    };
  }

  /** The sign is that of the layer's own output, which {@code truth} gives. */
  static Formula gamma(double gamma, double epsilon, Textbook truth) {
    return (l, x, r) -> {
      double[] z = (truth == null ? l : truth).forward(x);
      Textbook p = l.with(w -> w + gamma * plus(w), b -> b + gamma * plus(b));
      Textbook n = l.with(w -> w + gamma * minus(w), b -> b + gamma * minus(b));
      double[] above = combine(r, z, (a, b) -> b > 0 ? a : 0);
      double[] below = combine(r, z, (a, b) -> b < 0 ? a : 0);
      return sum(
          positive(p, n.withoutBias(), x, above, epsilon),
          positive(n, p.withoutBias(), x, below, epsilon));
    };
  }

  static Formula zbox(double low, double high, double epsilon) {
    return (l, x, r) -> {
      Textbook p = l.with(Textbook::plus, Textbook::plus);
      Textbook n = l.with(Textbook::minus, Textbook::minus);
      double[] lows = map(x, v -> low);
      double[] highs = map(x, v -> high);
      double[] bounds = sum(p.forward(lows), n.forward(highs));
      double[] q = shares(r, combine(l.forward(x), bounds, (a, b) -> a - b), epsilon);
      double[] result = product(x, l.adjoint(q));
      result = combine(result, product(lows, p.adjoint(q)), (a, b) -> a - b);
      return combine(result, product(highs, n.adjoint(q)), (a, b) -> a - b);
    };
  }

  static Formula wsquare(double epsilon) {
    return (l, x, r) -> {
      Textbook square = l.with(w -> w * w, b -> b * b);
      return square.adjoint(shares(r, square.forward(map(x, v -> 1)), epsilon));
    };
  }

  static Formula flat(double epsilon) {
    return (l, x, r) -> {
      Textbook ones = l.with(w -> w == 0 ? 0 : 1, b -> 0);
      return ones.adjoint(shares(r, ones.forward(map(x, v -> 1)), epsilon));
    };
  }
}
