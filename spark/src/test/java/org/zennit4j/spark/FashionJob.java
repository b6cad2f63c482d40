/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.spark;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.zennit4j.datasets.DatasetResult;

/**
 * A dataset of Fashion-MNIST as Parquet ({@code write DATASET OUT}), and a comparison of what Spark
 * made of it with what {@code zennit4j dataset} did ({@code compare PARQUET FOLDER}). For {@code
 * spark-submit}, beside ExplainPictures, which does the work.
 */
public final class FashionJob {
  private FashionJob() {}

  /** Writes, or compares and prints in how many rows something differs. */
  @SuppressWarnings("SystemOut")
  public static void main(String[] args) {
    SparkSession spark = SparkSession.builder().getOrCreate();
    try {
      if (args[0].equals("write")) {
        // Two files in the dataset's order: two tasks, each with half of it.
        spark
            .createDataFrame(Fashion.rows(Path.of(args[1])), Fashion.SCHEMA)
            .select("index", "content", "label")
            .write()
            .parquet(args[2]);
        return;
      }
      List<Row> rows = spark.read().parquet(args[1]).orderBy("index").collectAsList();
      int outputs = 0;
      int relevances = 0;
      double largest = 0;
      try (DatasetResult result = DatasetResult.open(Path.of(args[2]))) {
        for (int i = 0; i < rows.size(); i++) {
          float[] wanted = Arrays.copyOf(result.relevance(i, 1).toFloats(), 784);
          float[] found = Fashion.floats(rows.get(i), "relevance");
          outputs += Arrays.equals(result.output(i), Fashion.floats(rows.get(i), "output")) ? 0 : 1;
          relevances += Arrays.equals(wanted, found) ? 0 : 1;
          for (int k = 0; k < 784; k++) {
            largest = Math.max(largest, Math.abs(wanted[k] - found[k]));
          }
        }
        System.out.printf(
            Locale.ROOT,
            "%d rows, %d in the dataset; differing outputs %d, relevances %d, at most by %g%n",
            rows.size(),
            result.size(),
            outputs,
            relevances,
            largest);
      }
    } finally {
      spark.stop();
    }
  }
}
