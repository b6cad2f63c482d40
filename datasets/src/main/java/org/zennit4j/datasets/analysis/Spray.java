/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.datasets.analysis;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import java.util.function.IntConsumer;
import java.util.stream.IntStream;
import org.zennit4j.datasets.DatasetException;
import org.zennit4j.datasets.DatasetResult;
import org.zennit4j.datasets.internal.Hdf5Data;
import org.zennit4j.datasets.internal.Hdf5File;
import org.zennit4j.requests.NdArray;
import org.zennit4j.requests.NdArray.DType;

/**
 * Spectral relevance analysis (SpRAy): the heatmaps of each class are clustered, so that samples
 * which are classified for an unusual reason stand out.
 *
 * <p>A heatmap is added up over its channels, averaged over fields so that it has at most 32 a side
 * (1024 of a series), and divided by its sum of absolute values. The nearest neighbours make a
 * graph, the eigenvectors of its normalised Laplacian an embedding. For k clusters k-means divides
 * its rows of the first k eigenvectors, scaled to length one (Ng, Jordan and Weiss 2001). On
 * request t-SNE (van der Maaten and Hinton 2008) draws the embedding in a plane. All of it is
 * repeatable. Immutable.
 *
 * @param neighbours how many make the graph
 * @param eigenvectors how many make the embedding
 * @param clusters for how many clusters k-means runs, one by one
 * @param samples the most of a class; of a larger one they are taken at equal distances
 * @param perplexity of t-SNE, roughly the number of neighbours that matter, at most a third of the
 *     samples; 0: no t-SNE
 * @param seed of k-means and t-SNE
 */
public record Spray(
    int neighbours,
    int eigenvectors,
    List<Integer> clusters,
    int samples,
    double perplexity,
    long seed) {
  private static final int SIDE = 32;
  private static final int LENGTH = 1024;

  /**
   * Checks the numbers.
   *
   * @param neighbours how many make the graph
   * @param eigenvectors how many make the embedding
   * @param clusters for how many clusters k-means runs, one by one
   * @param samples the most of a class; of a larger one they are taken at equal distances
   * @param perplexity of t-SNE, or 0
   * @param seed of k-means and t-SNE
   */
  public Spray {
    clusters = List.copyOf(clusters);
    if (neighbours < 1
        || eigenvectors < 2
        || samples < 3
        || clusters.stream().anyMatch(k -> k < 2 || k > 99)) {
      throw new DatasetException(
          "a clustering needs 1 neighbour, 2 eigenvectors, 3 samples and 2 to 99 clusters at least");
    }
    if (perplexity != 0 && !(perplexity >= 2 && perplexity <= 1000)) {
      throw new DatasetException("a perplexity is 2 to 1000, not " + perplexity);
    }
  }

  /**
   * Returns what is usual: 10 neighbours, 8 eigenvectors, 2 to 8 clusters, 2000 samples of a class,
   * no t-SNE.
   *
   * @return the settings
   */
  public static Spray usual() {
    return new Spray(10, 8, IntStream.rangeClosed(2, 8).boxed().toList(), 2000, 0, 0);
  }

  /**
   * Returns the same with t-SNE.
   *
   * @param size its perplexity; 30 is usual
   * @return other settings
   */
  public Spray withTsne(double size) {
    return new Spray(neighbours, eigenvectors, clusters, samples, size, seed);
  }

  /**
   * Analyses a result and writes {@code analysis.h5} beside it, as ViRelAy reads it, and names it
   * in {@code project.yaml} if there is one. Classes with fewer than 3 samples are left out.
   *
   * @param result stays the caller's
   * @param done hears after each class how many are done
   * @return the classes that were analysed, in order
   */
  public List<Long> run(DatasetResult result, IntConsumer done) {
    Map<Long, List<Integer>> rows = new TreeMap<>();
    for (int i = 0; i < result.size(); i++) {
      long key = result.label(i) < 0 ? result.prediction(i) : result.label(i);
      rows.computeIfAbsent(key, k -> new ArrayList<>()).add(i);
    }
    rows.values().removeIf(list -> list.size() < 3);
    if (rows.isEmpty()) {
      throw new DatasetException(result.folder() + ": no class has 3 samples to cluster");
    }
    Path file = result.folder().resolve("analysis.h5");
    Path temporary = result.folder().resolve(".analysis.h5." + UUID.randomUUID());
    try {
      try (Hdf5File out = Hdf5File.create(temporary)) {
        int count = 0;
        for (Map.Entry<Long, List<Integer>> one : rows.entrySet()) {
          write(out, result, one.getKey(), some(one.getValue()));
          done.accept(++count);
        }
      }
      Files.move(temporary, file, StandardCopyOption.REPLACE_EXISTING);
      mention(result.folder().resolve("project.yaml"));
    } catch (IOException e) {
      throw new DatasetException("cannot write " + file + ": " + e.getMessage(), e);
    } finally {
      delete(temporary);
    }
    return List.copyOf(rows.keySet());
  }

  /**
   * Reads the clusters of an analysis: those of the smallest number that k-means was run for.
   *
   * @param folder that of a result
   * @return row to cluster; empty if there was no analysis
   */
  public static Map<Integer, Integer> clusters(Path folder) {
    Map<Integer, Integer> clusters = new TreeMap<>();
    Path file = folder.resolve("analysis.h5");
    if (!Files.exists(file)) {
      return clusters;
    }
    try (Hdf5File in = Hdf5File.open(file)) {
      for (String group : in.names("/")) {
        List<String> names = in.names(group + "/cluster");
        if (!names.isEmpty()) {
          Hdf5Data index = in.data(group + "/index");
          int count = (int) index.shape()[0];
          long[] rows = index.rows(0, count).toLongs();
          long[] numbers = in.data(group + "/cluster/" + names.get(0)).rows(0, count).toLongs();
          for (int i = 0; i < count; i++) {
            clusters.put((int) rows[i], (int) numbers[i]);
          }
        }
      }
    }
    return clusters;
  }

  private static void delete(Path file) {
    try {
      Files.deleteIfExists(file);
    } catch (IOException e) {
      throw new DatasetException("cannot delete " + file + ": " + e.getMessage(), e);
    }
  }

  private static void mention(Path project) throws IOException {
    if (!Files.exists(project)) {
      return;
    }
    String text = Files.readString(project);
    if (!text.contains("analyses:")) {
      Files.writeString(
          project,
          text.stripTrailing()
              + "\n  analyses:\n  - analysis_method: spectral\n    sources:\n    - analysis.h5\n");
    }
  }

  /** At equal distances. */
  private List<Integer> some(List<Integer> rows) {
    if (rows.size() <= samples) {
      return rows;
    }
    return IntStream.range(0, samples)
        .mapToObj(i -> rows.get((int) ((long) i * rows.size() / samples)))
        .toList();
  }

  private void write(Hdf5File out, DatasetResult result, long label, List<Integer> rows) {
    float[][] points = new float[rows.size()][];
    for (int i = 0; i < points.length; i++) {
      points[i] = point(result.relevance(rows.get(i), 1).toFloats(), result.shape());
    }
    SpectralEmbedding embedding = SpectralEmbedding.of(points, neighbours, eigenvectors);
    String group = Embedding.group(label);
    ByteBuffer index = ByteBuffer.allocate(4 * points.length).order(ByteOrder.LITTLE_ENDIAN);
    rows.forEach(index::putInt);
    out.write(group + "/index", NdArray.of(DType.UINT32, index.flip(), points.length), 1);
    Hdf5Data spectral = out.write(group + "/embedding/spectral", floats(embedding.vectors()), 1);
    float[] values = new float[embedding.values().length];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) embedding.values()[i];
    }
    spectral.attribute("eigenvalue", NdArray.ofFloats(values, values.length));
    // The first eigenvector tells connected samples nothing apart.
    double[][] plane =
        Arrays.stream(embedding.vectors())
            .map(
                row ->
                    row.length > 2 ? new double[] {row[1], row[2]} : new double[] {row[0], row[1]})
            .toArray(double[][]::new);
    out.write(group + "/embedding/spectral-2d", floats(plane), 1);
    if (perplexity > 0) {
      Tsne tsne = Tsne.of(embedding.vectors(), Tsne.perplexity(perplexity, points.length));
      out.write(group + "/embedding/tsne", floats(tsne.embed(plane, seed)), 1);
    }
    for (int k : clusters) {
      if (k < points.length) {
        long[] numbers =
            Arrays.stream(KMeans.cluster(embedding.unitRows(k), k, seed)).asLongStream().toArray();
        String name = String.format(Locale.ROOT, "%s/cluster/kmeans-%02d", group, k);
        out.write(name, NdArray.ofLongs(numbers, numbers.length), 1)
            .attribute("k", NdArray.ofLongs(new long[] {k}, 1));
      }
    }
  }

  private static NdArray floats(double[][] rows) {
    float[] values = new float[rows.length * rows[0].length];
    for (int i = 0; i < rows.length; i++) {
      for (int d = 0; d < rows[i].length; d++) {
        values[i * rows[i].length + d] = (float) rows[i][d];
      }
    }
    return NdArray.ofFloats(values, rows.length, rows[0].length);
  }

  /** A heatmap as a point. */
  static float[] point(float[] relevance, long[] shape) {
    int channels = shape.length > 1 ? (int) shape[0] : 1;
    int height = shape.length == 3 ? (int) shape[1] : 1;
    int width = relevance.length / channels / height;
    int rows = Math.min(height, SIDE);
    int columns = Math.min(width, height == 1 ? LENGTH : SIDE);
    float[] point = new float[rows * columns];
    double absolute = 0;
    for (int c = 0; c < channels; c++) {
      for (int y = 0; y < height; y++) {
        for (int x = 0; x < width; x++) {
          int field = y * rows / height * columns + x * columns / width;
          point[field] += relevance[(c * height + y) * width + x];
        }
      }
    }
    for (float value : point) {
      absolute += Math.abs(value);
    }
    for (int i = 0; i < point.length && absolute > 0; i++) {
      point[i] = (float) (point[i] / absolute);
    }
    return point;
  }
}
