/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.images.internal;

import java.util.function.Supplier;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.DoublePointer;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.zennit4j.images.ImageException;

/** The way between Java arrays and tensors. */
public final class Tensors {
  private Tensors() {}

  /**
   * Runs native work in a scope of its own and hands its one result to the caller: attached to the
   * caller's innermost scope if there is one, otherwise to nobody, so that close() or the garbage
   * collector frees it.
   */
  @SuppressWarnings("try")
  public static Tensor scoped(Supplier<Tensor> work) {
    Tensor result;
    try (PointerScope scope = new PointerScope()) {
      result = work.get();
      result.retainReference();
    } catch (ImageException e) {
      throw e;
    } catch (RuntimeException e) {
      throw failed(e);
    }
    PointerScope outer = PointerScope.getInnerScope();
    if (outer != null) {
      outer.attach(result);
      result.releaseReference();
    }
    return result;
  }

  /** Copies a tensor of any device, dtype and layout to Java. */
  @SuppressWarnings("try")
  public static Values read(Tensor tensor, String what) {
    checkDefined(tensor, what);
    try (PointerScope scope = new PointerScope()) {
      ScalarType type = tensor.scalar_type().intern();
      Tensor source = tensor.detach().to(new Device("cpu"), type);
      long[] sizes = tensor.shape();
      int[] shape = new int[sizes.length];
      long count = 1;
      for (int i = 0; i < shape.length; i++) {
        count *= sizes[i];
        if (count > Integer.MAX_VALUE / 8) {
          throw new ImageException(what + " has too many values for a picture");
        }
        shape[i] = (int) sizes[i];
      }
      double[] data = new double[(int) count];
      Values.Kind kind =
          switch (type) {
            case Byte -> Values.Kind.UINT8;
            case Double -> Values.Kind.FLOAT64;
            case Float, Half, BFloat16 -> Values.Kind.FLOAT32;
            case Bool, Char, Short, Int, Long -> Values.Kind.INTEGER;
            default -> throw new ImageException(what + " is of dtype " + type + ", not real");
          };
      if (data.length > 0) {
        Tensor doubles = source.to(ScalarType.Double).contiguous();
        new DoublePointer(doubles.data_ptr()).get(data);
      }
      return new Values(data, shape, kind);
    } catch (ImageException e) {
      throw e;
    } catch (RuntimeException e) {
      throw failed(e);
    }
  }

  /** LibTorch's messages carry a native stack trace after their first line. */
  private static ImageException failed(RuntimeException e) {
    String message = String.valueOf(e.getMessage()).strip();
    return new ImageException("LibTorch: " + message.lines().findFirst().orElse("failed"), e);
  }

  /** Fails for null, closed and undefined tensors. */
  public static void checkDefined(Tensor tensor, String what) {
    if (tensor == null || tensor.isNull() || !tensor.defined()) {
      throw new ImageException(what + " is missing: the tensor is null, closed or undefined");
    }
  }

  /** A uint8 tensor on the CPU, the caller's. */
  public static Tensor ofBytes(byte[] data, long... shape) {
    return scoped(() -> copy(new BytePointer(data), ScalarType.Byte, shape));
  }

  /** A float32 tensor on the CPU, the caller's. */
  public static Tensor ofFloats(float[] data, long... shape) {
    return scoped(() -> copy(new FloatPointer(data), ScalarType.Float, shape));
  }

  /** A tensor of the given dtype and device, the caller's. */
  public static Tensor ofDoubles(double[] data, ScalarType type, Device device, long... shape) {
    return scoped(() -> copy(new DoublePointer(data), ScalarType.Double, shape).to(device, type));
  }

  private static Tensor copy(Pointer data, ScalarType type, long[] shape) {
    for (long size : shape) {
      if (size == 0) {
        return torch.empty(shape, new TensorOptions(type), null);
      }
    }
    // from_blob shares the memory, which goes with the scope: hence the clone.
    return torch.from_blob(data, shape, new TensorOptions(type)).clone();
  }
}
