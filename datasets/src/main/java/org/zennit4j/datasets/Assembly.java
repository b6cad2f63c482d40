/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.datasets;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.UUID;
import java.util.stream.Stream;
import org.zennit4j.datasets.internal.Hdf5Data;
import org.zennit4j.datasets.internal.Hdf5File;
import org.zennit4j.requests.NpyWriter;

/** Makes npy files and tables of the parts, which are copied piece by piece. */
final class Assembly {
  private static final int ROWS = 64;

  private final Path output;
  private final Parts parts;
  private final int segments;

  Assembly(Path output, Parts parts, int segments) {
    this.output = output;
    this.parts = parts;
    this.segments = segments;
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
    Path temporary = hidden(file);
    try {
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

  /**
   * A name for what will be a file; what a run that was killed left under such a name is deleted.
   */
  static Path hidden(Path file) {
    String name = "." + file.getFileName() + ".";
    try (Stream<Path> all = Files.list(file.toAbsolutePath().getParent())) {
      all.filter(old -> old.getFileName().toString().startsWith(name))
          .forEach(TemporaryFiles::delete);
    } catch (IOException e) {
      throw new DatasetException("cannot read the folder of " + file + ": " + e.getMessage(), e);
    }
    return file.resolveSibling(name + UUID.randomUUID());
  }
}
