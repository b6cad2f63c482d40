/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.datasets;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import blue.strategic.parquet.Hydrator;
import blue.strategic.parquet.HydratorSupplier;
import blue.strategic.parquet.ParquetReader;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.zennit4j.attribution.Attribution;
import org.zennit4j.attribution.Target;
import org.zennit4j.bindings.Zennit4jException;
import org.zennit4j.datasets.internal.Hdf5Data;
import org.zennit4j.datasets.internal.Hdf5File;
import org.zennit4j.images.RgbImage;
import org.zennit4j.requests.NdArray;
import org.zennit4j.requests.NdArray.DType;
import org.zennit4j.requests.Npy;
import org.zennit4j.testing.ForkedJvm;

class DatasetRunTests {
  @TempDir Path folder;

  /** Every data set of a result. */
  private static Map<String, NdArray> arrays(Path output) {
    Map<String, NdArray> all = new LinkedHashMap<>();
    for (String name : List.of("input.h5", "attribution.h5")) {
      try (Hdf5File file = Hdf5File.open(output.resolve(name))) {
        for (String data : file.names("/")) {
          Hdf5Data rows = file.data(data);
          all.put(name + "/" + data, rows.rows(0, (int) rows.shape()[0]));
        }
      }
    }
    return all;
  }

  private static List<String> files(Path output) throws IOException {
    try (Stream<Path> all = Files.list(output)) {
      return all.map(p -> p.getFileName().toString()).sorted().toList();
    }
  }

  @Test
  void theResultIsThatOfALoop() throws IOException {
    Path output = folder.resolve("out");
    List<Long> progress = new ArrayList<>();
    try (SampleSource source = Fashion.source();
        Fashion fashion = new Fashion()) {
      DatasetSummary summary =
          fashion
              .run(source)
              .withListener(
                  new DatasetListener() {
                    @Override
                    public void onProgress(long done, long total) {
                      assertThat(total).isEqualTo(200);
                      progress.add(done);
                    }
                  })
              .run(output);
      assertThat(summary).isEqualTo(new DatasetSummary(200, 200, 0, true));
      assertThat(progress).startsWith(0L, 16L).endsWith(192L, 200L).isSorted();
      Map<String, NdArray> arrays = arrays(output);
      NdArray attribution = arrays.get("attribution.h5/attribution");
      assertThat(attribution.shape()).containsExactly(200, 3, 28, 28);
      assertThat(attribution.dtype()).isEqualTo(DType.FLOAT32);
      assertThat(arrays.get("input.h5/data").dtype()).isEqualTo(DType.UINT8);
      assertThat(arrays.get("input.h5/data").shape()).containsExactly(200, 3, 28, 28);
      long[] count = IntStream.range(0, 200).asLongStream().toArray();
      for (String index : List.of("attribution.h5/index", "input.h5/index")) {
        assertThat(arrays.get(index).dtype()).isEqualTo(DType.UINT32);
        assertThat(arrays.get(index).toLongs()).isEqualTo(count);
      }
      float[] relevance = attribution.toFloats();
      float[] outputs = arrays.get("attribution.h5/prediction").toFloats();
      long[] labels = arrays.get("attribution.h5/label").toLongs();
      for (int first = 0; first < 200; first += 16) {
        int size = Math.min(16, 200 - first);
        List<NdArray> inputs = new ArrayList<>();
        int[] classes = new int[size];
        for (int i = 0; i < size; i++) {
          Sample sample = source.read(first + i);
          inputs.add(Fashion.PREPARATION.of(sample).input());
          classes[i] = sample.label().orElseThrow();
          assertThat(labels[first + i]).isEqualTo(classes[i]);
        }
        try (PointerScope scope = new PointerScope()) {
          Tensor batch = Preparation.stack(inputs).toTensor();
          Attribution expected = fashion.explainer().explain(batch, Target.classes(classes));
          float[] wanted = NdArray.of(expected.relevance()).toFloats();
          float[] logits = NdArray.of(expected.output()).toFloats();
          for (int i = 0; i < size; i++) {
            int at = (first + i) * 3 * 784;
            assertThat(Arrays.copyOfRange(relevance, at, at + 784))
                .isEqualTo(Arrays.copyOfRange(wanted, i * 784, (i + 1) * 784));
            assertThat(Arrays.copyOfRange(relevance, at + 784, at + 3 * 784)).containsOnly(0f);
            assertThat(Arrays.copyOfRange(outputs, (first + i) * 10, (first + i + 1) * 10))
                .isEqualTo(Arrays.copyOfRange(logits, i * 10, (i + 1) * 10));
          }
        }
      }
    }
    assertThat(files(output))
        .containsExactly(
            "attribution.h5",
            "dataset.json",
            "input.h5",
            "labels.json",
            "project.yaml",
            "table.csv");
    List<List<String>> table = Csv.read(output.resolve("table.csv"));
    assertThat(table).hasSize(201);
    assertThat(table.get(0)).isEqualTo(Explained.COLUMNS);
    assertThat(table.get(7).get(1)).isEqualTo("#6");
    assertThat(Files.readString(output.resolve("project.yaml")))
        .contains("attribution_method: \"epsilon_plus\"", "attribution_strategy: true_label");
  }

  @Test
  void badSamplesAreSkippedOrStop() {
    Path output = folder.resolve("out");
    List<String> skipped = new ArrayList<>();
    DatasetListener listener =
        new DatasetListener() {
          @Override
          public void onSkip(String id, String reason) {
            skipped.add(id + ": " + reason);
          }
        };
    try (SampleSource source = new Repeated(Fashion.source(), 300, Set.of(0, 5, 270, 299));
        Fashion fashion = new Fashion()) {
      // One that the model refuses, one that it answers with NaN.
      BatchExplainer picky =
          (batch, target) -> {
            float[] values = NdArray.of(batch).toFloats();
            int rows = (int) batch.size(0);
            float refused = Fashion.PREPARATION.of(source.read(40)).input().toFloats()[300];
            for (int i = 0; i < rows && refused >= 0; i++) {
              if (i == 8 && rows == 16 && values[i * 784 + 300] == refused) {
                throw new Zennit4jException("no batch with this one");
              }
            }
            return fashion.explainer().explain(batch, target);
          };
      DatasetSummary summary =
          DatasetRun.of(source, Fashion.PREPARATION, picky)
              .withBatchSize(16)
              .withListener(listener)
              .run(output);
      assertThat(summary).isEqualTo(new DatasetSummary(300, 296, 4, true));
      assertThat(skipped)
          .hasSize(4)
          .anySatisfy(s -> assertThat(s).contains("\"270\"").contains("is torn"));
      long[] rows = arrays(output).get("input.h5/index").toLongs();
      assertThat(rows).hasSize(296).startsWith(1, 2, 3, 4, 6).endsWith(298);
      List<List<String>> table = Csv.read(output.resolve("table.csv"));
      assertThat(table).hasSize(301);
      assertThat(table.get(6)).first().isEqualTo("5");
      assertThat(table.get(6)).last().isEqualTo("sample 5 is torn");
      assertThatThrownBy(() -> fashion.run(source).withStrict(true).run(folder.resolve("strict")))
          .isInstanceOf(SampleException.class)
          .hasMessageContaining("torn");
    }
  }

  /** Zeros for pictures, as many for others. */
  private record Mixed() implements SampleSource {
    @Override
    public int size() {
      return 4;
    }

    @Override
    public List<String> classes() {
      return List.of();
    }

    @Override
    public String id(int index) {
      return "m" + index;
    }

    @Override
    public OptionalInt label(int index) {
      return OptionalInt.of(1);
    }

    @Override
    public Sample read(int index) {
      return switch (index) {
        case 1 -> Sample.of(1, "m1", label(1), NdArray.ofFloats(new float[784], 1, 28, 28));
        case 2 -> Sample.of(2, "m2", label(2), RgbImage.of(28, 27, new byte[3 * 28 * 27]));
        default -> Sample.of(index, id(index), label(index), RgbImage.of(28, 28, new byte[2352]));
      };
    }

    @Override
    public void close() {}
  }

  @Test
  void samplesOfAnotherKindOrShapeAreSkipped() {
    Path output = folder.resolve("mixed");
    try (Fashion fashion = new Fashion()) {
      assertThat(fashion.run(new Mixed()).run(output)).isEqualTo(new DatasetSummary(4, 2, 2, true));
    }
    List<List<String>> table = Csv.read(output.resolve("table.csv"));
    assertThat(table.get(2)).last().isEqualTo("it is no picture, the first one is");
    assertThat(table.get(3))
        .last()
        .isEqualTo("its shape is [1, 27, 28], the first one's [1, 28, 28]");
    assertThat(arrays(output).get("input.h5/index").toLongs()).containsExactly(0, 3);
  }

  @Test
  void targetsAreLabelsPredictionsOrOneClass() {
    try (SampleSource source = Fashion.source();
        Fashion fashion = new Fashion()) {
      Map<String, List<List<String>>> tables = new LinkedHashMap<>();
      for (DatasetTarget target :
          List.of(DatasetTarget.label(), DatasetTarget.prediction(), DatasetTarget.of(7))) {
        Path output = folder.resolve(target.toString());
        fashion.run(source).withLimit(40).withTarget(target).run(output);
        tables.put(target.toString(), Csv.read(output.resolve("table.csv")));
      }
      for (int i = 1; i <= 40; i++) {
        List<String> label = tables.get("label").get(i);
        List<String> prediction = tables.get("prediction").get(i);
        assertThat(label.get(4)).isEqualTo(label.get(2));
        assertThat(prediction.get(4)).isEqualTo(prediction.get(3));
        assertThat(tables.get("7").get(i).get(4)).isEqualTo("7");
      }
      assertThatThrownBy(
              () ->
                  fashion.run(source).withTarget(DatasetTarget.of(12)).run(folder.resolve("none")))
          .isInstanceOf(Zennit4jException.class)
          .hasMessageContaining("12");
    }
  }

  @Test
  void sharesMakeTheWhole() throws IOException {
    try (SampleSource source = new Repeated(Fashion.source(), 1500, Set.of(300));
        Fashion fashion = new Fashion()) {
      Path whole = folder.resolve("whole");
      fashion.run(source).run(whole);
      Path output = folder.resolve("shares");
      for (int k = 3; k >= 1; k--) {
        DatasetSummary summary = fashion.run(source).withShard(k, 3).run(output);
        assertThat(summary.complete()).isEqualTo(k == 1);
      }
      assertThat(arrays(output)).isEqualTo(arrays(whole));
      for (String file : List.of("table.csv", "labels.json", "dataset.json")) {
        assertThat(output.resolve(file)).hasSameTextualContentAs(whole.resolve(file));
      }
    }
  }

  @Test
  void npyFilesHoldTheSame() {
    try (SampleSource source = new Repeated(Fashion.source(), 300, Set.of(5));
        Fashion fashion = new Fashion()) {
      Path hdf5 = folder.resolve("hdf5");
      fashion.run(source).run(hdf5);
      Path npy = folder.resolve("npy");
      fashion.run(source).withFormat(DatasetRun.Format.NPY, 1).run(npy);
      Map<String, NdArray> arrays = arrays(hdf5);
      for (String name : List.of("attribution", "prediction", "label")) {
        assertThat(Npy.read(npy.resolve(name + ".npy")))
            .isEqualTo(arrays.get("attribution.h5/" + name));
      }
      assertThat(Npy.read(npy.resolve("data.npy"))).isEqualTo(arrays.get("input.h5/data"));
      assertThat(Npy.read(npy.resolve("sample.npy")).toLongs())
          .isEqualTo(arrays.get("input.h5/index").toLongs());
    }
  }

  @Test
  void anotherRunIsNotMixedIn() throws IOException {
    Path output = folder.resolve("out");
    try (SampleSource source = Fashion.source();
        Fashion fashion = new Fashion()) {
      DatasetRun run = fashion.run(source).withLimit(30);
      run.run(output);
      assertThatThrownBy(() -> run.run(output)).hasMessageContaining("is not empty");
      assertThat(run.withResume(true).run(output)).isEqualTo(new DatasetSummary(30, 30, 0, true));
      Path begun = folder.resolve("begun");
      Files.createDirectories(begun.resolve("parts"));
      Files.writeString(begun.resolve("parts/plan.json"), "{\n  \"samples\": 31}\n");
      assertThatThrownBy(() -> run.withResume(true).run(begun))
          .hasMessageContaining("was begun in another way")
          .hasMessageContaining("31");
    }
  }

  @Test
  void twoRunsDoNotShareAFolder() {
    Path output = folder.resolve("out");
    try (SampleSource source = Fashion.source();
        Fashion fashion = new Fashion()) {
      DatasetRun run = fashion.run(source).withResume(true);
      DatasetListener second =
          new DatasetListener() {
            @Override
            public void onProgress(long done, long total) {
              if (done == 16) {
                assertThatThrownBy(() -> run.run(output))
                    .isInstanceOf(DatasetException.class)
                    .hasMessageContaining("another run is at work");
              }
            }
          };
      assertThat(run.withListener(second).run(output).explained()).isEqualTo(200);
    }
  }

  @Test
  void aKilledRunEndsAsIfNothingHadBeen() throws Exception {
    Path undisturbed = folder.resolve("undisturbed");
    KilledRun.run(undisturbed);
    Path output = folder.resolve("killed");
    Random random = new Random(11);
    int kills = 0;
    for (int attempt = 0; attempt < 4; attempt++) {
      Process process =
          ForkedJvm.of(KilledRun.class, List.of("-Xmx512m"), output.toString()).start();
      try (BufferedReader lines =
          new BufferedReader(
              new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
        ForkedJvm.await(lines, "started", new StringBuilder());
        if (!process.waitFor(1500 + random.nextInt(2500), TimeUnit.MILLISECONDS)) {
          process.destroyForcibly().waitFor();
          kills++;
        }
      }
    }
    KilledRun.run(output);
    assertThat(kills).as("runs that were killed").isPositive();
    assertThat(arrays(output)).isEqualTo(arrays(undisturbed));
    assertThat(output.resolve("table.csv"))
        .hasSameTextualContentAs(undisturbed.resolve("table.csv"));
    assertThat(files(output)).isEqualTo(files(undisturbed));
  }

  @Test
  void numbersOfTheTableHaveSevenDigits() {
    Random random = new Random(5);
    for (int i = 0; i < 20_000; i++) {
      double value = random.nextGaussian() * Math.pow(10, random.nextInt(24) - 12);
      value = i % 2 == 0 ? value : (float) value;
      assertThat(Explained.Line.number(value))
          .isEqualTo(String.format(java.util.Locale.ROOT, "%.7g", value));
    }
    for (double value : new double[] {0, 1, -1, 0.5, 999999.95, 9999999.5, 0.001, 1e-4, 123}) {
      assertThat(Explained.Line.number(value))
          .isEqualTo(String.format(java.util.Locale.ROOT, "%.7g", value));
    }
    assertThat(Explained.Line.number(Double.NaN)).isEmpty();
  }

  @Test
  void theTableComesInParquetToo() throws IOException {
    Path output = folder.resolve("tables");
    try (SampleSource source = Fashion.source();
        Fashion fashion = new Fashion()) {
      fashion.run(source).withLimit(20).withParquetTable(true).run(output);
    }
    List<List<String>> lines = Csv.read(output.resolve("table.csv"));
    List<Map<String, Object>> rows = new ArrayList<>();
    try (Stream<Map<String, Object>> all =
        ParquetReader.streamContent(
            output.resolve("table.parquet").toFile(), HydratorSupplier.constantly(new AsMap()))) {
      all.forEach(rows::add);
    }
    assertThat(rows).hasSize(20);
    for (int i = 0; i < 20; i++) {
      List<String> line = lines.get(i + 1);
      assertThat(rows.get(i))
          .containsEntry("sample", Long.valueOf(line.get(0)))
          .containsEntry("id", line.get(1))
          .containsEntry("label", Integer.valueOf(line.get(2)))
          .containsEntry("prediction", Integer.valueOf(line.get(3)))
          .containsEntry("relevance", Double.valueOf(line.get(6)))
          .containsEntry("skipped", null);
    }
  }

  private static final class AsMap implements Hydrator<Map<String, Object>, Map<String, Object>> {
    @Override
    public Map<String, Object> start() {
      return new LinkedHashMap<>();
    }

    @Override
    public Map<String, Object> add(Map<String, Object> row, String column, Object value) {
      row.put(column, value);
      return row;
    }

    @Override
    public Map<String, Object> finish(Map<String, Object> row) {
      return row;
    }
  }
}
