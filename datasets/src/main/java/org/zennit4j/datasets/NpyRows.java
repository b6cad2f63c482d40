/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.datasets;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.zennit4j.requests.NdArray;
import org.zennit4j.requests.NdArray.DType;
import org.zennit4j.requests.NpyFile;
import org.zennit4j.requests.Npz;

/** The rows of an npy file, or of an array in an npz file, which is unpacked beside. */
final class NpyRows implements Rows {
  private final NpyFile file;
  private final Path temporary;

  private NpyRows(NpyFile file, Path temporary) {
    this.file = file;
    this.temporary = temporary;
  }

  static NpyRows open(Path file) {
    return new NpyRows(NpyFile.open(file), null);
  }

  static NpyRows open(Npz npz, String name) {
    Path unpacked;
    try {
      unpacked = Files.createTempFile("zennit4j-", ".npy");
    } catch (IOException e) {
      throw new DatasetException("cannot unpack " + name + ": " + e.getMessage(), e);
    }
    try {
      npz.extract(name, unpacked);
      return new NpyRows(NpyFile.open(unpacked, npz + ":" + name), unpacked);
    } catch (RuntimeException e) {
      TemporaryFiles.delete(unpacked);
      throw e;
    }
  }

  @Override
  public DType dtype() {
    return file.dtype();
  }

  @Override
  public long[] shape() {
    return file.shape();
  }

  @Override
  public NdArray read(long first, int count) {
    return file.rows(first, count);
  }

  @Override
  public void close() {
    file.close();
    if (temporary != null) {
      TemporaryFiles.delete(temporary);
    }
  }
}
