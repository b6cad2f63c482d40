/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.analyzers;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Supplier;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.zennit4j.bindings.Natives;
import org.zennit4j.bindings.ShapeException;
import org.zennit4j.bindings.Zennit4jException;
import org.zennit4j.bindings.internal.Vectors;

/** Tensors that options bring, held as long as an analyzer needs them. */
final class OwnedTensors implements AutoCloseable {
  private final List<Tensor> tensors = new ArrayList<>();

  /** Keeps what the supplier makes. */
  synchronized Tensor keep(Supplier<Tensor> supplier) {
    try (PointerScope scope = new PointerScope()) {
      Tensor tensor = Natives.keep(supplier.get());
      tensors.add(tensor);
      return tensor;
    }
  }

  /** A tensor of the caller's, which may close it: the storage is shared. */
  Tensor share(Tensor tensor, String what) {
    if (tensor.isNull() || !tensor.defined()) {
      throw new Zennit4jException(what + ": the tensor was closed before it was used");
    }
    return keep(tensor::detach);
  }

  @Override
  public synchronized void close() {
    tensors.forEach(Natives::release);
    tensors.clear();
  }

  /**
   * A number, a list with one number for each channel, or a tensor, in the shape of a batch.
   *
   * @param value what an option holds
   * @param x a batch
   * @param what the option, for messages
   * @return of x's shape, dtype and device, in the caller's innermost scope
   */
  static Tensor like(Object value, Tensor x, String what) {
    if (value instanceof Number number) {
      return torch.full_like(x.detach(), new org.bytedeco.pytorch.Scalar(number.doubleValue()));
    }
    Tensor tensor;
    if (value instanceof List<?> numbers) {
      tensor = channels(Vectors.of(doubles(numbers)), x);
    } else if (value instanceof Tensor given) {
      if (given.isNull()) {
        throw new Zennit4jException("option " + what + ": the tensor was closed");
      }
      boolean channels = given.dim() == 1 && x.dim() > 2 && given.size(0) == x.size(1);
      tensor = channels ? channels(given, x) : given;
    } else {
      throw new Zennit4jException(
          "option " + what + " must be a number, a list of numbers or a tensor");
    }
    try {
      return tensor.to(x.device(), x.scalar_type()).expand_as(x);
    } catch (RuntimeException e) {
      throw new ShapeException(
          "option "
              + what
              + " has the shape "
              + Arrays.toString(tensor.shape())
              + ", which does not broadcast to the input's "
              + Arrays.toString(x.shape()),
          e);
    }
  }

  /** The numbers of an option that holds a list of them. */
  static List<Double> doubles(List<?> numbers) {
    return numbers.stream().map(number -> ((Number) number).doubleValue()).toList();
  }

  private static Tensor channels(Tensor vector, Tensor x) {
    if (x.dim() < 2) {
      return vector;
    }
    long[] shape = new long[(int) x.dim() - 1];
    Arrays.fill(shape, 1);
    shape[0] = vector.size(0);
    return vector.reshape(shape);
  }
}
