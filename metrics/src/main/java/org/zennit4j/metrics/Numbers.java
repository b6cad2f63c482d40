/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.metrics;

import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.DeviceOptional;
import org.bytedeco.pytorch.Generator;
import org.bytedeco.pytorch.GeneratorOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.zennit4j.bindings.internal.Vectors;

/** Numbers between Java and tensors. */
final class Numbers {
  private Numbers() {}

  static double[] doubles(Tensor tensor) {
    return Vectors.doubles(tensor);
  }

  static int[] integers(Tensor tensor) {
    double[] values = doubles(tensor);
    int[] result = new int[values.length];
    for (int i = 0; i < result.length; i++) {
      result[i] = (int) values[i];
    }
    return result;
  }

  /** Whole numbers as a tensor of int64. */
  static Tensor longs(Device device, int... values) {
    long[] copy = new long[values.length];
    for (int i = 0; i < copy.length; i++) {
      copy[i] = values[i];
    }
    return Tensor.create(copy, values.length).to(device, ScalarType.Long);
  }

  static GeneratorOptional generator(long seed) {
    Generator own = torch.createCPUGenerator(seed);
    return new GeneratorOptional(own);
  }

  /** Uniform numbers from low to high, drawn on the CPU: a seed means the same everywhere. */
  static Tensor uniform(
      Tensor like, long[] shape, double low, double high, GeneratorOptional generator) {
    return onCpu(like, shape).uniform_(low, high, generator).to(like.device(), like.scalar_type());
  }

  static Tensor normal(Tensor like, long[] shape, double deviation, GeneratorOptional generator) {
    return onCpu(like, shape)
        .normal_(0, deviation, generator)
        .to(like.device(), like.scalar_type());
  }

  private static Tensor onCpu(Tensor like, long... shape) {
    TensorOptions options =
        like.options()
            .device(new DeviceOptional(new Device("cpu")))
            .dtype(new org.bytedeco.pytorch.ScalarTypeOptional(ScalarType.Double));
    return torch.zeros(shape, options);
  }
}
