/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.requests;

import static java.nio.ByteOrder.LITTLE_ENDIAN;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Iterator;
import java.util.Objects;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.MemoryFormatOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.zennit4j.bindings.LibTorch;

/**
 * An immutable array of numbers on the Java heap, as an npy file holds it.
 *
 * <p>The elements are kept in C order, little endian. Safe for use by several threads; there is
 * nothing to close. An array holds at most 2 GiB.
 */
public final class NdArray {

  /** The longest array of bytes that every JVM can allocate. */
  private static final int MAX_BYTES = Integer.MAX_VALUE - 8;

  /** LibTorch and NumPy both stop at this number of dimensions. */
  static final int MAX_DIMENSIONS = 64;

  /** The type of the elements. */
  public enum DType {
    /** A byte that is 0 or 1. */
    BOOL('b', 1, ScalarType.Bool),
    /** Signed, 8 bits. */
    INT8('i', 1, ScalarType.Char),
    /** Signed, 16 bits. */
    INT16('i', 2, ScalarType.Short),
    /** Signed, 32 bits. */
    INT32('i', 4, ScalarType.Int),
    /** Signed, 64 bits. */
    INT64('i', 8, ScalarType.Long),
    /** Unsigned, 8 bits. */
    UINT8('u', 1, ScalarType.Byte),
    /** Unsigned, 16 bits. */
    UINT16('u', 2, ScalarType.UInt16),
    /** Unsigned, 32 bits. */
    UINT32('u', 4, ScalarType.UInt32),
    /** Unsigned, 64 bits. */
    UINT64('u', 8, ScalarType.UInt64),
    /** IEEE 754 binary16. */
    FLOAT16('f', 2, ScalarType.Half),
    /** IEEE 754 binary32. */
    FLOAT32('f', 4, ScalarType.Float),
    /** IEEE 754 binary64. */
    FLOAT64('f', 8, ScalarType.Double);

    private final char kind;
    private final int itemSize;
    private final ScalarType scalarType;

    DType(char kind, int itemSize, ScalarType scalarType) {
      this.kind = kind;
      this.itemSize = itemSize;
      this.scalarType = scalarType;
    }

    /**
     * Returns the number of bytes of one element.
     *
     * @return 1, 2, 4 or 8
     */
    public int itemSize() {
      return itemSize;
    }

    /**
     * Returns whether the elements are floating-point numbers.
     *
     * @return true for FLOAT16, FLOAT32 and FLOAT64
     */
    public boolean isFloatingPoint() {
      return kind == 'f';
    }

    /** NumPy's name for this type in little endian, such as {@code <f8}. */
    String descr() {
      return (itemSize == 1 ? "|" : "<") + kind + itemSize;
    }

    /** The type that NumPy calls by this kind and size, or null. */
    static DType of(char kind, int itemSize) {
      for (DType type : values()) {
        if (type.kind == kind && type.itemSize == itemSize) {
          return type;
        }
      }
      return null;
    }
  }

  private final DType dtype;
  private final long[] shape;

  /** C order, little endian; never handed out and never written after construction. */
  private final byte[] data;

  /** Takes over both arrays. */
  NdArray(DType dtype, long[] shape, byte[] data) {
    this.dtype = dtype;
    this.shape = shape;
    this.data = data;
    if (dtype == DType.BOOL) {
      // Any other byte is undefined behaviour in LibTorch.
      for (int i = 0; i < data.length; i++) {
        data[i] = (byte) (data[i] == 0 ? 0 : 1);
      }
    }
  }

  /**
   * Copies elements that are in C order and little endian.
   *
   * @param dtype their type
   * @param bytes the elements, from the buffer's position to its limit; the buffer is not changed
   * @param shape the length of each dimension, none for a single number
   * @return the array
   */
  public static NdArray of(DType dtype, ByteBuffer bytes, long... shape) {
    byte[] data = new byte[byteSize(dtype, shape)];
    requireCount(bytes.remaining() / dtype.itemSize(), data.length / dtype.itemSize(), shape);
    bytes.duplicate().get(data);
    return new NdArray(dtype, shape.clone(), data);
  }

  /**
   * Copies 64-bit floating-point numbers.
   *
   * @param values the elements in C order
   * @param shape the length of each dimension, none for a single number
   * @return an array of FLOAT64
   */
  public static NdArray ofDoubles(double[] values, long... shape) {
    byte[] data = allocate(DType.FLOAT64, values.length, shape);
    ByteBuffer.wrap(data).order(LITTLE_ENDIAN).asDoubleBuffer().put(values);
    return new NdArray(DType.FLOAT64, shape.clone(), data);
  }

  /**
   * Copies 32-bit floating-point numbers.
   *
   * @param values the elements in C order
   * @param shape the length of each dimension, none for a single number
   * @return an array of FLOAT32
   */
  public static NdArray ofFloats(float[] values, long... shape) {
    byte[] data = allocate(DType.FLOAT32, values.length, shape);
    ByteBuffer.wrap(data).order(LITTLE_ENDIAN).asFloatBuffer().put(values);
    return new NdArray(DType.FLOAT32, shape.clone(), data);
  }

  /**
   * Copies 64-bit integers.
   *
   * @param values the elements in C order
   * @param shape the length of each dimension, none for a single number
   * @return an array of INT64
   */
  public static NdArray ofLongs(long[] values, long... shape) {
    byte[] data = allocate(DType.INT64, values.length, shape);
    ByteBuffer.wrap(data).order(LITTLE_ENDIAN).asLongBuffer().put(values);
    return new NdArray(DType.INT64, shape.clone(), data);
  }

  /**
   * Copies a tensor, from any device and with any strides.
   *
   * @param tensor stays the caller's
   * @return its elements
   * @throws RequestException if its type has no counterpart in npy files
   */
  @SuppressWarnings("try") // the scope works by being there
  public static NdArray of(Tensor tensor) {
    try (PointerScope scope = new PointerScope()) {
      if (!tensor.defined()) {
        throw new RequestException("an undefined tensor has no elements to copy");
      }
      DType dtype = dtypeOf(tensor.scalar_type());
      if (tensor.layout().intern() != torch.Layout.Strided) {
        throw new RequestException(
            "a tensor of layout " + tensor.layout() + " cannot be an array: make it dense first");
      }
      long[] shape = new long[Math.toIntExact(tensor.dim())];
      for (int i = 0; i < shape.length; i++) {
        shape[i] = tensor.size(i);
      }
      byte[] data = new byte[byteSize(dtype, shape)];
      if (data.length > 0) {
        Tensor dense = tensor.detach().cpu().resolve_neg().contiguous();
        bytesOf(dense, data.length).get(data);
      }
      return new NdArray(dtype, shape, data);
    }
  }

  private static DType dtypeOf(ScalarType scalarType) {
    ScalarType interned = scalarType.intern();
    for (DType type : DType.values()) {
      if (type.scalarType == interned) {
        return type;
      }
    }
    throw new RequestException(
        "a tensor of type " + interned + " cannot be an array: convert it, to float32 for example");
  }

  /**
   * Copies the elements into a new tensor on the CPU.
   *
   * @return a tensor of the same type and shape, without gradient. It belongs to the caller: it is
   *     attached to the innermost open PointerScope of this thread if there is one, and may be
   *     closed at any time
   */
  public Tensor toTensor() {
    LibTorch.load();
    try (PointerScope scope = new PointerScope()) {
      Tensor tensor =
          torch.empty(shape, new TensorOptions(dtype.scalarType), new MemoryFormatOptional());
      if (data.length > 0) {
        bytesOf(tensor, data.length).put(data);
      }
      return handOver(tensor, scope);
    }
  }

  private static BytePointer bytesOf(Tensor contiguous, int size) {
    return new BytePointer(contiguous.data_ptr()).capacity(size);
  }

  /** Makes a pointer outlive the innermost scope, owned by the next one outside or by nobody. */
  private static Tensor handOver(Tensor tensor, PointerScope innermost) {
    Iterator<PointerScope> scopes = PointerScope.getScopeIterator();
    while (scopes != null && scopes.hasNext()) {
      PointerScope outer = scopes.next();
      if (outer == innermost) {
        continue;
      }
      try {
        outer.attach(tensor);
        return tensor;
      } catch (IllegalArgumentException e) {
        // That scope takes other classes only: JavaCPP then asks the next one, and so do we.
      }
    }
    tensor.retainReference();
    return tensor;
  }

  /**
   * Returns the type of the elements.
   *
   * @return the type
   */
  public DType dtype() {
    return dtype;
  }

  /**
   * Returns the length of each dimension.
   *
   * @return a copy; empty for a single number
   */
  public long[] shape() {
    return shape.clone();
  }

  /**
   * Returns the number of elements.
   *
   * @return the product of the shape, 1 for a single number
   */
  public int size() {
    return data.length / dtype.itemSize();
  }

  /**
   * Returns the elements without a copy.
   *
   * @return a read-only buffer, C order, little endian
   */
  public ByteBuffer bytes() {
    // asReadOnlyBuffer forgets the order.
    return ByteBuffer.wrap(data).asReadOnlyBuffer().order(LITTLE_ENDIAN);
  }

  /**
   * Converts the elements; 64-bit integers are rounded.
   *
   * @return a new array, in C order
   */
  public double[] toDoubles() {
    double[] result = new double[size()];
    ByteBuffer in = bytes();
    if (dtype == DType.FLOAT64) {
      in.asDoubleBuffer().get(result);
      return result;
    }
    for (int i = 0; i < result.length; i++) {
      result[i] = doubleAt(in, i);
    }
    return result;
  }

  /**
   * Converts the elements; what does not fit into 24 bits is rounded.
   *
   * @return a new array, in C order
   */
  public float[] toFloats() {
    float[] result = new float[size()];
    ByteBuffer in = bytes();
    if (dtype == DType.FLOAT32) {
      in.asFloatBuffer().get(result);
      return result;
    }
    for (int i = 0; i < result.length; i++) {
      result[i] = (float) doubleAt(in, i);
    }
    return result;
  }

  /**
   * Converts integers or booleans.
   *
   * @return a new array, in C order
   * @throws RequestException if the elements are floating-point numbers, or unsigned and too large
   */
  public long[] toLongs() {
    if (dtype.isFloatingPoint()) {
      throw new RequestException("an array of " + dtype + " where integers are needed");
    }
    long[] result = new long[size()];
    ByteBuffer in = bytes();
    for (int i = 0; i < result.length; i++) {
      result[i] = longAt(in, i);
      if (dtype == DType.UINT64 && result[i] < 0) {
        throw new RequestException(
            "the integer " + Long.toUnsignedString(result[i]) + " does not fit into 64 bits");
      }
    }
    return result;
  }

  void writeTo(OutputStream out) throws IOException {
    out.write(data);
  }

  private double doubleAt(ByteBuffer in, int i) {
    return switch (dtype) {
      case FLOAT64 -> in.getDouble(8 * i);
      case FLOAT32 -> in.getFloat(4 * i);
      case FLOAT16 -> halfToFloat(in.getShort(2 * i));
      case UINT64 -> unsignedToDouble(in.getLong(8 * i));
      case BOOL, INT8, INT16, INT32, INT64, UINT8, UINT16, UINT32 -> (double) longAt(in, i);
    };
  }

  private long longAt(ByteBuffer in, int i) {
    return switch (dtype) {
      case BOOL, INT8 -> in.get(i);
      case INT16 -> in.getShort(2 * i);
      case INT32 -> in.getInt(4 * i);
      case INT64, UINT64 -> in.getLong(8 * i);
      case UINT8 -> Byte.toUnsignedLong(in.get(i));
      case UINT16 -> Short.toUnsignedLong(in.getShort(2 * i));
      case UINT32 -> Integer.toUnsignedLong(in.getInt(4 * i));
      case FLOAT16, FLOAT32, FLOAT64 -> throw new IllegalStateException(dtype.toString());
    };
  }

  private static double unsignedToDouble(long bits) {
    if (bits >= 0) {
      return (double) bits;
    }
    // Halve so that it fits; the lost bit is or-ed back in, so that rounding sees it.
    return 2.0 * (double) ((bits >>> 1) | (bits & 1));
  }

  private static float halfToFloat(short half) {
    int bits = Short.toUnsignedInt(half);
    int sign = (bits & 0x8000) << 16;
    int exponent = (bits >>> 10) & 0x1f;
    int fraction = bits & 0x3ff;
    if (exponent == 0) {
      return Math.copySign(fraction * 0x1p-24f, Float.intBitsToFloat(sign));
    }
    int wide = exponent == 0x1f ? 0xff : exponent + (127 - 15);
    return Float.intBitsToFloat(sign | (wide << 23) | (fraction << 13));
  }

  /** Two arrays are equal if type, shape and all bits are: NaN equals the same NaN, 0 not -0. */
  @Override
  public boolean equals(Object other) {
    return other instanceof NdArray that
        && dtype == that.dtype
        && Arrays.equals(shape, that.shape)
        && Arrays.equals(data, that.data);
  }

  @Override
  public int hashCode() {
    return Objects.hash(dtype, Arrays.hashCode(shape), Arrays.hashCode(data));
  }

  /** Type and shape, such as {@code FLOAT32[2, 3]}; never the elements. */
  @Override
  public String toString() {
    return dtype + Arrays.toString(shape);
  }

  private static byte[] allocate(DType dtype, int count, long[] shape) {
    int size = byteSize(dtype, shape);
    requireCount(count, size / dtype.itemSize(), shape);
    return new byte[size];
  }

  private static void requireCount(int count, int needed, long[] shape) {
    if (count != needed) {
      throw new RequestException(
          count + " elements cannot have the shape " + Arrays.toString(shape));
    }
  }

  /** The number of bytes, or a RequestException where no array can have this type and shape. */
  static int byteSize(DType dtype, long[] shape) {
    if (shape.length > MAX_DIMENSIONS) {
      throw new RequestException(
          shape.length + " dimensions: an array has at most " + MAX_DIMENSIONS);
    }
    if (LongStream.of(shape).anyMatch(length -> length < 0)) {
      throw new RequestException("negative length in the shape " + Arrays.toString(shape));
    }
    if (LongStream.of(shape).anyMatch(length -> length == 0)) {
      return 0;
    }
    long size = dtype.itemSize();
    for (long length : shape) {
      if (length > MAX_BYTES / size) {
        throw new RequestException(
            "an array of the shape "
                + Arrays.stream(shape).mapToObj(Long::toString).collect(Collectors.joining("x"))
                + " and type "
                + dtype
                + " is larger than 2 GiB");
      }
      size *= length;
    }
    return Math.toIntExact(size);
  }
}
