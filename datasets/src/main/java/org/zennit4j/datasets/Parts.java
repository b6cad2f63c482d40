/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.datasets;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import org.zennit4j.datasets.internal.Hdf5File;
import org.zennit4j.requests.NdArray.DType;

/**
 * The parts of an unfinished result. A part holds the samples of one segment of the dataset, and is
 * there as a whole or not at all: it is written under another name, and renamed when it is closed.
 * So a run that was killed at any moment loses the part that it was at, and nothing else.
 */
final class Parts {
  private static final String PLAN = "plan.json";

  private final Path folder;

  /** Of the parts that were written here. */
  private final Map<Integer, Long> skipped = new ConcurrentHashMap<>();

  Parts(Path output) {
    this.folder = output.resolve("parts");
  }

  boolean exist() {
    return Files.exists(folder.resolve(PLAN));
  }

  /**
   * Begins or goes on.
   *
   * @param plan what is done; that of an earlier run must be the same
   */
  void open(String plan) {
    try {
      Files.createDirectories(folder);
      Path file = folder.resolve(PLAN);
      if (!Files.exists(file)) {
        writeWhole(file, plan);
      } else if (!Files.readString(file).equals(plan)) {
        throw new DatasetException(
            folder.getParent()
                + " was begun in another way; "
                + difference(Files.readString(file), plan)
                + "; use the same options, or another folder");
      }
    } catch (IOException e) {
      throw new DatasetException("cannot write " + folder + ": " + e.getMessage(), e);
    }
  }

  private static String difference(String old, String now) {
    List<String> before = old.lines().map(String::strip).toList();
    List<String> after = now.lines().map(String::strip).toList();
    for (int i = 0; i < Math.min(before.size(), after.size()); i++) {
      if (!before.get(i).equals(after.get(i))) {
        return "it had " + before.get(i) + " and now it is " + after.get(i);
      }
    }
    return "the plans have different lengths";
  }

  static void writeWhole(Path file, String text) {
    Path temporary = file.resolveSibling("." + file.getFileName() + "." + UUID.randomUUID());
    try {
      Files.writeString(temporary, text);
      rename(temporary, file);
    } catch (IOException e) {
      throw new DatasetException("cannot write " + file + ": " + e.getMessage(), e);
    } finally {
      TemporaryFiles.delete(temporary);
    }
  }

  static void rename(Path from, Path to) throws IOException {
    Files.move(from, to, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }

  private static String name(int segment) {
    return String.format(Locale.ROOT, "%08d", segment);
  }

  Path arrays(int segment) {
    return folder.resolve(name(segment) + ".h5");
  }

  Path table(int segment) {
    return folder.resolve(name(segment) + ".csv");
  }

  boolean has(int segment) {
    return Files.exists(arrays(segment));
  }

  long skipped(int segment) {
    return skipped.computeIfAbsent(
        segment,
        part ->
            Csv.read(table(part)).stream()
                .filter(row -> !row.get(row.size() - 1).isEmpty())
                .count());
  }

  /** The writer of one part; used by one thread. */
  final class Writer implements AutoCloseable {
    private final int segment;
    private final int level;
    private final Path temporary;
    private final StringBuilder lines = new StringBuilder();
    private Hdf5File file;
    private long bad;
    private boolean begun;

    Writer(int segment, int level) {
      this.segment = segment;
      this.level = level;
      this.temporary = folder.resolve("." + name(segment) + "." + UUID.randomUUID() + ".h5");
      this.file = Hdf5File.create(temporary);
    }

    void write(Explained batch) {
      lines.append(batch.lines());
      bad += batch.skipped();
      if (batch.rows() == 0) {
        return;
      }
      if (!begun) {
        begun = true;
        file.write("data", batch.data(), level);
        file.create("attribution", DType.FLOAT32, batch.attributionRow(), level, true)
            .append(batch.attribution());
        file.write("prediction", batch.prediction(), level);
        file.write("label", batch.label(), level);
        file.write("sample", batch.sample(), level);
      } else {
        file.data("data").append(batch.data());
        file.data("attribution").append(batch.attribution());
        file.data("prediction").append(batch.prediction());
        file.data("label").append(batch.label());
        file.data("sample").append(batch.sample());
      }
    }

    /** The part is whole. */
    void commit() {
      file.close();
      file = null;
      writeWhole(table(segment), lines.toString());
      try {
        rename(temporary, arrays(segment));
        skipped.put(segment, bad);
      } catch (IOException e) {
        throw new DatasetException("cannot write " + arrays(segment) + ": " + e.getMessage(), e);
      }
    }

    @Override
    public void close() {
      if (file != null) {
        file.close();
      }
      TemporaryFiles.delete(temporary);
    }
  }

  /** Deletes all parts, the plan last. */
  void delete() {
    if (!Files.exists(folder)) {
      return;
    }
    try (Stream<Path> all = Files.list(folder)) {
      List<Path> files = new ArrayList<>(all.toList());
      files.sort(Comparator.comparing(file -> file.endsWith(PLAN)));
      for (Path file : files) {
        Files.deleteIfExists(file);
      }
      Files.deleteIfExists(folder);
    } catch (IOException | UncheckedIOException e) {
      throw new DatasetException("cannot delete " + folder + ": " + e.getMessage(), e);
    }
  }
}
