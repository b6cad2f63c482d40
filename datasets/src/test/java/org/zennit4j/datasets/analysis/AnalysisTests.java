/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.datasets.analysis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.zennit4j.attribution.Attribution;
import org.zennit4j.datasets.BatchExplainer;
import org.zennit4j.datasets.DatasetException;
import org.zennit4j.datasets.DatasetResult;
import org.zennit4j.datasets.DatasetRun;
import org.zennit4j.datasets.Preparation;
import org.zennit4j.datasets.SampleSource;
import org.zennit4j.datasets.SampleSources;
import org.zennit4j.datasets.SourceOptions;
import org.zennit4j.datasets.internal.Hdf5File;
import org.zennit4j.images.Preprocessing;
import org.zennit4j.requests.NdArray;
import org.zennit4j.requests.Npy;

class AnalysisTests {
  private static final int SIDE = 8;

  @TempDir Path folder;

  /** The relevance is the input, and the outputs are its two halves. */
  private static final BatchExplainer MIRROR =
      (batch, target) -> {
        Tensor flat = batch.flatten(1, -1);
        Tensor output = flat.view(flat.size(0), 2, flat.size(1) / 2).sum(2L);
        return Attribution.of(output, batch.clone(), List.of());
      };

  /** Samples of class 0 look up or down, those of class 1 have noise alone. */
  private Path result(int size) {
    Random random = new Random(4);
    float[] values = new float[size * SIDE * SIDE];
    long[] labels = new long[size];
    for (int i = 0; i < size; i++) {
      labels[i] = i % 3 == 2 ? 1 : 0;
      for (int p = 0; p < SIDE * SIDE; p++) {
        boolean upper = p < SIDE * SIDE / 2;
        double pattern = labels[i] == 1 ? 0.5 : upper == (i % 3 == 0) ? 1 : 0;
        values[i * SIDE * SIDE + p] = (float) (pattern + 0.05 * random.nextGaussian());
      }
    }
    Path data = folder.resolve("x.npy");
    Npy.write(data, NdArray.ofFloats(values, size, 1, SIDE, SIDE));
    Path classes = folder.resolve("y.npy");
    Npy.write(classes, NdArray.ofLongs(labels, size));
    Path output = folder.resolve("out");
    SourceOptions options = SourceOptions.defaults().withLabelFile(classes);
    try (SampleSource source = SampleSources.open(data, options)) {
      DatasetRun.of(source, Preparation.of(Preprocessing.UNIT), MIRROR).run(output);
    }
    return output;
  }

  @Test
  void twoReasonsAreTwoClusters() throws IOException {
    Path output = result(120);
    Files.writeString(output.resolve("project.yaml"), "project:\n  name: x\n");
    List<Integer> done = new ArrayList<>();
    try (DatasetResult result = DatasetResult.open(output)) {
      assertThat(Spray.usual().run(result, done::add)).containsExactly(0L, 1L);
    }
    assertThat(done).containsExactly(1, 2);
    assertThat(output.resolve("project.yaml")).content().contains("analysis_method: spectral");
    Map<Integer, Integer> clusters = Spray.clusters(output);
    assertThat(clusters).hasSize(120);
    for (int i = 0; i < 120; i += 3) {
      assertThat(clusters.get(i)).as("row %d", i).isEqualTo(clusters.get(0));
      assertThat(clusters.get(i + 1)).isEqualTo(clusters.get(1)).isNotEqualTo(clusters.get(0));
    }
    try (Hdf5File file = Hdf5File.open(output.resolve("analysis.h5"))) {
      assertThat(file.names("/")).containsExactly("class_0000", "class_0001");
      assertThat(file.names("/class_0000")).containsExactly("cluster", "embedding", "index");
      assertThat(file.data("class_0000/embedding/spectral").shape()).containsExactly(80, 8);
      assertThat(file.data("class_0000/embedding/spectral-2d").shape()).containsExactly(80, 2);
      assertThat(file.data("class_0001/index").rows(0, 3).toLongs()).containsExactly(2, 5, 8);
      assertThat(file.names("/class_0000/cluster")).hasSize(7).startsWith("kmeans-02");
    }
    try (DatasetResult result = DatasetResult.open(output)) {
      Spray.usual().run(result, done::add);
      assertThat(Spray.clusters(output)).as("again").isEqualTo(clusters);
      assertThat(Embedding.read(output)).extracting(Embedding::name).containsOnly("spectral-2d");
      assertThat(new Spray(5, 4, List.of(2), 10, 3, 1).run(result, done::add)).hasSize(2);
    }
    assertThat(Spray.clusters(output)).hasSize(20);
    List<Embedding> planes = Embedding.read(output);
    assertThat(planes)
        .extracting(one -> one.label() + " " + one.name())
        .containsExactly("0 spectral-2d", "0 tsne", "1 spectral-2d", "1 tsne");
    assertThat(planes.get(3).points().shape()).containsExactly(10, 2);
    assertThat(planes.get(3).rows()).startsWith(2, 14).isEqualTo(planes.get(2).rows());
    assertThat(planes.get(3).points()).isNotEqualTo(planes.get(2).points());
  }

  @Test
  void theEmbeddingSolvesTheLaplacian() {
    Random random = new Random(3);
    float[][] points = new float[40][5];
    for (float[] point : points) {
      for (int d = 0; d < 5; d++) {
        point[d] = (float) random.nextGaussian();
      }
    }
    points[7] = points[6].clone();
    SpectralEmbedding found = SpectralEmbedding.of(points, 6, 5);
    assertThat(found.values()[0]).isCloseTo(0, within(1e-12));
    assertThat(found.values()).isSorted();
    double[][] laplacian = laplacian(points, 6);
    for (int k = 0; k < 5; k++) {
      for (int i = 0; i < 40; i++) {
        double product = 0;
        for (int j = 0; j < 40; j++) {
          product += laplacian[i][j] * found.vectors()[j][k];
        }
        assertThat(product).isCloseTo(found.values()[k] * found.vectors()[i][k], within(1e-12));
      }
    }
    for (double[] row : found.unitRows(3)) {
      double length = 0;
      for (double v : row) {
        length += v * v;
      }
      assertThat(length).isCloseTo(1, within(1e-12));
    }
  }

  /** By the book: a pair counts a half for each of the two that has the other among its nearest. */
  private static double[][] laplacian(float[][] points, int neighbours) {
    int n = points.length;
    double[][] affinity = new double[n][n];
    for (int i = 0; i < n; i++) {
      int self = i;
      List<Integer> others = new ArrayList<>();
      for (int j = 0; j < n; j++) {
        if (j != i) {
          others.add(j);
        }
      }
      others.sort(java.util.Comparator.comparingDouble(j -> distance(points[self], points[j])));
      for (int j : others.subList(0, neighbours)) {
        affinity[i][j] += 0.5;
        affinity[j][i] += 0.5;
      }
    }
    double[][] laplacian = new double[n][n];
    for (int i = 0; i < n; i++) {
      for (int j = 0; j < n; j++) {
        double degrees = sum(affinity[i]) * sum(affinity[j]);
        laplacian[i][j] = (i == j ? 1 : 0) - affinity[i][j] / Math.sqrt(degrees);
      }
    }
    return laplacian;
  }

  private static double sum(double[] values) {
    double sum = 0;
    for (double v : values) {
      sum += v;
    }
    return sum;
  }

  private static double distance(float[] a, float[] b) {
    double sum = 0;
    for (int d = 0; d < a.length; d++) {
      sum += (a[d] - b[d]) * (double) (a[d] - b[d]);
    }
    return sum;
  }

  @Test
  void statisticsAreMeansOverSamples() throws IOException {
    Path output = result(60);
    try (DatasetResult result = DatasetResult.open(output)) {
      assertThat(result.size()).isEqualTo(60);
      Statistics statistics = Statistics.of(result);
      assertThat(statistics.classes()).extracting(ClassStatistics::samples).containsExactly(40, 20);
      ClassStatistics upDown = statistics.classes().get(0);
      double sum = 0;
      int right = 0;
      float[] mean = new float[SIDE * SIDE];
      for (int i = 0; i < 60; i++) {
        if (result.label(i) == 0) {
          float[] one = result.relevance(i, 1).toFloats();
          for (int p = 0; p < one.length; p++) {
            sum += one[p];
            mean[p] += one[p] / 40;
          }
          right += result.prediction(i) == 0 ? 1 : 0;
        }
      }
      assertThat(upDown.relevance().mean()).isCloseTo(sum / 40, within(1e-5));
      assertThat(upDown.correct()).isEqualTo(right).isEqualTo(20);
      assertThat(statistics.mean(0).toFloats()).containsExactly(mean, within(1e-5f));
      assertThat(upDown.channels()).containsExactly(1.0);
      assertThat(upDown.regions()).hasSize(16);
      assertThat(upDown.regions().stream().mapToDouble(v -> v).sum()).isCloseTo(1, within(1e-9));
      statistics.write(output);
      assertThat(output.resolve("statistics.json")).content().contains("\"samples\": 40");
      assertThat(Npy.read(output.resolve("means/0.npy"))).isEqualTo(statistics.mean(0));
      assertThatThrownBy(() -> statistics.mean(7)).isInstanceOf(DatasetException.class);
    }
  }

  @Test
  void nothingIsNoResult() {
    assertThatThrownBy(() -> DatasetResult.open(folder))
        .isInstanceOf(DatasetException.class)
        .hasMessageContaining("no complete result");
    assertThatThrownBy(() -> new Spray(10, 8, List.of(1), 2000, 0, 0))
        .isInstanceOf(DatasetException.class);
  }
}
