/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.attribution;

import org.bytedeco.javacpp.DoublePointer;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** Numbers of Java to tensors. */
final class Vectors {
  private Vectors() {}

  /** A float64 tensor on the CPU, in the caller's innermost scope. */
  static Tensor of(double[] values, long... shape) {
    try (DoublePointer pointer = new DoublePointer(values);
        TensorOptions options = new TensorOptions(ScalarType.Double)) {
      return torch.from_blob(pointer, shape, options).clone();
    }
  }
}
