/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.testing;

import java.util.SplittableRandom;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.JitModule;
import org.bytedeco.pytorch.NamedTensor;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.bytedeco.pytorch.named_buffer_iterator;
import org.bytedeco.pytorch.named_buffer_list;
import org.bytedeco.pytorch.named_parameter_iterator;
import org.bytedeco.pytorch.named_parameter_list;

/**
 * Numbers for models that come without weights, and for inputs: the same on every machine, and
 * cheap enough for networks of a hundred million parameters.
 */
public final class SeededWeights {
  /** A prime, so that no two rows of a weight are equal. */
  private static final int PERIOD = 1_000_003;

  private static final long SAMPLE_SEED = 20260101;
  private static float[] normal;

  private SeededWeights() {}

  /**
   * Gives every floating parameter and buffer contiguous numbers of its own: weights scaled like
   * Kaiming's initialisation, those of normalisations near 1, variances positive.
   *
   * @param module a module of one's own; changed
   * @param seed any number; different seeds, different weights
   */
  public static void fill(JitModule module, long seed) {
    try (PointerScope scope = new PointerScope()) {
      SplittableRandom random = new SplittableRandom(seed);
      named_parameter_list parameters = module.named_parameters(true);
      named_parameter_iterator last = parameters.end();
      for (named_parameter_iterator it = parameters.begin(); it.notEquals(last); it.increment()) {
        fill(it.multiply(), random);
      }
      named_buffer_list buffers = module.named_buffers(true);
      named_buffer_iterator end = buffers.end();
      for (named_buffer_iterator it = buffers.begin(); it.notEquals(end); it.increment()) {
        fill(it.multiply(), random);
      }
    }
  }

  private static void fill(NamedTensor named, SplittableRandom random) {
    try (PointerScope scope = new PointerScope()) {
      Tensor tensor = named.value();
      if (!tensor.defined() || !tensor.is_floating_point()) {
        return;
      }
      String path = named.name().getString();
      String name = path.substring(path.lastIndexOf('.') + 1);
      long[] shape = tensor.shape();
      Tensor numbers = sample(random.nextInt(PERIOD), shape);
      Tensor result;
      if (name.equals("running_var")) {
        result = numbers.abs().add(number(0.5));
      } else if (shape.length > 1 && name.contains("weight")) {
        double fanIn = (double) tensor.numel() / Math.max(1, shape[0]);
        result = numbers.mul(number(Math.sqrt(2 / fanIn)));
      } else if (name.contains("weight")) {
        result = numbers.mul(number(0.1)).add(number(1));
      } else {
        result = numbers.mul(number(0.1));
      }
      boolean gradient = tensor.requires_grad();
      tensor.set_data(result.to(tensor.scalar_type()));
      tensor.requires_grad_(gradient);
    }
  }

  private static org.bytedeco.pytorch.Scalar number(double value) {
    return new org.bytedeco.pytorch.Scalar(value);
  }

  /**
   * Numbers from a normal distribution.
   *
   * @param seed any number
   * @param dtype a floating dtype; float64 numbers are those of float32
   * @param shape the shape
   * @return a contiguous tensor, in the caller's scope
   */
  public static Tensor normal(long seed, ScalarType dtype, long... shape) {
    Tensor result;
    try (PointerScope scope = new PointerScope()) {
      int offset = new SplittableRandom(seed).nextInt(PERIOD);
      result = sample(offset, shape).to(dtype);
      result.retainReference();
    }
    PointerScope inner = PointerScope.getInnerScope();
    if (inner != null) {
      inner.attach(result);
      result.releaseReference();
    }
    return result;
  }

  private static Tensor sample(int offset, long[] shape) {
    long size = 1;
    for (long n : shape) {
      size *= n;
    }
    Tensor base = Tensor.create(numbers());
    long copies = (size + offset) / PERIOD + 1;
    Tensor repeated = copies == 1 ? base : base.repeat(copies);
    return repeated.narrow(0, offset, size).reshape(shape).clone();
  }

  private static synchronized float[] numbers() {
    if (normal == null) {
      SplittableRandom random = new SplittableRandom(SAMPLE_SEED);
      float[] numbers = new float[PERIOD];
      for (int i = 0; i < PERIOD; i++) {
        numbers[i] = (float) random.nextGaussian();
      }
      normal = numbers;
    }
    return normal;
  }
}
