/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.bindings.internal;

import java.util.List;
import org.bytedeco.javacpp.DoublePointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** Numbers of Java to tensors, and back. */
public final class Vectors {
  private Vectors() {}

  /**
   * A float64 tensor on the CPU.
   *
   * @param values in row-major order
   * @param shape whose product is their number
   * @return in the caller's innermost scope
   */
  public static Tensor of(double[] values, long... shape) {
    try (DoublePointer pointer = new DoublePointer(values);
        TensorOptions options = new TensorOptions(ScalarType.Double)) {
      return torch.from_blob(pointer, shape, options).clone();
    }
  }

  /**
   * A float64 tensor of one dimension on the CPU.
   *
   * @param values the numbers
   * @return in the caller's innermost scope
   */
  public static Tensor of(List<? extends Number> values) {
    return of(values.stream().mapToDouble(Number::doubleValue).toArray(), values.size());
  }

  /**
   * The values of a tensor. Waits for a device other than the CPU.
   *
   * @param tensor of any shape, dtype and device; stays the caller's
   * @return in row-major order, as float64
   */
  public static double[] doubles(Tensor tensor) {
    try (PointerScope scope = new PointerScope()) {
      Tensor plain = tensor.detach().to(ScalarType.Double).cpu().contiguous();
      double[] values = new double[Math.toIntExact(plain.numel())];
      plain.data_ptr_double().get(values);
      return values;
    }
  }
}
