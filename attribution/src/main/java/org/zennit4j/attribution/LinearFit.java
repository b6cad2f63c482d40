/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.attribution;

import java.util.Arrays;
import java.util.BitSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.zennit4j.attribution.FeatureCoalitions.Method;
import org.zennit4j.bindings.internal.Vectors;

/** The linear function of presence that fits the values of coalitions: KernelSHAP's and LIME's. */
final class LinearFit {
  /** More groups than this have more coalitions than could be counted, let alone run. */
  private static final int COUNTABLE = 30;

  private final FeatureCoalitions.Settings settings;
  private final Coalitions coalitions;
  private final int groups;
  private final int samples;

  /** The groups that are present, with the weight of a coalition, in the order of drawing. */
  private final Map<BitSet, Double> present = new LinkedHashMap<>();

  LinearFit(FeatureCoalitions.Settings settings, Coalitions coalitions) {
    this.settings = settings;
    this.coalitions = coalitions;
    this.groups = coalitions.groups();
    this.samples = coalitions.samples();
  }

  /** The coefficients, by sample and group. */
  double[][] worth() {
    return settings.method() == Method.LIME ? lime() : shap();
  }

  // Coalitions. One that is drawn twice runs once and counts twice.

  /** The whole, then groups that are present as often as not. */
  private void drawNear() {
    Random random = new Random(settings.seed());
    for (int k = 0; k < settings.samples(); k++) {
      BitSet one = new BitSet(groups);
      for (int g = 0; g < groups; g++) {
        one.set(g, k == 0 || random.nextBoolean());
      }
      present.merge(one, near(one.cardinality()), Double::sum);
    }
  }

  /** The square root of exp(-d²/width²), d = 1 - cos between a coalition and the whole. */
  private double near(int size) {
    double distance = size == 0 ? 1 : 1 - Math.sqrt((double) size / groups);
    return Math.sqrt(Math.exp(-distance * distance / (settings.width() * settings.width())));
  }

  private void takeAll() {
    for (long bits = 1; bits < (1L << groups) - 1; bits++) {
      BitSet one = BitSet.valueOf(new long[] {bits});
      int s = one.cardinality();
      present.put(one, (groups - 1) / (choose(groups, s) * s * (groups - s)));
    }
  }

  private static double choose(int n, int k) {
    double result = 1;
    for (int i = 1; i <= k; i++) {
      result = result * (n - k + i) / i;
    }
    return result;
  }

  /** Sizes by the weight of all coalitions of a size, each with its opposite. */
  private void drawByWeight() {
    Random random = new Random(settings.seed());
    double[] sums = new double[groups - 1];
    double sum = 0;
    for (int s = 1; s < groups; s++) {
      sum += 1.0 / ((double) s * (groups - s));
      sums[s - 1] = sum;
    }
    int[] order = new int[groups];
    Arrays.setAll(order, g -> g);
    for (int k = 0; k < settings.samples(); k += 2) {
      double at = random.nextDouble() * sum;
      int size = 1;
      while (size < groups - 1 && sums[size - 1] < at) {
        size++;
      }
      FeatureCoalitions.shuffle(order, random);
      BitSet one = new BitSet(groups);
      for (int g = 0; g < size; g++) {
        one.set(order[g]);
      }
      present.merge(one, 1.0, Double::sum);
      if (k + 1 < settings.samples()) {
        BitSet opposite = (BitSet) one.clone();
        opposite.flip(0, groups);
        present.merge(opposite, 1.0, Double::sum);
      }
    }
  }

  private double[][] values() {
    BitSet[] all = present.keySet().toArray(BitSet[]::new);
    return coalitions.values(
        all.length,
        k -> {
          boolean[] one = new boolean[groups];
          all[k].stream().forEach(g -> one[g] = true);
          return one;
        });
  }

  // Fits.

  /**
   * The sum of the coefficients is f(all) - f(none): the last one is taken out of the fit, and is
   * what is left.
   */
  private double[][] shap() {
    if (groups <= COUNTABLE && (1L << groups) - 2 <= settings.samples()) {
      takeAll();
    } else {
      drawByWeight();
    }
    coalitions.expect(1 + present.size());
    double[] none = coalitions.none();
    double[] whole = coalitions.whole();
    double[][] values = values();
    int free = groups - 1;
    double[] design = new double[Math.multiplyExact(present.size(), free)];
    double[] observed = new double[Math.multiplyExact(present.size(), samples)];
    int k = 0;
    for (Map.Entry<BitSet, Double> one : present.entrySet()) {
      double root = Math.sqrt(one.getValue());
      double last = one.getKey().get(free) ? 1 : 0;
      for (int g = 0; g < free; g++) {
        design[k * free + g] = root * ((one.getKey().get(g) ? 1 : 0) - last);
      }
      for (int b = 0; b < samples; b++) {
        observed[k * samples + b] = root * (values[k][b] - none[b] - last * (whole[b] - none[b]));
      }
      k++;
    }
    double[][] worth = new double[samples][groups];
    // The smallest solution where there are fewer coalitions than groups.
    double[] solved = free == 0 ? new double[0] : solved(design, observed, free, 0);
    for (int b = 0; b < samples; b++) {
      double rest = whole[b] - none[b];
      for (int g = 0; g < free; g++) {
        worth[b][g] = solved[g * samples + b];
        rest -= worth[b][g];
      }
      worth[b][free] = rest;
    }
    return worth;
  }

  /** Weighted ridge regression; the intercept is not drawn to zero. */
  private double[][] lime() {
    drawNear();
    coalitions.expect(present.size());
    double[][] values = values();
    double total = present.values().stream().mapToDouble(w -> w).sum();
    double[] presence = new double[groups];
    double[] mean = new double[samples];
    int k = 0;
    for (Map.Entry<BitSet, Double> one : present.entrySet()) {
      double share = one.getValue() / total;
      one.getKey().stream().forEach(g -> presence[g] += share);
      for (int b = 0; b < samples; b++) {
        mean[b] += share * values[k][b];
      }
      k++;
    }
    double[] design = new double[Math.multiplyExact(present.size(), groups)];
    double[] observed = new double[Math.multiplyExact(present.size(), samples)];
    k = 0;
    for (Map.Entry<BitSet, Double> one : present.entrySet()) {
      double root = Math.sqrt(one.getValue());
      for (int g = 0; g < groups; g++) {
        design[k * groups + g] = root * ((one.getKey().get(g) ? 1 : 0) - presence[g]);
      }
      for (int b = 0; b < samples; b++) {
        observed[k * samples + b] = root * (values[k][b] - mean[b]);
      }
      k++;
    }
    double[] solved = solved(design, observed, groups, settings.alpha());
    double[][] worth = new double[samples][groups];
    for (int b = 0; b < samples; b++) {
      for (int g = 0; g < groups; g++) {
        worth[b][g] = solved[g * samples + b];
      }
    }
    return worth;
  }

  /**
   * The solution of least squares with a penalty alpha |w|², in row-major order (unknowns,
   * samples); by the smaller one of the two equal systems, A'A of the unknowns or AA' of the
   * coalitions.
   */
  private double[] solved(double[] design, double[] observed, int unknowns, double alpha) {
    int rows = present.size();
    try (PointerScope scope = new PointerScope()) {
      Tensor a = Vectors.of(design, rows, unknowns);
      Tensor y = Vectors.of(observed, rows, samples);
      if (alpha == 0) {
        return Vectors.doubles(torch.linalg_pinv(a).matmul(y));
      }
      boolean wide = unknowns > rows;
      Tensor square = wide ? a.matmul(a.t()) : a.t().matmul(a);
      Tensor ridge = torch.eye(square.size(0), square.options()).mul(new Scalar(alpha));
      Tensor system = square.add(ridge);
      return Vectors.doubles(
          wide
              ? a.t().matmul(torch.linalg_solve(system, y))
              : torch.linalg_solve(system, a.t().matmul(y)));
    }
  }
}
