/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.testing;

import java.util.Arrays;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Assertions on tensors. Nothing is compared without saying how close it has to be: {@code
 * assertThat(actual).within(1e-9, 1e-12).of(expected)}, or {@code isBitEqualTo}.
 */
public final class TensorSubject {
  private final Tensor actual;

  private TensorSubject(Tensor actual) {
    this.actual = actual;
  }

  /**
   * Begins an assertion.
   *
   * @param actual the tensor to be judged
   * @return its assertions
   */
  public static TensorSubject assertThat(Tensor actual) {
    if (actual == null || actual.isNull() || !actual.defined()) {
      throw new AssertionError("there is no tensor");
    }
    return new TensorSubject(actual);
  }

  /** A tolerance that waits for what to compare with. */
  public final class Tolerance {
    private final double relative;
    private final double absolute;

    private Tolerance(double relative, double absolute) {
      this.relative = relative;
      this.absolute = absolute;
    }

    /**
     * Compares: every |actual - expected| must be at most absolute + relative * |expected|; NaN
     * equals NaN, an infinity itself.
     *
     * @param expected a tensor of the same shape
     */
    public void of(Tensor expected) {
      hasShape(expected.shape());
      of(values(expected));
    }

    /**
     * Compares in row-major order.
     *
     * @param expected as many numbers as the tensor has
     */
    public void of(double... expected) {
      compare(values(actual), expected, relative, absolute, actual.shape());
    }
  }

  /**
   * States a tolerance.
   *
   * @param relative of the expected value's size
   * @param absolute added to it
   * @return what {@code of} finishes
   */
  public Tolerance within(double relative, double absolute) {
    return new Tolerance(relative, absolute);
  }

  /**
   * Demands the same dtype, shape and bits.
   *
   * @param expected the other tensor
   */
  public void isBitEqualTo(Tensor expected) {
    ScalarType type = actual.scalar_type().intern();
    if (type != expected.scalar_type().intern()) {
      throw new AssertionError(
          "the dtype is " + type + ", expected " + expected.scalar_type().intern());
    }
    hasShape(expected.shape());
    double[] a = values(actual);
    double[] e = values(expected);
    for (int i = 0; i < a.length; i++) {
      if (Double.doubleToLongBits(a[i]) != Double.doubleToLongBits(e[i])) {
        compare(a, e, 0, 0, actual.shape());
        throw new AssertionError(
            "zeros of other signs at " + Arrays.toString(index(i, actual.shape())));
      }
    }
  }

  /**
   * Demands a shape.
   *
   * @param expected the sizes
   */
  public void hasShape(long... expected) {
    if (!Arrays.equals(actual.shape(), expected)) {
      throw new AssertionError(
          "the shape is "
              + Arrays.toString(actual.shape())
              + ", expected "
              + Arrays.toString(expected));
    }
  }

  /** Demands that no number is NaN or infinite. */
  public void isFinite() {
    double[] a = values(actual);
    for (int i = 0; i < a.length; i++) {
      if (Double.isNaN(a[i]) || Double.isInfinite(a[i])) {
        throw new AssertionError(a[i] + " at " + Arrays.toString(index(i, actual.shape())));
      }
    }
  }

  private static void compare(
      double[] actual, double[] expected, double relative, double absolute, long[] shape) {
    if (actual.length != expected.length) {
      throw new AssertionError(
          actual.length
              + " numbers of shape "
              + Arrays.toString(shape)
              + " are compared with "
              + expected.length);
    }
    int wrong = 0;
    int worst = -1;
    double worstExcess = Double.NEGATIVE_INFINITY;
    double maxAbsolute = 0;
    double maxRelative = 0;
    for (int i = 0; i < actual.length; i++) {
      double a = actual[i];
      double e = expected[i];
      if (a == e || (Double.isNaN(a) && Double.isNaN(e))) {
        continue;
      }
      double gap = Math.abs(a - e);
      boolean ok = gap <= absolute + relative * Math.abs(e);
      double excess = Double.isNaN(gap) ? Double.POSITIVE_INFINITY : gap - relative * Math.abs(e);
      maxAbsolute = Math.max(maxAbsolute, gap);
      maxRelative = Math.max(maxRelative, gap / Math.abs(e));
      if (!ok) {
        wrong++;
        if (excess > worstExcess) {
          worstExcess = excess;
          worst = i;
        }
      }
    }
    if (wrong > 0) {
      throw new AssertionError(
          wrong
              + " of "
              + actual.length
              + " numbers of shape "
              + Arrays.toString(shape)
              + " differ by more than "
              + absolute
              + " + "
              + relative
              + " * |expected|; worst at "
              + Arrays.toString(index(worst, shape))
              + ": "
              + actual[worst]
              + ", expected "
              + expected[worst]
              + "; largest absolute error "
              + maxAbsolute
              + ", largest relative error "
              + maxRelative);
    }
  }

  private static long[] index(long position, long[] shape) {
    long[] result = new long[shape.length];
    long rest = position;
    for (int d = shape.length - 1; d >= 0; d--) {
      result[d] = rest % shape[d];
      rest /= shape[d];
    }
    return result;
  }

  /**
   * A tensor's numbers as doubles, in row-major order.
   *
   * @param tensor any tensor with numbers
   * @return a copy
   */
  public static double[] values(Tensor tensor) {
    try (PointerScope scope = new PointerScope()) {
      Tensor flat =
          tensor.detach().cpu().to(ScalarType.Double).contiguous().reshape(tensor.numel());
      double[] result = new double[(int) tensor.numel()];
      if (result.length > 0) {
        new org.bytedeco.javacpp.DoublePointer(flat.data_ptr_double()).get(result);
      }
      return result;
    }
  }
}
