/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.datasets.internal;

import java.nio.ByteOrder;
import java.util.Arrays;
import org.bytedeco.hdf5.global.hdf5;
import org.bytedeco.javacpp.BytePointer;
import org.zennit4j.datasets.DatasetException;
import org.zennit4j.requests.NdArray;
import org.zennit4j.requests.NdArray.DType;

/** A data set of numbers in an {@link Hdf5File}, which closes it. Thread-safe. */
public final class Hdf5Data {
  private static final int INTEGER = 0;
  private static final int FLOAT = 1;
  private static final int ENUM = 8;

  private final Hdf5File file;
  private final String name;
  private final DType dtype;
  private long id;

  /** Takes over the data set. */
  Hdf5Data(Hdf5File file, String name, long id) {
    this.file = file;
    this.name = name;
    this.id = id;
    long type = hdf5.H5Dget_type(id);
    try {
      this.dtype = dtype(type);
    } catch (DatasetException e) {
      hdf5.H5Dclose(id);
      throw e;
    } finally {
      hdf5.H5Tclose(type);
    }
  }

  private DType dtype(long type) {
    int kind = hdf5.H5Tget_class(type);
    int size = (int) hdf5.H5Tget_size(type);
    boolean signed = hdf5.H5Tget_sign(type) != 0;
    DType found = null;
    if (kind == FLOAT) {
      // Half floats are converted by the library.
      found = size <= 4 ? DType.FLOAT32 : size == 8 ? DType.FLOAT64 : null;
    } else if (kind == INTEGER) {
      found =
          switch (size) {
            case 1 -> signed ? DType.INT8 : DType.UINT8;
            case 2 -> signed ? DType.INT16 : DType.UINT16;
            case 4 -> signed ? DType.INT32 : DType.UINT32;
            case 8 -> signed ? DType.INT64 : DType.UINT64;
            default -> null;
          };
    } else if (kind == ENUM && size == 1) {
      found = DType.BOOL;
    }
    if (found == null) {
      throw new DatasetException(what() + ": it holds no plain numbers");
    }
    return found;
  }

  /** The library's type for a type of ours, in memory. */
  private static long memory(DType dtype) {
    return switch (dtype) {
      case BOOL, INT8 -> hdf5.H5T_NATIVE_INT8_g();
      case UINT8 -> hdf5.H5T_NATIVE_UINT8_g();
      case INT16 -> hdf5.H5T_NATIVE_INT16_g();
      case UINT16 -> hdf5.H5T_NATIVE_UINT16_g();
      case INT32 -> hdf5.H5T_NATIVE_INT32_g();
      case UINT32 -> hdf5.H5T_NATIVE_UINT32_g();
      case INT64 -> hdf5.H5T_NATIVE_INT64_g();
      case UINT64 -> hdf5.H5T_NATIVE_UINT64_g();
      case FLOAT32 -> hdf5.H5T_NATIVE_FLOAT_g();
      case FLOAT64 -> hdf5.H5T_NATIVE_DOUBLE_g();
      case FLOAT16 ->
          throw new DatasetException("float16 cannot be written to HDF5; convert it to float32");
    };
  }

  /** The library's type for a type of ours, in a file: little endian. */
  static long stored(DType dtype) {
    return switch (dtype) {
      case BOOL, INT8 -> hdf5.H5T_STD_I8LE_g();
      case UINT8 -> hdf5.H5T_STD_U8LE_g();
      case INT16 -> hdf5.H5T_STD_I16LE_g();
      case UINT16 -> hdf5.H5T_STD_U16LE_g();
      case INT32 -> hdf5.H5T_STD_I32LE_g();
      case UINT32 -> hdf5.H5T_STD_U32LE_g();
      case INT64 -> hdf5.H5T_STD_I64LE_g();
      case UINT64 -> hdf5.H5T_STD_U64LE_g();
      case FLOAT32 -> hdf5.H5T_IEEE_F32LE_g();
      case FLOAT64 -> hdf5.H5T_IEEE_F64LE_g();
      case FLOAT16 -> memory(dtype);
    };
  }

  String name() {
    return name;
  }

  private String what() {
    return file.path() + " (" + name + ")";
  }

  /**
   * Returns the type of the elements.
   *
   * @return the type; FLOAT32 where half floats are stored
   */
  public DType dtype() {
    return dtype;
  }

  /**
   * Returns the shape, the number of rows first.
   *
   * @return as it is now
   */
  public long[] shape() {
    synchronized (Hdf5.LOCK) {
      long space = hdf5.H5Dget_space(id());
      try {
        int rank = hdf5.H5Sget_simple_extent_ndims(space);
        long[] shape = new long[rank];
        hdf5.H5Sget_simple_extent_dims(space, shape, new long[rank]);
        return shape;
      } finally {
        hdf5.H5Sclose(space);
      }
    }
  }

  private long id() {
    if (id < 0) {
      throw new DatasetException(what() + " was closed");
    }
    return id;
  }

  /**
   * Reads some rows.
   *
   * @param first the first row, from 0
   * @param count how many
   * @return an array of shape (count, ...)
   */
  public NdArray rows(long first, int count) {
    synchronized (Hdf5.LOCK) {
      long[] shape = shape();
      if (shape.length == 0) {
        throw new DatasetException(what() + ": it holds a single number, which has no rows");
      }
      if (first < 0 || count < 0 || first > shape[0] - count) {
        throw new DatasetException(
            what() + ": no rows " + first + " to " + (first + count - 1) + " of " + shape[0]);
      }
      shape[0] = count;
      long bytes = Arrays.stream(shape).reduce(dtype.itemSize(), Math::multiplyExact);
      byte[] elements = new byte[Math.toIntExact(bytes)];
      if (bytes > 0) {
        try (BytePointer buffer = new BytePointer(bytes)) {
          transfer(first, shape, buffer, false);
          buffer.get(elements);
        }
      }
      return NdArray.of(dtype, java.nio.ByteBuffer.wrap(elements), shape);
    }
  }

  /**
   * Appends rows.
   *
   * @param rows of shape (count, ...), of this data set's type
   */
  public void append(NdArray rows) {
    synchronized (Hdf5.LOCK) {
      long[] shape = shape();
      long[] added = rows.shape();
      boolean fits =
          rows.dtype() == dtype
              && added.length == shape.length
              && Arrays.equals(shape, 1, shape.length, added, 1, added.length);
      if (!fits) {
        throw new DatasetException(
            what()
                + ": rows of "
                + rows.dtype()
                + Arrays.toString(added)
                + " do not fit to "
                + dtype
                + Arrays.toString(shape));
      }
      long first = shape[0];
      shape[0] += added[0];
      Hdf5.check(hdf5.H5Dset_extent(id(), shape), "cannot write " + what());
      if (rows.size() > 0) {
        java.nio.ByteBuffer bytes = rows.bytes();
        try (BytePointer buffer = new BytePointer((long) bytes.remaining())) {
          buffer.asByteBuffer().order(ByteOrder.nativeOrder()).put(bytes);
          transfer(first, added, buffer, true);
        }
      }
    }
  }

  private void transfer(long first, long[] shape, BytePointer buffer, boolean write) {
    String what = (write ? "cannot write " : "cannot read ") + what();
    long[] start = new long[shape.length];
    start[0] = first;
    long[] ones = new long[shape.length];
    Arrays.fill(ones, 1);
    long space = hdf5.H5Dget_space(id());
    long memory = Hdf5.check(hdf5.H5Screate_simple(shape.length, shape, shape.clone()), what);
    // Booleans are an enumeration in the file, which converts to nothing but itself.
    long type = dtype == DType.BOOL ? hdf5.H5Dget_type(id) : memory(dtype);
    try {
      Hdf5.check(
          hdf5.H5Sselect_hyperslab(space, hdf5.H5S_SELECT_SET, start, ones, shape, ones), what);
      Hdf5.check(
          write
              ? hdf5.H5Dwrite(id, type, memory, space, hdf5.H5P_DEFAULT, buffer)
              : hdf5.H5Dread(id, type, memory, space, hdf5.H5P_DEFAULT, buffer),
          what);
    } finally {
      hdf5.H5Sclose(space);
      hdf5.H5Sclose(memory);
      if (dtype == DType.BOOL) {
        hdf5.H5Tclose(type);
      }
    }
  }

  /**
   * Appends all rows of another data set of the same type and shape of row. Where chunks come to
   * lie on chunks they are copied as they are packed.
   *
   * @param other its rows
   */
  public void appendAll(Hdf5Data other) {
    synchronized (Hdf5.LOCK) {
      long[] shape = shape();
      long[] more = other.shape();
      long[] chunk = chunk();
      if (Arrays.equals(chunk, other.chunk()) && shape[0] % chunk[0] == 0) {
        long start = shape[0];
        shape[0] += more[0];
        Hdf5.check(hdf5.H5Dset_extent(id(), shape), "cannot write " + what());
        for (long row = 0; row < more[0]; row += chunk[0]) {
          copyChunk(other, row, start + row, chunk.length);
        }
        return;
      }
      for (long row = 0; row < more[0]; row += chunk[0]) {
        append(other.rows(row, (int) Math.min(chunk[0], more[0] - row)));
      }
    }
  }

  private void copyChunk(Hdf5Data from, long row, long to, int rank) {
    long[] offset = new long[rank];
    offset[0] = row;
    long[] size = new long[1];
    Hdf5.check(
        hdf5.H5Dget_chunk_storage_size(from.id(), offset, size), "cannot read " + from.what());
    int[] filters = new int[1];
    try (BytePointer packed = new BytePointer(size[0])) {
      Hdf5.check(
          hdf5.H5Dread_chunk(from.id(), hdf5.H5P_DEFAULT, offset, filters, packed),
          "cannot read " + from.what());
      offset[0] = to;
      Hdf5.check(
          hdf5.H5Dwrite_chunk(id(), hdf5.H5P_DEFAULT, filters[0], offset, size[0], packed),
          "cannot write " + what());
    }
  }

  private long[] chunk() {
    long[] chunk = new long[shape().length];
    long creation = hdf5.H5Dget_create_plist(id());
    try {
      Hdf5.check(hdf5.H5Pget_chunk(creation, chunk.length, chunk), what() + " has no chunks");
      return chunk;
    } finally {
      hdf5.H5Pclose(creation);
    }
  }

  /**
   * Adds an attribute: a list of numbers.
   *
   * @param key its name
   * @param values of one dimension
   */
  public void attribute(String key, NdArray values) {
    synchronized (Hdf5.LOCK) {
      String what = "cannot write the attribute " + key + " of " + what();
      long space = Hdf5.check(hdf5.H5Screate_simple(1, values.shape(), values.shape()), what);
      long attribute = -1;
      try (BytePointer buffer = new BytePointer((long) values.bytes().remaining())) {
        attribute =
            Hdf5.check(
                hdf5.H5Acreate2(
                    id(), key, stored(values.dtype()), space, hdf5.H5P_DEFAULT, hdf5.H5P_DEFAULT),
                what);
        buffer.asByteBuffer().put(values.bytes());
        Hdf5.check(hdf5.H5Awrite(attribute, memory(values.dtype()), buffer), what);
      } finally {
        hdf5.H5Sclose(space);
        if (attribute >= 0) {
          hdf5.H5Aclose(attribute);
        }
      }
    }
  }

  void close() {
    if (id >= 0) {
      hdf5.H5Dclose(id);
      id = -1;
    }
  }
}
