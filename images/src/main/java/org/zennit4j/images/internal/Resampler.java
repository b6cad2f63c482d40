/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.images.internal;

/**
 * Separable, antialiased resampling of RGB bytes.
 *
 * <p>Each output pixel is a weighted sum of the input pixels under a kernel around its centre; the
 * kernel is stretched by the factor of shrinking. Weights are normalized, then rounded to fixed
 * point of 22 bits; columns are resampled first and rounded to bytes, then rows. This is the
 * arithmetic that Pillow's images come from, so that the pixels agree in every bit. LibTorch's
 * {@code _upsample_bicubic2d_aa} comes close: on the four example photographs it differs by one in
 * up to 0.6 % of the values for uint8, and by up to five in up to 20 % for float, which does not
 * round between columns and rows.
 */
public final class Resampler {
  private static final int BITS = 22;
  private static final double CUBIC_A = -0.5;

  private Resampler() {}

  /** Resizes {@code width x height} RGB pixels. */
  public static byte[] resize(
      byte[] rgb, int width, int height, int newWidth, int newHeight, boolean cubic) {
    byte[] wide = rgb;
    if (newWidth != width) {
      Weights weights = Weights.of(width, newWidth, cubic);
      wide = new byte[Math.multiplyExact(3 * newWidth, height)];
      for (int y = 0; y < height; y++) {
        for (int x = 0; x < newWidth; x++) {
          for (int c = 0; c < 3; c++) {
            wide[(y * newWidth + x) * 3 + c] = weights.sum(rgb, x, y * width * 3 + c, 3);
          }
        }
      }
    }
    if (newHeight == height) {
      return wide;
    }
    Weights weights = Weights.of(height, newHeight, cubic);
    int stride = 3 * newWidth;
    byte[] out = new byte[Math.multiplyExact(stride, newHeight)];
    for (int y = 0; y < newHeight; y++) {
      for (int x = 0; x < stride; x++) {
        out[y * stride + x] = weights.sum(wide, y, x, stride);
      }
    }
    return out;
  }

  /** For each output position the first input position and the weights from there on. */
  @SuppressWarnings("ArrayRecordComponent") // handed on, never compared
  private record Weights(int[] first, int[][] fixed) {

    static Weights of(int from, int to, boolean cubic) {
      double scale = (double) from / to;
      double stretch = Math.max(scale, 1);
      double support = (cubic ? 2 : 1) * stretch;
      int[] first = new int[to];
      int[][] fixed = new int[to][];
      for (int i = 0; i < to; i++) {
        double center = (i + 0.5) * scale;
        int low = Math.max((int) (center - support + 0.5), 0);
        int high = Math.min((int) (center + support + 0.5), from);
        double[] weights = new double[high - low];
        double sum = 0;
        for (int k = 0; k < weights.length; k++) {
          double at = (k + low - center + 0.5) * (1 / stretch);
          weights[k] = cubic ? cubic(at) : triangle(at);
          sum += weights[k];
        }
        first[i] = low;
        fixed[i] = new int[weights.length];
        for (int k = 0; k < weights.length; k++) {
          double share = weights[k] / sum * (1 << BITS);
          fixed[i][k] = (int) (share < 0 ? share - 0.5 : share + 0.5);
        }
      }
      return new Weights(first, fixed);
    }

    byte sum(byte[] data, int position, int offset, int step) {
      int[] weights = fixed[position];
      int at = offset + first[position] * step;
      int sum = 1 << (BITS - 1);
      for (int weight : weights) {
        sum += weight * (data[at] & 0xff);
        at += step;
      }
      return (byte) Math.max(0, Math.min(255, sum >> BITS));
    }

    private static double triangle(double x) {
      return Math.max(0, 1 - Math.abs(x));
    }

    private static double cubic(double x) {
      double t = Math.abs(x);
      if (t < 1) {
        return ((CUBIC_A + 2) * t - (CUBIC_A + 3)) * t * t + 1;
      }
      if (t < 2) {
        return (((t - 5) * t + 8) * t - 4) * CUBIC_A;
      }
      return 0;
    }
  }
}
