/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.datasets;

import java.nio.file.Path;
import java.util.List;
import org.zennit4j.datasets.internal.Hdf5Data;
import org.zennit4j.datasets.internal.Hdf5File;
import org.zennit4j.requests.NdArray;
import org.zennit4j.requests.NdArray.DType;

/** The rows of a data set in an HDF5 file. */
final class Hdf5Rows implements Rows {
  private final Hdf5File file;
  private final Hdf5Data data;

  private Hdf5Rows(Hdf5File file, Hdf5Data data) {
    this.file = file;
    this.data = data;
  }

  static SampleSource source(Path input, SourceOptions options) {
    Hdf5File file = Hdf5File.open(input);
    try {
      List<String> names = file.names("/");
      String data = SampleSources.data(input, options, names);
      NdArray labels =
          SampleSources.labelName(input, options, names)
              .map(
                  name -> {
                    Hdf5Data stored = file.data(name);
                    return stored.rows(0, Math.toIntExact(stored.shape()[0]));
                  })
              .orElse(null);
      return SampleSources.source(input, new Hdf5Rows(file, file.data(data)), labels, options);
    } catch (RuntimeException e) {
      file.close();
      throw e;
    }
  }

  @Override
  public DType dtype() {
    return data.dtype();
  }

  @Override
  public long[] shape() {
    return data.shape();
  }

  @Override
  public NdArray read(long first, int count) {
    return data.rows(first, count);
  }

  @Override
  public void close() {
    file.close();
  }
}
