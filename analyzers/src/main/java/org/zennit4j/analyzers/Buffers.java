/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.analyzers;

import java.nio.Buffer;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.DoubleBuffer;
import java.nio.FloatBuffer;
import java.util.Arrays;
import org.bytedeco.javacpp.DoublePointer;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.zennit4j.bindings.ShapeException;
import org.zennit4j.bindings.Zennit4jException;
import org.zennit4j.bindings.internal.Vectors;

/** Arrays and buffers to tensors and back. */
final class Buffers {
  private Buffers() {}

  /**
   * A tensor with the values of a float[], double[], FloatBuffer or DoubleBuffer, in the caller's
   * innermost scope. Buffers are read from position to limit; their position stays.
   */
  static Tensor tensor(Object values, long[] shape) {
    if (values == null || shape == null) {
      throw new Zennit4jException("input and shape must not be null");
    }
    long size = 1;
    for (long length : shape) {
      size = length < 0 ? -1 : Math.multiplyExact(size, length);
    }
    long given =
        values instanceof Buffer buffer
            ? buffer.remaining()
            : values instanceof float[] floats
                ? floats.length
                : values instanceof double[] doubles ? doubles.length : -1;
    if (given < 0) {
      throw new Zennit4jException(
          "an input must be a float[], double[], FloatBuffer or DoubleBuffer, not "
              + Texts.show(values));
    }
    if (size != given) {
      throw new ShapeException(
          "the shape " + Arrays.toString(shape) + " does not fit " + given + " values");
    }
    boolean single = values instanceof float[] || values instanceof FloatBuffer;
    try (Pointer pointer = pointer(values);
        TensorOptions options = new TensorOptions(single ? ScalarType.Float : ScalarType.Double)) {
      return torch.from_blob(pointer, shape, options).clone();
    }
  }

  private static Pointer pointer(Object values) {
    if (values instanceof float[] floats) {
      return new FloatPointer(floats);
    }
    if (values instanceof double[] doubles) {
      return new DoublePointer(doubles);
    }
    if (values instanceof FloatBuffer buffer) {
      float[] copy = new float[buffer.remaining()];
      buffer.duplicate().get(copy);
      return new FloatPointer(copy);
    }
    DoubleBuffer buffer = (DoubleBuffer) values;
    double[] copy = new double[buffer.remaining()];
    buffer.duplicate().get(copy);
    return new DoublePointer(copy);
  }

  static double[] doubles(Tensor tensor) {
    return Vectors.doubles(tensor);
  }

  static float[] floats(Tensor tensor) {
    Tensor plain = tensor.to(ScalarType.Float).cpu().contiguous();
    float[] values = new float[(int) plain.numel()];
    plain.data_ptr_float().get(values);
    return values;
  }

  /** The values in the kind of array or buffer that the input was; buffers are direct. */
  @SuppressWarnings(
      "unchecked") // the same class as the input's, but for buffers, whose type is abstract
  static <A> A like(A input, Tensor tensor) {
    return (A) sameKind(input, tensor);
  }

  private static Object sameKind(Object input, Tensor tensor) {
    if (input instanceof float[]) {
      return floats(tensor);
    }
    if (input instanceof double[]) {
      return doubles(tensor);
    }
    if (input instanceof FloatBuffer) {
      float[] values = floats(tensor);
      FloatBuffer buffer =
          ByteBuffer.allocateDirect(values.length * Float.BYTES)
              .order(ByteOrder.nativeOrder())
              .asFloatBuffer();
      buffer.put(values).flip();
      return buffer;
    }
    double[] values = doubles(tensor);
    DoubleBuffer buffer =
        ByteBuffer.allocateDirect(values.length * Double.BYTES)
            .order(ByteOrder.nativeOrder())
            .asDoubleBuffer();
    buffer.put(values).flip();
    return buffer;
  }
}
