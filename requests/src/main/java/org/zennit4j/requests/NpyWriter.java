/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.requests;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.zennit4j.requests.NdArray.DType;

/**
 * An npy file that is written some rows at a time, so that it may be larger than the memory. Used
 * by one thread; owned by who opens it, who closes it after all rows.
 */
public final class NpyWriter implements AutoCloseable {
  private final Path path;
  private final OutputStream out;
  private final DType dtype;
  private final long[] shape;
  private long written;

  private NpyWriter(Path path, OutputStream out, DType dtype, long[] shape) {
    this.path = path;
    this.out = out;
    this.dtype = dtype;
    this.shape = shape;
  }

  /**
   * Begins a file; what was there is lost.
   *
   * @param path the file; its folder must exist
   * @param dtype the type of the elements
   * @param shape of the whole array, the number of rows first
   * @return the open file
   * @throws RequestException if it cannot be written
   */
  public static NpyWriter create(Path path, DType dtype, long... shape) {
    try {
      OutputStream out = new BufferedOutputStream(Files.newOutputStream(path), 1 << 16);
      Npy.writeHeader(out, dtype, shape);
      return new NpyWriter(path, out, dtype, shape.clone());
    } catch (IOException e) {
      throw cannotWrite(path, e);
    }
  }

  private static RequestException cannotWrite(Path path, IOException e) {
    return new RequestException(Npy.printable("cannot write " + path + ": " + Npy.reason(e)), e);
  }

  /**
   * Appends rows.
   *
   * @param rows of shape (count, ...), of this file's type
   * @throws RequestException if they do not fit or cannot be written
   */
  public void append(NdArray rows) {
    long[] added = rows.shape();
    boolean fits =
        rows.dtype() == dtype
            && added.length == shape.length
            && Arrays.equals(shape, 1, shape.length, added, 1, added.length)
            && written + added[0] <= shape[0];
    if (!fits) {
      throw new RequestException(
          path + ": rows of " + rows + " do not fit to " + Arrays.toString(shape));
    }
    try {
      rows.writeTo(out);
    } catch (IOException e) {
      throw cannotWrite(path, e);
    }
    written += added[0];
  }

  /** Closes the file; fails if rows are missing. */
  @Override
  public void close() {
    try {
      out.close();
    } catch (IOException e) {
      throw cannotWrite(path, e);
    }
    if (written != shape[0]) {
      throw new RequestException(path + ": " + written + " of " + shape[0] + " rows were written");
    }
  }
}
