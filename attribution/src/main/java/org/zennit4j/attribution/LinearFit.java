/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.attribution;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
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
  private final FeatureCoalitions.Settings settings;
  private final Coalitions coalitions;
  private final int groups;
  private final List<boolean[]> present = new ArrayList<>();
  private final List<Double> weights = new ArrayList<>();

  private LinearFit(FeatureCoalitions.Settings settings, Coalitions coalitions) {
    this.settings = settings;
    this.coalitions = coalitions;
    this.groups = coalitions.groups();
  }

  static LinearFit of(FeatureCoalitions.Settings settings, Coalitions coalitions) {
    LinearFit fit = new LinearFit(settings, coalitions);
    if (settings.method() == Method.LIME) {
      fit.drawNear();
    } else if (groups(coalitions) < 31 && (1L << groups(coalitions)) - 2 <= settings.samples()) {
      fit.takeAll();
    } else {
      fit.drawByWeight();
    }
    return fit;
  }

  private static int groups(Coalitions coalitions) {
    return coalitions.groups();
  }

  /** The coefficients, by sample and group. */
  double[][] worth() {
    return settings.method() == Method.LIME ? lime() : shap();
  }

  // Coalitions.

  /** The whole first, then groups that are present as often as not. */
  private void drawNear() {
    Random random = new Random(settings.seed());
    for (int k = 0; k < settings.samples(); k++) {
      boolean[] one = new boolean[groups];
      for (int g = 0; g < groups; g++) {
        one[g] = k == 0 || random.nextBoolean();
      }
      present.add(one);
      weights.add(near(one));
    }
  }

  /** The square root of exp(-d²/width²), d = 1 - cos between a coalition and the whole. */
  private double near(boolean[] one) {
    int size = size(one);
    double distance = size == 0 ? 1 : 1 - Math.sqrt((double) size / groups);
    return Math.sqrt(Math.exp(-distance * distance / (settings.width() * settings.width())));
  }

  private static int size(boolean[] one) {
    int size = 0;
    for (boolean in : one) {
      size += in ? 1 : 0;
    }
    return size;
  }

  private void takeAll() {
    for (long bits = 1; bits < (1L << groups) - 1; bits++) {
      boolean[] one = new boolean[groups];
      for (int g = 0; g < groups; g++) {
        one[g] = (bits >> g & 1) != 0;
      }
      int s = size(one);
      present.add(one);
      weights.add((groups - 1) / (choose(groups, s) * s * (groups - s)));
    }
  }

  private static double choose(int n, int k) {
    double result = 1;
    for (int i = 1; i <= k; i++) {
      result = result * (n - k + i) / i;
    }
    return result;
  }

  /** Sizes by the weight of all coalitions of a size; what is drawn twice counts twice. */
  private void drawByWeight() {
    if (groups < 2) {
      return;
    }
    Random random = new Random(settings.seed());
    double[] sums = new double[groups - 1];
    double sum = 0;
    for (int s = 1; s < groups; s++) {
      sum += 1.0 / ((double) s * (groups - s));
      sums[s - 1] = sum;
    }
    Map<List<Boolean>, Integer> known = new HashMap<>();
    int[] order = new int[groups];
    Arrays.setAll(order, g -> g);
    for (int k = 0; k < settings.samples(); k += 2) {
      double at = random.nextDouble() * sum;
      int size = 1;
      while (size < groups - 1 && sums[size - 1] < at) {
        size++;
      }
      FeatureCoalitions.shuffle(order, random);
      boolean[] one = new boolean[groups];
      for (int g = 0; g < size; g++) {
        one[order[g]] = true;
      }
      boolean[] opposite = new boolean[groups];
      for (int g = 0; g < groups; g++) {
        opposite[g] = !one[g];
      }
      count(one, known);
      if (k + 1 < settings.samples()) {
        count(opposite, known);
      }
    }
  }

  private void count(boolean[] one, Map<List<Boolean>, Integer> known) {
    List<Boolean> key = new ArrayList<>();
    for (boolean in : one) {
      key.add(in);
    }
    Integer at = known.putIfAbsent(key, present.size());
    if (at == null) {
      present.add(one);
      weights.add(1.0);
    } else {
      weights.set(at, weights.get(at) + 1);
    }
  }

  // Fits.

  /**
   * The sum of the coefficients is f(all) - f(none): the last one is taken out of the fit, and is
   * what is left.
   */
  private double[][] shap() {
    int samples = coalitions.samples();
    coalitions.expect(1 + present.size());
    double[] none = coalitions.values(List.of(new boolean[groups]))[0];
    double[] whole = coalitions.whole();
    double[][] worth = new double[samples][groups];
    if (groups == 1) {
      for (int b = 0; b < samples; b++) {
        worth[b][0] = whole[b] - none[b];
      }
      return worth;
    }
    double[][] values = coalitions.values(present);
    int n = present.size();
    int free = groups - 1;
    double[] design = new double[n * free];
    double[] observed = new double[n * samples];
    for (int k = 0; k < n; k++) {
      boolean[] one = present.get(k);
      double root = Math.sqrt(weights.get(k));
      double last = one[free] ? 1 : 0;
      for (int g = 0; g < free; g++) {
        design[k * free + g] = root * ((one[g] ? 1 : 0) - last);
      }
      for (int b = 0; b < samples; b++) {
        observed[k * samples + b] = root * (values[k][b] - none[b] - last * (whole[b] - none[b]));
      }
    }
    double[] solved = new double[free * samples];
    try (PointerScope scope = new PointerScope()) {
      Tensor a = Vectors.of(design, n, free);
      Tensor y = Vectors.of(observed, n, samples);
      // The smallest solution where there are fewer coalitions than groups.
      torch.linalg_pinv(a).matmul(y).contiguous().data_ptr_double().get(solved);
    }
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
    int samples = coalitions.samples();
    coalitions.expect(present.size());
    double[][] values = coalitions.values(present);
    int n = present.size();
    double total = weights.stream().mapToDouble(w -> w).sum();
    double[] presence = new double[groups];
    double[] mean = new double[samples];
    for (int k = 0; k < n; k++) {
      double share = weights.get(k) / total;
      for (int g = 0; g < groups; g++) {
        presence[g] += present.get(k)[g] ? share : 0;
      }
      for (int b = 0; b < samples; b++) {
        mean[b] += share * values[k][b];
      }
    }
    double[] design = new double[n * groups];
    double[] observed = new double[n * samples];
    for (int k = 0; k < n; k++) {
      double root = Math.sqrt(weights.get(k));
      for (int g = 0; g < groups; g++) {
        design[k * groups + g] = root * ((present.get(k)[g] ? 1 : 0) - presence[g]);
      }
      for (int b = 0; b < samples; b++) {
        observed[k * samples + b] = root * (values[k][b] - mean[b]);
      }
    }
    double[] solved = new double[groups * samples];
    try (PointerScope scope = new PointerScope()) {
      Tensor a = Vectors.of(design, n, groups);
      Tensor y = Vectors.of(observed, n, samples);
      Tensor normal = a.t().matmul(a);
      Tensor ridge = torch.eye(groups, normal.options()).mul(new Scalar(settings.alpha()));
      Tensor fit =
          settings.alpha() > 0
              ? torch.linalg_solve(normal.add(ridge), a.t().matmul(y))
              : torch.linalg_pinv(a).matmul(y);
      fit.contiguous().data_ptr_double().get(solved);
    }
    double[][] worth = new double[samples][groups];
    for (int b = 0; b < samples; b++) {
      for (int g = 0; g < groups; g++) {
        worth[b][g] = solved[g * samples + b];
      }
    }
    return worth;
  }
}
