/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.spark;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SaveMode;
import org.apache.spark.sql.SparkSession;
import org.zennit4j.images.ColorOrder;
import org.zennit4j.images.Preprocessing;
import org.zennit4j.requests.RequestException;

/**
 * A program for {@code spark-submit}: explains a folder of pictures, or the column {@code content}
 * of a Parquet file, and writes Parquet. Arguments are {@code key=value}: {@code model}, {@code
 * input} and {@code output}; also {@code composite}, {@code method}, {@code preprocessing} (a name,
 * such as imagenet), {@code colors} (rgb, bgr, grey), {@code target} (a column), {@code batch},
 * {@code heatmap=true}, {@code partitions}.
 */
public final class ExplainPictures {
  private static final Set<String> KEYS =
      Set.of(
          "model",
          "input",
          "output",
          "composite",
          "method",
          "preprocessing",
          "colors",
          "target",
          "batch",
          "heatmap",
          "partitions");

  private ExplainPictures() {}

  /**
   * Runs it.
   *
   * @param args {@code key=value}
   */
  public static void main(String[] args) {
    Map<String, String> given = new LinkedHashMap<>();
    for (String arg : args) {
      String[] parts = arg.split("=", 2);
      if (parts.length != 2 || !KEYS.contains(parts[0])) {
        throw new RequestException(
            "not understood: " + arg + "; arguments are key=value with the keys " + KEYS);
      }
      given.put(parts[0], parts[1]);
    }
    for (String needed : new String[] {"model", "input", "output"}) {
      if (!given.containsKey(needed)) {
        throw new RequestException("missing: " + needed + "=...");
      }
    }
    SparkSession spark = SparkSession.builder().appName("zennit4j").getOrCreate();
    try {
      Dataset<Row> rows = read(spark, given);
      explainer(spark, given)
          .explain(rows)
          .drop("content")
          .write()
          .mode(SaveMode.ErrorIfExists)
          .parquet(given.get("output"));
    } finally {
      spark.stop();
    }
  }

  private static Dataset<Row> read(SparkSession spark, Map<String, String> given) {
    String input = given.get("input");
    Dataset<Row> rows =
        input.endsWith(".parquet")
            ? spark.read().parquet(input)
            : spark
                .read()
                .format("binaryFile")
                .option("recursiveFileLookup", "true")
                .option("pathGlobFilter", "*.{png,jpg,jpeg,webp,bmp,gif,PNG,JPG,JPEG}")
                .load(input);
    String partitions = given.get("partitions");
    return partitions == null ? rows : rows.repartition(whole("partitions", partitions));
  }

  private static SparkExplainer explainer(SparkSession spark, Map<String, String> given) {
    Preprocessing preprocessing =
        Preprocessing.named(given.getOrDefault("preprocessing", "imagenet"));
    if (given.containsKey("colors")) {
      preprocessing =
          preprocessing.withColorOrder(
              ColorOrder.valueOf(given.get("colors").toUpperCase(Locale.ROOT)));
    }
    SparkExplainer explainer =
        SparkExplainer.shipping(spark, Path.of(given.get("model")))
            .withPreprocessing(preprocessing)
            .withHeatmap(Boolean.parseBoolean(given.get("heatmap")));
    if (given.containsKey("composite")) {
      explainer = explainer.withComposite(given.get("composite"));
    }
    if (given.containsKey("method")) {
      explainer = explainer.withMethod(given.get("method"), "{}");
    }
    if (given.containsKey("target")) {
      explainer = explainer.withTargetColumn(given.get("target"));
    }
    if (given.containsKey("batch")) {
      explainer = explainer.withBatchSize(whole("batch", given.get("batch")));
    }
    return explainer;
  }

  private static int whole(String key, String text) {
    try {
      return Integer.parseInt(text);
    } catch (NumberFormatException e) {
      throw new RequestException(key + " is a number, not " + text, e);
    }
  }
}
