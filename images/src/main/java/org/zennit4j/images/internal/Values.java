/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.images.internal;

import java.util.Arrays;

/**
 * An array on the Java side: its values as doubles (exact for every kind but large integers), its
 * shape, and what it was, which decides the arithmetic. The arrays are not copied: whoever holds
 * one of these keeps them unchanged.
 */
@SuppressWarnings("ArrayRecordComponent") // handed on, never compared
public record Values(double[] data, int[] shape, Kind kind) {

  /** What the array was. */
  public enum Kind {
    /** Bytes, which are colour values already. */
    UINT8,
    /** Any other integer, and bool; computed with in double precision. */
    INTEGER,
    /** Single (or half) precision; computed with in single precision. */
    FLOAT32,
    /** Double precision. */
    FLOAT64
  }

  /** The shape as in "(3,224,224)". */
  public String shapeText() {
    return shapeText(shape);
  }

  /** The shape as in "(3,224,224)". */
  public static String shapeText(int[] shape) {
    return Arrays.toString(shape).replace('[', '(').replace(']', ')').replace(" ", "");
  }

  /** How many values there are in a shape. */
  public static int size(int[] shape) {
    int size = 1;
    for (int n : shape) {
      size = Math.multiplyExact(size, n);
    }
    return size;
  }

  /** The axes in another order, as NumPy's transpose. */
  public Values permute(int... axes) {
    int rank = shape.length;
    int[] strides = new int[rank];
    int stride = 1;
    for (int a = rank - 1; a >= 0; a--) {
      strides[a] = stride;
      stride *= shape[a];
    }
    int[] newShape = new int[rank];
    int[] newStrides = new int[rank];
    for (int a = 0; a < rank; a++) {
      newShape[a] = shape[axes[a]];
      newStrides[a] = strides[axes[a]];
    }
    double[] out = new double[data.length];
    int[] index = new int[rank];
    int from = 0;
    for (int i = 0; i < out.length; i++) {
      out[i] = data[from];
      for (int a = rank - 1; a >= 0; a--) {
        from += newStrides[a];
        if (++index[a] < newShape[a]) {
          break;
        }
        from -= newStrides[a] * newShape[a];
        index[a] = 0;
      }
    }
    return new Values(out, newShape, kind);
  }

  /** The same values in another shape. */
  public Values reshape(int... newShape) {
    return new Values(data, newShape, kind);
  }
}
