/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.spark;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.zennit4j.attribution.Attribution;
import org.zennit4j.attribution.AttributionOptions;
import org.zennit4j.attribution.Gradient;
import org.zennit4j.attribution.Target;
import org.zennit4j.composites.Composites;
import org.zennit4j.composites.Plan;
import org.zennit4j.datasets.Sample;
import org.zennit4j.datasets.SampleSource;
import org.zennit4j.datasets.SampleSources;
import org.zennit4j.datasets.SourceOptions;
import org.zennit4j.images.ColorOrder;
import org.zennit4j.images.Preprocessing;
import org.zennit4j.model.ScriptModel;
import org.zennit4j.requests.NdArray;

/** The bundled network for Fashion-MNIST and its pictures, as rows. */
final class Fashion {
  static final Path MODELS = Path.of("..", "examples", "models");
  static final Path MODEL = MODELS.resolve("fashion_cnn.pt");
  static final Path PICTURES = MODELS.resolve("fashion_test_200.npz");
  static final Preprocessing GREY = Preprocessing.UNIT.withColorOrder(ColorOrder.GREY);
  static final int BATCH = 20;

  static final StructType SCHEMA =
      new StructType()
          .add("index", DataTypes.IntegerType)
          .add("content", DataTypes.BinaryType)
          .add("label", DataTypes.LongType)
          .add("pixels", DataTypes.createArrayType(DataTypes.FloatType, false))
          .add("shape", DataTypes.createArrayType(DataTypes.LongType, false));

  private Fashion() {}

  /** Rows with PNG files, and the same as values. */
  static List<Row> rows(Path dataset) {
    List<Row> rows = new ArrayList<>();
    try (SampleSource source = SampleSources.open(dataset, SourceOptions.defaults())) {
      for (int i = 0; i < source.size(); i++) {
        Sample sample = source.read(i);
        byte[] png = sample.picture().orElseThrow().toPng();
        Float[] pixels = new Float[784];
        byte[] rgb = sample.picture().get().rgb();
        for (int p = 0; p < pixels.length; p++) {
          pixels[p] = (rgb[3 * p] & 255) / 255f;
        }
        rows.add(
            RowFactory.create(
                i, png, (long) sample.label().orElseThrow(), pixels, new Long[] {1L, 28L, 28L}));
      }
    }
    return rows;
  }

  /** The 200 bundled pictures, in two partitions of five batches each. */
  static Dataset<Row> frame(SparkSession spark) {
    return spark.createDataFrame(rows(PICTURES), SCHEMA);
  }

  static SparkExplainer explainer(SparkSession spark) {
    return SparkExplainer.shipping(spark, MODEL)
        .withComposite("{\"type\": \"named\", \"name\": \"epsilon_plus\"}")
        .withPreprocessing(GREY)
        .withBatchSize(BATCH);
  }

  /** What one thread of one process computes: output and relevance by index. */
  static final class Values {
    private final float[] output;
    private final float[] relevance;

    Values(float[] output, float[] relevance) {
      this.output = output;
      this.relevance = relevance;
    }

    float[] output() {
      return output;
    }

    float[] relevance() {
      return relevance;
    }
  }

  static List<Values> expected(boolean labels) {
    List<Values> all = new ArrayList<>();
    try (ScriptModel model = ScriptModel.load(MODEL);
        Plan plan = Plan.of(model, Composites.epsilonPlus());
        SampleSource source = SampleSources.open(PICTURES, SourceOptions.defaults())) {
      for (int first = 0; first < source.size(); first += BATCH) {
        float[] values = new float[BATCH * 784];
        int[] classes = new int[BATCH];
        for (int i = 0; i < BATCH; i++) {
          Sample sample = source.read(first + i);
          classes[i] = sample.label().orElseThrow();
          try (PointerScope scope = new PointerScope()) {
            float[] one = NdArray.of(GREY.toTensor(sample.picture().orElseThrow())).toFloats();
            System.arraycopy(one, 0, values, i * 784, 784);
          }
        }
        try (PointerScope scope = new PointerScope()) {
          Tensor batch = NdArray.ofFloats(values, BATCH, 1, 28, 28).toTensor();
          Target target = labels ? Target.classes(classes) : Target.top1();
          try (Attribution done =
              new Gradient(plan).attribute(List.of(batch), target, AttributionOptions.defaults())) {
            float[] outputs = NdArray.of(done.output()).toFloats();
            float[] relevance = NdArray.of(done.relevance()).toFloats();
            for (int i = 0; i < BATCH; i++) {
              all.add(
                  new Values(
                      Arrays.copyOfRange(outputs, i * 10, i * 10 + 10),
                      Arrays.copyOfRange(relevance, i * 784, i * 784 + 784)));
            }
          }
        }
      }
    }
    return all;
  }

  static float[] floats(Row row, String column) {
    List<Float> list = row.getList(row.fieldIndex(column));
    float[] values = new float[list.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = list.get(i);
    }
    return values;
  }

  /** What every session needs; a test adds its master. */
  static SparkSession.Builder session(Map<String, String> more) {
    SparkSession.Builder builder =
        SparkSession.builder()
            .appName("zennit4j tests")
            .config("spark.ui.enabled", "false")
            .config("spark.sql.shuffle.partitions", "2")
            .config("spark.default.parallelism", "2")
            .config("spark.sql.warehouse.dir", Path.of("target", "warehouse").toUri().toString())
            .config("spark.driver.host", "127.0.0.1")
            .config("spark.driver.bindAddress", "127.0.0.1");
    more.forEach(builder::config);
    return builder;
  }
}
