/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.requests;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.Arrays;
import org.zennit4j.requests.NdArray.DType;

/**
 * An npy file of which some rows are read at a time, so that it may be larger than the memory.
 *
 * <p>Thread-safe. Owned by who opens it, who closes it.
 */
public final class NpyFile implements AutoCloseable {
  private final String name;
  private final FileChannel channel;
  private final NpyHeader header;
  private final long start;

  private NpyFile(String name, FileChannel channel) throws IOException {
    this.name = name;
    this.channel = channel;
    this.header = Npy.readHeader(Channels.newInputStream(channel));
    this.start = channel.position();
    if (header.shape().length == 0) {
      throw new RequestException("it holds a single number, which has no rows");
    }
    if (header.fortranOrder() && header.shape().length > 1) {
      throw new RequestException(
          "it is in Fortran order, whose rows lie scattered; save numpy.ascontiguousarray of it");
    }
    long wanted = start + Math.multiplyExact(header.shape()[0], rowBytes());
    if (channel.size() < wanted) {
      throw new RequestException("truncated: " + channel.size() + " of " + wanted + " bytes");
    }
  }

  /**
   * Opens a file and reads its header.
   *
   * @param path the file
   * @return the open file
   * @throws RequestException if there is no such file or it holds no array whose rows can be read
   */
  public static NpyFile open(Path path) {
    return open(path, path.toString());
  }

  /**
   * Opens a copy of an array that is known by another name, such as one out of an npz file.
   *
   * @param path the file
   * @param name what messages call it
   * @return the open file
   * @throws RequestException if there is no such file or it holds no array whose rows can be read
   */
  public static NpyFile open(Path path, String name) {
    FileChannel channel = null;
    try {
      channel = FileChannel.open(path);
      return new NpyFile(name, channel);
    } catch (IOException | RuntimeException e) {
      if (channel != null) {
        try {
          channel.close();
        } catch (IOException second) {
          e.addSuppressed(second);
        }
      }
      throw Npy.cannotRead(name, e);
    }
  }

  /**
   * Returns the type of the elements.
   *
   * @return the type
   */
  public DType dtype() {
    return header.dtype();
  }

  /**
   * Returns the shape of the whole array.
   *
   * @return a copy; the first length is the number of rows
   */
  public long[] shape() {
    return header.shape().clone();
  }

  private long rowBytes() {
    long bytes = header.dtype().itemSize();
    for (int i = 1; i < header.shape().length; i++) {
      bytes = Math.multiplyExact(bytes, header.shape()[i]);
    }
    return bytes;
  }

  /**
   * Reads some rows.
   *
   * @param first the first row, from 0
   * @param count how many
   * @return an array of shape (count, ...)
   * @throws RequestException if they are not there or cannot be read
   */
  public NdArray rows(long first, int count) {
    long[] shape = shape();
    if (first < 0 || count < 0 || first > shape[0] - count) {
      throw new RequestException(
          Npy.printable(
              name + ": no rows " + first + " to " + (first + count - 1) + " of " + shape[0]));
    }
    shape[0] = count;
    byte[] data = new byte[NdArray.byteSize(dtype(), shape)];
    ByteBuffer buffer = ByteBuffer.wrap(data);
    long at = start + first * rowBytes();
    try {
      while (buffer.hasRemaining()) {
        if (channel.read(buffer, at + buffer.position()) < 0) {
          throw new EOFException();
        }
      }
    } catch (IOException e) {
      throw Npy.cannotRead(name, e);
    }
    if (header.bigEndian()) {
      Npy.swap(data, dtype().itemSize());
    }
    return new NdArray(dtype(), shape, data);
  }

  @Override
  public String toString() {
    return name + " " + dtype() + Arrays.toString(header.shape());
  }

  /** Closes the file; closing twice is harmless. */
  @Override
  public void close() {
    try {
      channel.close();
    } catch (IOException e) {
      throw Npy.cannotRead(name, e);
    }
  }
}
