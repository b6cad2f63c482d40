/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.metrics;

import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.IntStream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.LongOptional;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.zennit4j.bindings.ShapeException;

/** How alike two maps are. */
public final class Similarity {
  private static final int WINDOW = 7;
  private static final double K1 = 0.01;
  private static final double K2 = 0.03;

  private Similarity() {}

  /**
   * Pearson's correlation.
   *
   * @param a numbers
   * @param b as many
   * @return from -1 to 1; NaN where one of them does not vary
   */
  public static double pearson(double[] a, double[] b) {
    double meanA = Arrays.stream(a).average().orElse(0);
    double meanB = Arrays.stream(b).average().orElse(0);
    double ab = 0;
    double aa = 0;
    double bb = 0;
    for (int i = 0; i < a.length; i++) {
      ab += (a[i] - meanA) * (b[i] - meanB);
      aa += (a[i] - meanA) * (a[i] - meanA);
      bb += (b[i] - meanB) * (b[i] - meanB);
    }
    return aa == 0 || bb == 0 ? Double.NaN : ab / Math.sqrt(aa * bb);
  }

  /**
   * Spearman's rank correlation; equal numbers share their mean rank.
   *
   * @param a numbers
   * @param b as many
   * @return from -1 to 1; NaN where one of them does not vary
   */
  public static double spearman(double[] a, double[] b) {
    return pearson(ranks(a), ranks(b));
  }

  private static double[] ranks(double[] values) {
    Integer[] order = IntStream.range(0, values.length).boxed().toArray(Integer[]::new);
    Arrays.sort(order, Comparator.comparingDouble(i -> values[i]));
    double[] ranks = new double[values.length];
    int from = 0;
    while (from < order.length) {
      int to = from;
      while (to < order.length && values[order[to]] == values[order[from]]) {
        to++;
      }
      for (int k = from; k < to; k++) {
        ranks[order[k]] = (from + to - 1) / 2.0;
      }
      from = Math.max(to, from + 1);
    }
    return ranks;
  }

  /**
   * The share of the k highest numbers that both have in common.
   *
   * @param a numbers
   * @param b as many
   * @param k from 1
   * @return from 0 to 1; ties go by ascending index
   */
  public static double topIntersection(double[] a, double[] b, int k) {
    boolean[] top = new boolean[a.length];
    highest(a, k).forEach(i -> top[i] = true);
    return highest(b, k).filter(i -> top[i]).count() / (double) Math.min(k, a.length);
  }

  private static IntStream highest(double[] values, int k) {
    return IntStream.range(0, values.length)
        .boxed()
        .sorted(Comparator.comparingDouble(i -> -values[i]))
        .limit(k)
        .mapToInt(i -> i);
  }

  /**
   * Structural similarity: the mean over windows of 7 x 7 (7 of a series), with sample covariances
   * and uniform weights, as in scikit-image; both are first scaled to a largest absolute value of
   * 1, so that the range of the data is 2. Z. Wang et al., Image quality assessment, 2004.
   *
   * @param a of shape (height, width) or (length)
   * @param b of the same shape
   * @return at most 1
   * @throws ShapeException if the shapes differ or have other axes
   */
  public static double ssim(Tensor a, Tensor b) {
    if (!Arrays.equals(a.shape(), b.shape()) || a.dim() < 1 || a.dim() > 2) {
      throw new ShapeException(
          "SSIM compares two maps of one shape (height, width) or (length), not "
              + Arrays.toString(a.shape())
              + " and "
              + Arrays.toString(b.shape()));
    }
    try (PointerScope scope = new PointerScope()) {
      Tensor x = prepared(a);
      Tensor y = prepared(b);
      long[] window = {Math.min(WINDOW, x.size(2)), Math.min(WINDOW, x.size(3))};
      double count = (double) (window[0] * window[1]);
      double unbiased = count > 1 ? count / (count - 1) : 1;
      Tensor meanX = pooled(x, window);
      Tensor meanY = pooled(y, window);
      Scalar factor = new Scalar(unbiased);
      Tensor xx = pooled(x.mul(x), window).sub(meanX.mul(meanX)).mul(factor);
      Tensor yy = pooled(y.mul(y), window).sub(meanY.mul(meanY)).mul(factor);
      Tensor xy = pooled(x.mul(y), window).sub(meanX.mul(meanY)).mul(factor);
      double range = 2;
      Scalar c1 = new Scalar(K1 * range * K1 * range);
      Scalar c2 = new Scalar(K2 * range * K2 * range);
      Scalar two = new Scalar(2);
      Tensor above = meanX.mul(meanY).mul(two).add(c1).mul(xy.mul(two).add(c2));
      Tensor below = meanX.mul(meanX).add(meanY.mul(meanY)).add(c1).mul(xx.add(yy).add(c2));
      return above.div(below).mean().item_double();
    }
  }

  private static Tensor prepared(Tensor map) {
    Tensor wide = map.detach().to(ScalarType.Double).cpu();
    double largest = wide.abs().max().item_double();
    Tensor scaled = largest == 0 ? wide : wide.div(new Scalar(largest));
    return map.dim() == 2 ? scaled.view(1, 1, map.size(0), map.size(1)) : scaled.view(1, 1, 1, -1);
  }

  private static Tensor pooled(Tensor x, long... window) {
    return torch.avg_pool2d(
        x, window, new long[] {1, 1}, new long[] {0, 0}, false, true, new LongOptional());
  }
}
