/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.rules;

import java.util.List;
import org.bytedeco.javacpp.DoublePointer;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** Numbers to tensors. */
final class Vectors {
  private Vectors() {}

  /** A float64 tensor of one dimension on the CPU, in the caller's innermost scope. */
  static Tensor of(List<Double> numbers) {
    double[] values = numbers.stream().mapToDouble(Double::doubleValue).toArray();
    try (DoublePointer pointer = new DoublePointer(values);
        TensorOptions options = new TensorOptions(ScalarType.Double)) {
      return torch.from_blob(pointer, new long[] {values.length}, options).clone();
    }
  }
}
