/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.attribution;

import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.zennit4j.bindings.ShapeException;
import org.zennit4j.bindings.internal.Vectors;

/**
 * Cuts inputs into segments: groups of values that are left out or looked at together. Results are
 * the caller's.
 */
public final class Segments {
  private Segments() {}

  /**
   * Boxes (stretches of a series, rectangles of a picture), numbered in reading order; those at the
   * far borders may be smaller.
   *
   * @param space height and width, say
   * @param sides of a box: one for each axis, or one for all
   * @return of shape (space...), int64, on the CPU
   * @throws ShapeException if there are other than one side for each axis, or a side below 1
   */
  public static Tensor grid(long[] space, int... sides) {
    if (sides.length != 1 && sides.length != space.length) {
      throw new ShapeException(
          "a patch has "
              + sides.length
              + " sizes for "
              + space.length
              + " axes; give one, or one for each");
    }
    if (Arrays.stream(sides).anyMatch(side -> side < 1)) {
      throw new ShapeException("sizes of a patch are 1 or more, not " + Arrays.toString(sides));
    }
    long[] values = new long[Math.toIntExact(Arrays.stream(space).reduce(1, (a, b) -> a * b))];
    for (int i = 0; i < values.length; i++) {
      long rest = i;
      long stride = 1;
      for (int axis = space.length - 1; axis >= 0; axis--) {
        int side = sides[sides.length == 1 ? 0 : axis];
        values[i] += stride * (rest % space[axis] / side);
        stride *= (space[axis] + side - 1) / side;
        rest /= space[axis];
      }
    }
    return Tensor.create(values, space);
  }

  /**
   * Simple linear iterative clustering of pictures: k-means of colour and place, then pieces that
   * hang together. R. Achanta et al., SLIC superpixels, 2012; in the pictures' own channels, each
   * sample scaled to a range of 1, and without smoothing, so that segments differ from those of
   * scikit-image, which works in CIELAB.
   *
   * @param inputs of shape (n, channels, height, width)
   * @param count about how many segments
   * @param compactness how much places count against colours, such as 10
   * @return of shape (n, 1, height, width), int64, on the CPU, numbered from 0 without gaps
   * @throws ShapeException if the inputs have another number of dimensions
   */
  public static Tensor slic(Tensor inputs, int count, double compactness) {
    if (inputs.dim() != 4) {
      throw new ShapeException(
          "segments are found in inputs of shape (n, channels, height, width), not "
              + Arrays.toString(inputs.shape()));
    }
    int n = (int) inputs.size(0);
    int c = (int) inputs.size(1);
    int h = (int) inputs.size(2);
    int w = (int) inputs.size(3);
    TensorVector all = new TensorVector(n);
    for (int i = 0; i < n; i++) {
      double[] picture = Vectors.doubles(inputs.select(0, i));
      all.put(i, Tensor.create(slic(picture, c, h, w, count, compactness / 100), 1, h, w));
    }
    return torch.stack(all, 0);
  }

  private static long[] slic(double[] picture, int c, int h, int w, int count, double weight) {
    double low = Arrays.stream(picture).min().orElse(0);
    double range = Math.max(Arrays.stream(picture).max().orElse(0) - low, 1e-12);
    int size = h * w;
    double step = Math.max(1, Math.sqrt((double) size / count));
    int rows = Math.max(1, (int) Math.round(h / step));
    int columns = Math.max(1, (int) Math.round(w / step));
    int k = rows * columns;
    double[][] centres = new double[k][c + 2];
    for (int i = 0; i < k; i++) {
      int line = i / columns;
      int y = (int) ((line + 0.5) * h / rows);
      int x = (int) ((i % columns + 0.5) * w / columns);
      for (int channel = 0; channel < c; channel++) {
        centres[i][channel] = (picture[channel * size + y * w + x] - low) / range;
      }
      centres[i][c] = y;
      centres[i][c + 1] = x;
    }
    int[] label = new int[size];
    double[] best = new double[size];
    for (int round = 0; round < 10; round++) {
      Arrays.fill(best, Double.POSITIVE_INFINITY);
      for (int i = 0; i < k; i++) {
        int top = (int) Math.max(0, centres[i][c] - 2 * step);
        int bottom = (int) Math.min(h - 1, centres[i][c] + 2 * step);
        int left = (int) Math.max(0, centres[i][c + 1] - 2 * step);
        int right = (int) Math.min(w - 1, centres[i][c + 1] + 2 * step);
        for (int y = top; y <= bottom; y++) {
          for (int x = left; x <= right; x++) {
            double colour = 0;
            for (int channel = 0; channel < c; channel++) {
              double d = (picture[channel * size + y * w + x] - low) / range - centres[i][channel];
              colour += d * d;
            }
            double dy = (y - centres[i][c]) / step;
            double dx = (x - centres[i][c + 1]) / step;
            double distance = colour + weight * (dy * dy + dx * dx);
            if (distance < best[y * w + x]) {
              best[y * w + x] = distance;
              label[y * w + x] = i;
            }
          }
        }
      }
      double[][] sums = new double[k][c + 3];
      for (int p = 0; p < size; p++) {
        double[] sum = sums[label[p]];
        for (int channel = 0; channel < c; channel++) {
          sum[channel] += (picture[channel * size + p] - low) / range;
        }
        int row = p / w;
        sum[c] += row;
        sum[c + 1] += p % w;
        sum[c + 2]++;
      }
      for (int i = 0; i < k; i++) {
        for (int d = 0; d < c + 2 && sums[i][c + 2] > 0; d++) {
          centres[i][d] = sums[i][d] / sums[i][c + 2];
        }
      }
    }
    return connected(label, h, w, size / k / 4);
  }

  /** Pieces that hang together; small ones join the piece before them. */
  private static long[] connected(int[] label, int h, int w, int smallest) {
    long[] result = new long[label.length];
    Arrays.fill(result, -1);
    long next = 0;
    for (int start = 0; start < label.length; start++) {
      if (result[start] >= 0) {
        continue;
      }
      long neighbour = start % w > 0 ? result[start - 1] : start >= w ? result[start - w] : -1;
      Deque<Integer> open = new ArrayDeque<>();
      Deque<Integer> piece = new ArrayDeque<>();
      open.add(start);
      result[start] = next;
      while (!open.isEmpty()) {
        int p = open.poll();
        piece.add(p);
        int y = p / w;
        int x = p % w;
        int[] around = {
          y > 0 ? p - w : -1, y < h - 1 ? p + w : -1, x > 0 ? p - 1 : -1, x < w - 1 ? p + 1 : -1
        };
        for (int q : around) {
          if (q >= 0 && result[q] < 0 && label[q] == label[start]) {
            result[q] = next;
            open.add(q);
          }
        }
      }
      if (piece.size() < smallest && neighbour >= 0) {
        for (int p : piece) {
          result[p] = neighbour;
        }
      } else {
        next++;
      }
    }
    return result;
  }
}
