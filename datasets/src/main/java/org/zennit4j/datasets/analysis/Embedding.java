/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.datasets.analysis;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.zennit4j.datasets.internal.Hdf5Data;
import org.zennit4j.datasets.internal.Hdf5File;
import org.zennit4j.requests.NdArray;

/**
 * The heatmaps of a class as points in a plane, as {@link Spray} wrote them. Immutable.
 *
 * @param label the class
 * @param name what made it: {@code spectral-2d} or {@code tsne}
 * @param rows the samples' rows in the result
 * @param points float32 of shape (rows,2)
 */
public record Embedding(long label, String name, List<Integer> rows, NdArray points) {
  private static final String CLASS = "class_";

  /**
   * Copies the list.
   *
   * @param label the class
   * @param name what made it
   * @param rows the samples' rows in the result
   * @param points float32 of shape (rows,2)
   */
  public Embedding {
    rows = List.copyOf(rows);
  }

  /** The group of a class, by which labels.json knows it. */
  static String group(long label) {
    return String.format(java.util.Locale.ROOT, CLASS + "%04d", label);
  }

  /**
   * Reads the embeddings of an analysis that have two dimensions.
   *
   * @param folder that of a result
   * @return class by class; empty if there was no analysis
   */
  public static List<Embedding> read(Path folder) {
    List<Embedding> all = new ArrayList<>();
    Path file = folder.resolve("analysis.h5");
    if (!Files.exists(file)) {
      return all;
    }
    try (Hdf5File in = Hdf5File.open(file)) {
      for (String group : in.names("/")) {
        if (!group.matches(CLASS + "\\d{1,18}")) {
          continue;
        }
        Hdf5Data index = in.data(group + "/index");
        int count = (int) index.shape()[0];
        List<Integer> rows =
            Arrays.stream(index.rows(0, count).toLongs()).mapToObj(row -> (int) row).toList();
        for (String name : in.names(group + "/embedding")) {
          Hdf5Data points = in.data(group + "/embedding/" + name);
          if (Arrays.equals(points.shape(), new long[] {count, 2})) {
            all.add(
                new Embedding(
                    Long.parseLong(group.substring(CLASS.length())),
                    name,
                    rows,
                    points.rows(0, count)));
          }
        }
      }
    }
    return all;
  }
}
