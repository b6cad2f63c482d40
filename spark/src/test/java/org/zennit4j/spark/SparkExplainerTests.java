/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.spark;

import static org.apache.spark.sql.functions.col;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.zennit4j.bindings.Zennit4jException;
import org.zennit4j.images.RgbImage;
import org.zennit4j.requests.RequestException;

/** In one process, two tasks at once. */
class SparkExplainerTests {
  private static SparkSession spark;
  private static Dataset<Row> frame;

  @TempDir Path folder;

  @BeforeAll
  static void start() {
    spark = Fashion.session(Map.of()).master("local[2]").getOrCreate();
    frame = Fashion.frame(spark).cache();
  }

  @AfterAll
  static void stop() {
    spark.stop();
  }

  private static void check(List<Row> rows, List<Fashion.Values> expected) {
    assertThat(rows).hasSize(200);
    for (int i = 0; i < 200; i++) {
      Row row = rows.get(i);
      Fashion.Values values = expected.get(i);
      assertThat(row.<String>getAs("reason")).isNull();
      assertThat(row.<Integer>getAs("index")).isEqualTo(i);
      assertThat(Fashion.floats(row, "output")).isEqualTo(values.output());
      assertThat(Fashion.floats(row, "relevance")).isEqualTo(values.relevance());
      assertThat(row.<Integer>getList(row.fieldIndex("relevance_shape")))
          .containsExactly(1, 28, 28);
      int prediction = row.getAs("prediction");
      for (float output : values.output()) {
        assertThat(output).isLessThanOrEqualTo(values.output()[prediction]);
      }
    }
  }

  @Test
  void picturesGiveTheValuesOfOneMachineAlsoThroughParquet() {
    String file = folder.resolve("explained.parquet").toString();
    Fashion.explainer(spark)
        .withHeatmap(true)
        .withTargetColumn("label")
        .explain(frame)
        .write()
        .parquet(file);
    Dataset<Row> read = spark.read().parquet(file).orderBy("index");
    List<Row> rows = read.collectAsList();
    check(rows, Fashion.expected(/* labels= */ true));
    RgbImage heatmap = RgbImage.decode(rows.get(7).<byte[]>getAs("heatmap"));
    assertThat(heatmap.width()).isEqualTo(28);
    assertThat(Networks.size()).as("models of both tasks").isEqualTo(1);
    assertThat(torch.get_num_threads()).isEqualTo(1);
  }

  @Test
  void arraysOfOneShapeOrOfTheirOwnGiveTheValuesOfOneMachine() {
    List<Fashion.Values> expected = Fashion.expected(/* labels= */ false);
    SparkExplainer explainer = Fashion.explainer(spark);
    check(explainer.withArrays("pixels", 1, 28, 28).explain(frame).collectAsList(), expected);
    check(explainer.withShapedArrays("pixels", "shape").explain(frame).collectAsList(), expected);
    Dataset<Row> doubles = frame.withColumn("pixels", col("pixels").cast("array<double>"));
    check(explainer.withArrays("pixels", 1, 28, 28).explain(doubles).collectAsList(), expected);
  }

  @Test
  void badRowsGetNullsAndAReason() {
    StructType schema =
        new StructType().add("content", DataTypes.BinaryType).add("label", DataTypes.IntegerType);
    byte[] good = Fashion.rows(Fashion.PICTURES).get(0).getAs(1);
    byte[] half = java.util.Arrays.copyOf(good, good.length / 2);
    byte[] large = RgbImage.of(40, 40, new byte[4800]).toPng();
    Dataset<Row> rows =
        spark
            .createDataFrame(
                List.of(
                    RowFactory.create(good, 9),
                    RowFactory.create(half, 1),
                    RowFactory.create(null, 1),
                    RowFactory.create(new byte[0], 1),
                    RowFactory.create(large, 1),
                    RowFactory.create(good, 10),
                    RowFactory.create(good, -1),
                    RowFactory.create(good, null),
                    RowFactory.create(good, 3)),
                schema)
            .coalesce(1);
    List<Row> explained =
        Fashion.explainer(spark).withTargetColumn("label").explain(rows).collectAsList();
    assertThat(explained).hasSize(9);
    for (int i = 0; i < 9; i++) {
      Row row = explained.get(i);
      boolean fine = i == 0 || i == 8;
      assertThat(row.isNullAt(row.fieldIndex("reason"))).as("row %d", i).isEqualTo(fine);
      for (String name : List.of("output", "prediction", "relevance", "relevance_shape")) {
        assertThat(row.isNullAt(row.fieldIndex(name))).as(name).isEqualTo(!fine);
      }
    }
    assertThat(reason(explained.get(2))).isEqualTo("the input is null");
    assertThat(reason(explained.get(5))).contains("10");
    assertThat(reason(explained.get(6))).isEqualTo("no number of a class: -1");
    assertThat(reason(explained.get(7))).isEqualTo("there is no class to explain");
    assertThat(Fashion.floats(explained.get(0), "output"))
        .isEqualTo(Fashion.floats(explained.get(8), "output"));

    Dataset<Row> arrays =
        spark.sql(
            "SELECT array(1f, 2f) AS pixels UNION ALL SELECT null"
                + " UNION ALL SELECT array_repeat(0.5f, 784)"
                + " UNION ALL SELECT array_repeat(float('nan'), 784)");
    List<Row> values =
        Fashion.explainer(spark)
            .withArrays("pixels", 1, 28, 28)
            .explain(arrays.coalesce(1))
            .collectAsList();
    assertThat(reason(values.get(0))).contains("2 values", "[1, 28, 28]");
    assertThat(reason(values.get(1))).isEqualTo("the input is null");
    assertThat(reason(values.get(2))).isNull();
    assertThat(reason(values.get(3))).contains("NaN");
  }

  private static String reason(Row row) {
    return row.getAs("reason");
  }

  @Test
  void aFolderOfPhotographsGetsTheDefaultsOfTheCommands() throws IOException {
    Path photos = Files.createDirectory(folder.resolve("photos"));
    Path cat = Path.of("..", "examples", "photos", "chelsea.png");
    Files.copy(cat, photos.resolve("chelsea.png"));
    Files.writeString(photos.resolve("broken.png"), "no picture");
    Dataset<Row> files = spark.read().format("binaryFile").load(photos.toString());
    List<Row> rows =
        SparkExplainer.shipping(spark, Fashion.MODELS.resolve("efficientnet_lite0.pt"))
            .withPreprocessing(org.zennit4j.images.Preprocessing.EFFICIENTNET_LITE0)
            .explain(files)
            .orderBy("path")
            .collectAsList();
    assertThat(reason(rows.get(0))).isNotNull();
    assertThat(rows.get(1).<Integer>getAs("prediction")).isIn(281, 282, 285);
    assertThat(rows.get(1).<Integer>getList(rows.get(1).fieldIndex("relevance_shape")))
        .containsExactly(3, 224, 224);
    List<Row> gradient =
        SparkExplainer.shipping(spark, Fashion.MODELS.resolve("efficientnet_lite0.pt"))
            .withPreprocessing(org.zennit4j.images.Preprocessing.EFFICIENTNET_LITE0)
            .withMethod("gradient", "{}")
            .withPrefix("gradient_")
            .explain(files.filter(col("path").contains("chelsea")))
            .collectAsList();
    assertThat(gradient.get(0).<String>getAs("gradient_reason")).isNull();
    assertThat(Fashion.floats(gradient.get(0), "gradient_relevance"))
        .isNotEqualTo(Fashion.floats(rows.get(1), "relevance"));
  }

  @Test
  void wrongSettingsAreRefusedBeforeAJobAndMissingModelsFailIt() {
    SparkExplainer explainer = Fashion.explainer(spark);
    assertThatThrownBy(() -> explainer.withPictures("photo").explain(frame))
        .isInstanceOf(RequestException.class)
        .hasMessageContaining("no column photo; it has index, content");
    assertThatThrownBy(() -> explainer.withPictures("label").explain(frame))
        .hasMessageContaining("column label holds bigint");
    assertThatThrownBy(() -> explainer.withPictures("pixels").explain(frame))
        .hasMessageContaining("withShapedArrays");
    assertThatThrownBy(() -> explainer.withTargetColumn("content").explain(frame))
        .hasMessageContaining("classes to explain");
    Dataset<Row> twice = explainer.explain(frame);
    assertThatThrownBy(() -> explainer.explain(twice)).hasMessageContaining("withPrefix");
    assertThatThrownBy(() -> explainer.withComposite("epsilon_pluss"))
        .isInstanceOf(Zennit4jException.class)
        .hasMessageContaining("epsilon_plus");
    assertThatThrownBy(() -> explainer.withMethod("lrp_nothing", "{}"))
        .isInstanceOf(Zennit4jException.class);
    assertThatThrownBy(() -> explainer.withBatchSize(0)).isInstanceOf(RequestException.class);
    assertThatThrownBy(() -> SparkExplainer.shipping(spark, Path.of("nowhere.pt")))
        .hasMessageContaining("nowhere.pt");
    assertThatThrownBy(
            () ->
                SparkExplainer.of("nowhere.pt")
                    .withPreprocessing(Fashion.GREY)
                    .explain(frame)
                    .collectAsList())
        .hasStackTraceContaining("the model nowhere.pt cannot be read on this executor");
  }

  @Test
  void modelsThatNoTaskUsesAreClosed() {
    for (String composite : List.of("epsilon_plus", "epsilon_plus_flat", "guided_backprop")) {
      Fashion.explainer(spark).withComposite(composite).explain(frame.limit(3)).collectAsList();
      assertThat(Networks.size()).isLessThanOrEqualTo(2);
    }
  }
}
