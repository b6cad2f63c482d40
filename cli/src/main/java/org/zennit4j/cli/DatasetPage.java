/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.IntStream;
import org.zennit4j.datasets.DatasetResult;
import org.zennit4j.datasets.analysis.ClassStatistics;
import org.zennit4j.datasets.analysis.Embedding;
import org.zennit4j.datasets.analysis.Spray;
import org.zennit4j.datasets.analysis.Statistics;
import org.zennit4j.images.ColorMap;
import org.zennit4j.images.Heatmap;
import org.zennit4j.images.RgbImage;
import org.zennit4j.pages.ClassMapsSection;
import org.zennit4j.pages.ClassMapsSection.ClassMap;
import org.zennit4j.pages.EmbeddingsSection;
import org.zennit4j.pages.GallerySection;
import org.zennit4j.pages.Page;
import org.zennit4j.pages.Png;
import org.zennit4j.pages.Signal;
import org.zennit4j.pages.TableSection;
import org.zennit4j.pages.TextSection;
import org.zennit4j.requests.NdArray;

/** A page about a dataset's result. */
final class DatasetPage {
  private static final int MOST_POINTS = 20_000;

  private final DatasetResult result;
  private final boolean pictures;
  private final Map<Integer, Integer> clusters;
  private final ColorMap colors = ColorMap.of("bwr");

  private DatasetPage(DatasetResult result) {
    this.result = result;
    long[] shape = result.shape();
    this.pictures = shape.length == 3 && shape[0] == 3;
    this.clusters = Spray.clusters(result.folder());
  }

  /**
   * Writes a page.
   *
   * @param most samples that it shows; of more they are taken at equal distances
   */
  static void write(Path folder, Path file, int most) throws IOException {
    try (DatasetResult result = DatasetResult.open(folder)) {
      new DatasetPage(result).page(most).write(file);
    }
  }

  private Page page(int most) throws IOException {
    String model = result.about().at("/about/model").asText("the model");
    String method = result.about().at("/about/method").asText("relevance");
    Statistics statistics = Statistics.of(result);
    Page page =
        Page.of(
            String.valueOf(result.folder().toAbsolutePath().normalize().getFileName()),
            result.size()
                + " samples, explained by "
                + method
                + " on "
                + model
                + ", target: "
                + result.about().get("target").asText());
    page = page.with(summary(statistics));
    if (pictures) {
      page = page.with(means(statistics));
    }
    List<Embedding> embeddings = Embedding.read(result.folder());
    if (!embeddings.isEmpty()) {
      page = page.with(embeddings(embeddings));
    }
    return page.with(gallery(most))
        .with(
            new TextSection(
                "How it was made", Files.readString(result.folder().resolve("dataset.json"))));
  }

  private static TableSection summary(Statistics statistics) {
    List<List<String>> rows = new ArrayList<>();
    for (ClassStatistics one : statistics.classes()) {
      rows.add(
          List.of(
              one.name(),
              Integer.toString(one.samples()),
              String.format(Locale.ROOT, "%.1f %%", 100.0 * one.correct() / one.samples()),
              String.format(Locale.ROOT, "%.4f", one.relevance().mean()),
              String.format(Locale.ROOT, "%.4f", one.relevance().deviation())));
    }
    return new TableSection(
        "Classes",
        List.of("class", "samples", "predicted right", "mean sum of relevance", "deviation"),
        rows);
  }

  private ClassMapsSection means(Statistics statistics) {
    List<ClassMap> maps = new ArrayList<>();
    for (ClassStatistics one : statistics.classes()) {
      NdArray mean = statistics.mean(one.label());
      Heatmap map =
          Heatmap.of(mean.toDoubles(), (int) mean.shape()[1], (int) mean.shape()[0])
              .withColorMap(colors);
      String note = one.samples() + (one.samples() == 1 ? " sample" : " samples");
      maps.add(new ClassMap(one.name(), note, PageSections.png(map.picture())));
    }
    return new ClassMapsSection(maps);
  }

  private EmbeddingsSection embeddings(List<Embedding> embeddings) {
    // t-SNE first: where it was asked for it is to be seen.
    List<Embedding> ordered = new ArrayList<>(embeddings);
    ordered.sort(
        Comparator.comparingLong(Embedding::label)
            .thenComparing(Embedding::name, Comparator.reverseOrder()));
    long all = ordered.stream().mapToLong(one -> one.rows().size()).sum();
    double share = Math.min(1, MOST_POINTS / (double) all);
    return new EmbeddingsSection(ordered.stream().map(one -> plot(one, share)).toList());
  }

  private EmbeddingsSection.Plot plot(Embedding embedding, double share) {
    float[] places = embedding.points().toFloats();
    int size = embedding.rows().size();
    int count = (int) Math.ceil(size * share);
    List<EmbeddingsSection.Point> points = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      int at = (int) ((long) i * size / count);
      int row = embedding.rows().get(at);
      int prediction = result.prediction(row);
      Integer cluster = clusters.get(row);
      points.add(
          new EmbeddingsSection.Point(
              places[2 * at],
              places[2 * at + 1],
              cluster == null ? OptionalInt.empty() : OptionalInt.of(cluster),
              result.label(row) >= 0 && result.label(row) != prediction,
              "#" + row + ", predicted " + result.name(prediction)));
    }
    String name = embedding.name().equals("tsne") ? "t-SNE" : "spectral";
    return new EmbeddingsSection.Plot(result.name(embedding.label()), name, points);
  }

  private GallerySection gallery(int most) {
    int count = Math.min(most, result.size());
    List<GallerySection.Sample> samples =
        IntStream.range(0, count)
            .map(i -> (int) ((long) i * result.size() / count))
            .mapToObj(this::sample)
            .toList();
    String note =
        count < result.size()
            ? count + " of " + result.size() + " samples, at equal distances."
            : "All samples.";
    return new GallerySection(
        clusters.isEmpty() ? note : note + " Clusters are those of each class's heatmaps.",
        samples);
  }

  private GallerySection.Sample sample(int row) {
    NdArray relevance = result.relevance(row, 1);
    NdArray data = result.data(row, 1);
    double[] map = summed(relevance);
    Optional<Png> picture = Optional.empty();
    Optional<Png> heat = Optional.empty();
    Optional<Signal> signal = Optional.empty();
    long[] shape = result.shape();
    if (pictures) {
      int height = (int) shape[1];
      int width = (int) shape[2];
      picture = Optional.of(PageSections.png(picture(data, width, height)));
      heat =
          Optional.of(
              PageSections.png(Heatmap.of(map, width, height).withColorMap(colors).picture()));
    } else if (map.length > 1 && shape.length <= 2) {
      signal = Optional.of(Signal.of(summed(data), map));
    }
    float[] output = result.output(row);
    int prediction = result.prediction(row);
    Integer cluster = clusters.get(row);
    return new GallerySection.Sample(
        "#" + row,
        result.name(result.label(row)),
        result.name(prediction),
        softmax(output, prediction),
        Arrays.stream(map).sum(),
        cluster == null ? OptionalInt.empty() : OptionalInt.of(cluster),
        picture,
        heat,
        signal);
  }

  private static double softmax(float[] output, int chosen) {
    double sum = 0;
    for (float value : output) {
      sum += Math.exp(value - output[chosen]);
    }
    return 1 / sum;
  }

  /** Channels added up. */
  private static double[] summed(NdArray one) {
    long[] shape = one.shape();
    int channels = shape.length > 2 ? (int) shape[1] : 1;
    double[] values = one.toDoubles();
    double[] summed = new double[values.length / channels];
    for (int i = 0; i < values.length; i++) {
      summed[i % summed.length] += values[i];
    }
    return summed;
  }

  private static RgbImage picture(NdArray data, int width, int height) {
    byte[] planes = new byte[3 * width * height];
    data.bytes().get(planes);
    byte[] rgb = new byte[planes.length];
    for (int i = 0; i < planes.length; i++) {
      rgb[3 * (i % (width * height)) + i / (width * height)] = planes[i];
    }
    return RgbImage.of(width, height, rgb);
  }
}
