/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.datasets;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.stream.Stream;
import org.zennit4j.datasets.internal.Hdf5Data;
import org.zennit4j.datasets.internal.Hdf5File;
import org.zennit4j.requests.NdArray;
import org.zennit4j.requests.NdArray.DType;
import org.zennit4j.requests.NpyWriter;

/** Makes the result of its parts, which are copied piece by piece. */
final class Assembly {
  private static final int ROWS = 64;

  private final Path output;
  private final Parts parts;
  private final int segments;
  private final int level;

  Assembly(Path output, Parts parts, int segments, int level) {
    this.output = output;
    this.parts = parts;
    this.segments = segments;
    this.level = level;
  }

  /** The files that ViRelAy and CoRelAy read; returns the number of rows. */
  long hdf5() {
    long[] rows = new long[1];
    replace(
        output.resolve("input.h5"),
        file -> {
          try (Hdf5File to = Hdf5File.create(file)) {
            rows[0] = copy(to, Map.of("data", "data", "label", "label"));
            if (rows[0] > 0) {
              copySampleNumbers(to);
            }
          }
        });
    replace(
        output.resolve("attribution.h5"),
        file -> {
          try (Hdf5File to = Hdf5File.create(file)) {
            copy(
                to,
                Map.of("attribution", "attribution", "prediction", "prediction", "label", "label"));
            if (rows[0] > 0) {
              Hdf5Data index = to.create("index", DType.UINT32, new long[0], level);
              for (long first = 0; first < rows[0]; first += 1 << 16) {
                index.append(count(first, (int) Math.min(1 << 16, rows[0] - first)));
              }
            }
          }
        });
    return rows[0];
  }

  private static NdArray count(long first, int count) {
    ByteBuffer numbers = ByteBuffer.allocate(4 * count).order(ByteOrder.LITTLE_ENDIAN);
    for (int i = 0; i < count; i++) {
      numbers.putInt((int) (first + i));
    }
    return NdArray.of(DType.UINT32, numbers.flip(), count);
  }

  private long copy(Hdf5File to, Map<String, String> names) {
    Map<String, Hdf5Data> made = new LinkedHashMap<>();
    long rows = 0;
    for (int segment = 0; segment < segments; segment++) {
      try (Hdf5File part = Hdf5File.open(parts.arrays(segment))) {
        if (part.names("/").isEmpty()) {
          continue;
        }
        for (Map.Entry<String, String> name : names.entrySet()) {
          Hdf5Data from = part.data(name.getValue());
          long[] shape = from.shape();
          made.computeIfAbsent(
                  name.getKey(),
                  key ->
                      to.create(
                          key,
                          from.dtype(),
                          Arrays.copyOfRange(shape, 1, shape.length),
                          level,
                          key.equals("attribution")))
              .appendAll(from);
        }
        rows += part.data("label").shape()[0];
      }
    }
    return rows;
  }

  /** Where each row comes from, as the attribution file has its index. */
  private void copySampleNumbers(Hdf5File to) {
    Hdf5Data index = to.create("index", DType.UINT32, new long[0], level);
    for (int segment = 0; segment < segments; segment++) {
      try (Hdf5File part = Hdf5File.open(parts.arrays(segment))) {
        if (!part.names("/").isEmpty()) {
          Hdf5Data samples = part.data("sample");
          long[] numbers = samples.rows(0, (int) samples.shape()[0]).toLongs();
          ByteBuffer bytes = ByteBuffer.allocate(4 * numbers.length).order(ByteOrder.LITTLE_ENDIAN);
          for (long number : numbers) {
            bytes.putInt((int) number);
          }
          index.append(NdArray.of(DType.UINT32, bytes.flip(), numbers.length));
        }
      }
    }
  }

  /** The same arrays, each in an npy file; returns the number of rows. */
  long npy() {
    long rows = 0;
    for (int segment = 0; segment < segments; segment++) {
      try (Hdf5File part = Hdf5File.open(parts.arrays(segment))) {
        rows += part.names("/").isEmpty() ? 0 : part.data("label").shape()[0];
      }
    }
    for (String name : List.of("data", "attribution", "prediction", "label", "sample")) {
      long all = rows;
      replace(output.resolve(name + ".npy"), file -> npy(name, file, all));
    }
    return rows;
  }

  private void npy(String name, Path file, long rows) {
    NpyWriter to = null;
    try {
      for (int segment = 0; segment < segments; segment++) {
        try (Hdf5File part = Hdf5File.open(parts.arrays(segment))) {
          if (part.names("/").isEmpty()) {
            continue;
          }
          Hdf5Data from = part.data(name);
          long[] shape = from.shape();
          if (to == null) {
            long[] whole = shape.clone();
            whole[0] = rows;
            to = NpyWriter.create(file, from.dtype(), whole);
          }
          for (long first = 0; first < shape[0]; first += ROWS) {
            to.append(from.rows(first, (int) Math.min(ROWS, shape[0] - first)));
          }
        }
      }
    } finally {
      if (to != null) {
        to.close();
      }
    }
  }

  /** The number of classes that the model has. */
  int classes() {
    for (int segment = 0; segment < segments; segment++) {
      try (Hdf5File part = Hdf5File.open(parts.arrays(segment))) {
        if (!part.names("/").isEmpty()) {
          return (int) part.data("prediction").shape()[1];
        }
      }
    }
    return 0;
  }

  /** One line a sample, skipped ones included. */
  void table() {
    replace(
        output.resolve("table.csv"),
        file -> {
          try (FileChannel to =
              FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            to.write(
                ByteBuffer.wrap(
                    Csv.line(Explained.COLUMNS).getBytes(java.nio.charset.StandardCharsets.UTF_8)));
            for (int segment = 0; segment < segments; segment++) {
              to.write(ByteBuffer.wrap(Files.readAllBytes(parts.table(segment))));
            }
          }
        });
  }

  /** The same in Parquet, empty fields as missing values. */
  void parquet() {
    replace(
        output.resolve("table.parquet"),
        file -> {
          try (ParquetTable.Writer to = new ParquetTable.Writer(file)) {
            for (int segment = 0; segment < segments; segment++) {
              for (List<String> row : Csv.read(parts.table(segment))) {
                to.write(row);
              }
            }
          }
        });
  }

  /** What writes a file. */
  interface Content {
    void write(Path file) throws IOException;
  }

  /** Others see the old file or the whole new one. */
  static void replace(Path file, Content content) {
    String hidden = "." + file.getFileName() + ".";
    Path temporary = file.resolveSibling(hidden + UUID.randomUUID());
    try {
      // Those of a run that was killed.
      try (Stream<Path> all = Files.list(file.toAbsolutePath().getParent())) {
        all.filter(old -> old.getFileName().toString().startsWith(hidden))
            .forEach(TemporaryFiles::delete);
      }
      content.write(temporary);
      if (Files.exists(temporary)) {
        Parts.rename(temporary, file);
      }
    } catch (IOException e) {
      throw new DatasetException("cannot write " + file + ": " + e.getMessage(), e);
    } finally {
      TemporaryFiles.delete(temporary);
    }
  }
}
