/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.datasets;

import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;
import org.zennit4j.images.RgbImage;
import org.zennit4j.requests.NdArray;
import org.zennit4j.requests.NdArray.DType;

/** Samples that are the rows of one array. */
final class RowSource implements SampleSource {
  private static final int UNKNOWN = -1;

  private final Rows rows;
  private final int[] labels;
  private final List<String> classes;

  /**
   * Takes over the rows.
   *
   * @param labels integers, one a row, or null
   */
  RowSource(String name, Rows rows, NdArray labels, List<String> classes) {
    long[] shape = rows.shape();
    if (shape.length < 2 || shape[0] < 1 || shape[0] > Integer.MAX_VALUE) {
      throw new DatasetException(
          name + ": its shape is " + Arrays.toString(shape) + "; it needs samples in rows");
    }
    this.rows = rows;
    this.labels = labels == null ? null : numbers(name, labels, (int) shape[0]);
    this.classes = classes;
  }

  private static int[] numbers(String name, NdArray labels, int count) {
    long[] shape = labels.shape();
    if (shape.length > 0 && shape[0] != count) {
      throw new DatasetException(name + ": " + shape[0] + " labels for " + count + " samples");
    }
    double[] values = labels.toDoubles();
    int[] numbers = new int[count];
    if (shape.length == 2) {
      int classes = (int) shape[1];
      for (int i = 0; i < count; i++) {
        numbers[i] = single(Arrays.copyOfRange(values, i * classes, (i + 1) * classes));
      }
      return numbers;
    }
    if (shape.length != 1) {
      throw new DatasetException(
          name + ": labels of shape " + Arrays.toString(shape) + "; it needs one for each sample");
    }
    for (int i = 0; i < count; i++) {
      if (values[i] != Math.rint(values[i]) || Math.abs(values[i]) > Integer.MAX_VALUE) {
        throw new DatasetException(
            name + ": label " + values[i] + " of sample " + i + " is no class");
      }
      numbers[i] = Math.max((int) values[i], UNKNOWN);
    }
    return numbers;
  }

  /** The class that a row of zeros and ones marks, if it is one. */
  private static int single(double[] marks) {
    int found = UNKNOWN;
    for (int c = 0; c < marks.length; c++) {
      if (marks[c] != 0) {
        if (found != UNKNOWN) {
          return UNKNOWN;
        }
        found = c;
      }
    }
    return found;
  }

  /** A sample of an array of its own; bytes in the shape of a picture are one. */
  static Sample sample(int index, String id, OptionalInt label, NdArray array, long[] shape) {
    RgbImage picture = array.dtype() == DType.UINT8 ? picture(array, shape) : null;
    if (picture != null) {
      return Sample.of(index, id, label, picture);
    }
    NdArray own = NdArray.of(array.dtype(), array.bytes(), shape);
    return Sample.of(index, id, label, own);
  }

  private static RgbImage picture(NdArray array, long[] shape) {
    long[] s = shape;
    boolean plain = s.length == 2;
    boolean first = s.length == 3 && (s[0] == 1 || s[0] == 3);
    boolean last = s.length == 3 && !first && (s[2] == 1 || s[2] == 3);
    if (!plain && !first && !last) {
      return null;
    }
    int channels = plain ? 1 : (int) (first ? s[0] : s[2]);
    int height = (int) (first ? s[1] : s[0]);
    int width = (int) (first ? s[2] : s[1]);
    if (height == 0 || width == 0) {
      return null;
    }
    byte[] stored = new byte[array.size()];
    array.bytes().get(stored);
    byte[] rgb = new byte[3 * height * width];
    int pixels = height * width;
    // Where the three values of a pixel are, from one pixel to the next.
    int step = last ? channels : 1;
    int next = channels == 1 ? 0 : last ? 1 : pixels;
    int from = 0;
    int to = 0;
    for (int i = 0; i < pixels; i++) {
      rgb[to] = stored[from];
      rgb[to + 1] = stored[from + next];
      rgb[to + 2] = stored[from + 2 * next];
      from += step;
      to += 3;
    }
    return RgbImage.of(width, height, rgb);
  }

  @Override
  public int size() {
    return (int) rows.shape()[0];
  }

  @Override
  public List<String> classes() {
    return classes;
  }

  @Override
  public String id(int index) {
    return "#" + index;
  }

  @Override
  public OptionalInt label(int index) {
    return labels == null || labels[index] == UNKNOWN
        ? OptionalInt.empty()
        : OptionalInt.of(labels[index]);
  }

  @Override
  public Sample read(int index) {
    long[] shape = rows.shape();
    NdArray row;
    try {
      row = rows.read(index, 1);
    } catch (RuntimeException e) {
      throw new SampleException("sample " + id(index) + ": " + e.getMessage(), e);
    }
    return sample(index, id(index), label(index), row, Arrays.copyOfRange(shape, 1, shape.length));
  }

  @Override
  public void close() {
    rows.close();
  }
}
