/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.spark;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.functions;
import org.junit.jupiter.api.Test;

/** Two executors' processes, which get model and settings from the driver's. */
class ClusterTests {
  @Test
  void executorsGiveTheValuesOfOneMachine() throws IOException {
    Files.createDirectories(Path.of("target", "spark-home", "jars"));
    Map<String, String> executors =
        Map.of(
            "spark.executor.extraClassPath", System.getProperty("java.class.path"),
            "spark.executor.memory", "1g",
            "spark.executorEnv.OMP_WAIT_POLICY", "passive");
    SparkSession spark = Fashion.session(executors).master("local-cluster[2,1,1024]").getOrCreate();
    try {
      Dataset<Row> explained =
          Fashion.explainer(spark)
              .explain(Fashion.frame(spark))
              .withColumn("task", functions.spark_partition_id());
      List<Row> rows = explained.collectAsList();
      List<Fashion.Values> expected = Fashion.expected(/* labels= */ false);
      assertThat(rows).hasSize(200);
      for (int i = 0; i < 200; i++) {
        assertThat(rows.get(i).<String>getAs("reason")).isNull();
        assertThat(Fashion.floats(rows.get(i), "output")).isEqualTo(expected.get(i).output());
        assertThat(Fashion.floats(rows.get(i), "relevance")).isEqualTo(expected.get(i).relevance());
      }
      Set<Integer> tasks =
          rows.stream().map(row -> row.<Integer>getAs("task")).collect(Collectors.toSet());
      assertThat(tasks).hasSize(2);
      assertThat(spark.sparkContext().statusTracker().getExecutorInfos().length)
          .as("the driver and two executors")
          .isEqualTo(3);
      assertThat(Networks.size()).as("models in the driver").isZero();
    } finally {
      spark.stop();
    }
  }
}
