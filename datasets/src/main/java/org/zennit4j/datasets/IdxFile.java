/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.datasets;

import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Arrays;
import java.util.zip.GZIPInputStream;
import org.zennit4j.requests.NdArray;
import org.zennit4j.requests.NdArray.DType;

/** The rows of an idx file of bytes, as MNIST's are; it may be packed with gzip. */
final class IdxFile implements Rows {
  private static final int BYTES = 0x08;

  private final Path file;

  /** What the user calls it, packed or not. */
  private final Path given;

  private final FileChannel channel;
  private final long[] shape;

  private IdxFile(Path file, Path given) throws IOException {
    this.file = file;
    this.given = given;
    try (DataInputStream in =
        new DataInputStream(new BufferedInputStream(Files.newInputStream(file)))) {
      int magic = in.readInt();
      int rank = magic & 0xff;
      if (magic >>> 8 != BYTES || rank == 0 || rank > 8) {
        throw new IOException("not an idx file of bytes");
      }
      shape = new long[rank];
      long size = 4 + 4L * rank;
      long elements = 1;
      for (int i = 0; i < rank; i++) {
        shape[i] = Integer.toUnsignedLong(in.readInt());
        elements = Math.multiplyExact(elements, shape[i]);
      }
      if (Files.size(file) != size + elements) {
        throw new IOException("truncated, or longer than its shape " + Arrays.toString(shape));
      }
    } catch (ArithmeticException e) {
      throw new IOException("corrupt header: impossible shape", e);
    }
    channel = FileChannel.open(file);
  }

  static IdxFile open(Path file) {
    Path plain = file;
    boolean packed = file.toString().endsWith(".gz");
    try {
      if (packed) {
        plain = Files.createTempFile("zennit4j-", ".idx");
        try (InputStream in =
            new GZIPInputStream(new BufferedInputStream(Files.newInputStream(file)))) {
          Files.copy(in, plain, StandardCopyOption.REPLACE_EXISTING);
        }
      }
      return new IdxFile(plain, file);
    } catch (IOException e) {
      if (packed) {
        TemporaryFiles.delete(plain);
      }
      throw new DatasetException("cannot read " + file + ": " + e.getMessage(), e);
    }
  }

  @Override
  public DType dtype() {
    return DType.UINT8;
  }

  @Override
  public long[] shape() {
    return shape.clone();
  }

  @Override
  public NdArray read(long first, int count) {
    long row = 1;
    for (int i = 1; i < shape.length; i++) {
      row *= shape[i];
    }
    ByteBuffer bytes = ByteBuffer.allocate(Math.toIntExact(row * count));
    long at = 4 + 4L * shape.length + first * row;
    try {
      while (bytes.hasRemaining()) {
        if (channel.read(bytes, at + bytes.position()) < 0) {
          throw new IOException("truncated");
        }
      }
    } catch (IOException e) {
      throw new DatasetException("cannot read " + given + ": " + e.getMessage(), e);
    }
    long[] some = shape.clone();
    some[0] = count;
    return NdArray.of(DType.UINT8, bytes.flip(), some);
  }

  @Override
  public void close() {
    try {
      channel.close();
    } catch (IOException e) {
      throw new DatasetException("cannot close " + given + ": " + e.getMessage(), e);
    } finally {
      if (!file.equals(given)) {
        TemporaryFiles.delete(file);
      }
    }
  }
}
