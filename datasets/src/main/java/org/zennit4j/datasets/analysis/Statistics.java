/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.datasets.analysis;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.zennit4j.datasets.DatasetException;
import org.zennit4j.datasets.DatasetResult;
import org.zennit4j.datasets.analysis.ClassStatistics.Distribution;
import org.zennit4j.requests.Json;
import org.zennit4j.requests.NdArray;
import org.zennit4j.requests.Npy;

/** Means and shares by class, from one pass over a result. Immutable. */
public final class Statistics {
  /** Fields on a side of the grid of regions. */
  public static final int GRID = 4;

  private static final int ROWS = 64;

  private final List<ClassStatistics> classes;
  private final Map<Long, NdArray> means;

  private Statistics(List<ClassStatistics> classes, Map<Long, NdArray> means) {
    this.classes = List.copyOf(classes);
    this.means = means;
  }

  /**
   * Reads a result.
   *
   * @param result stays the caller's
   * @return the statistics
   */
  public static Statistics of(DatasetResult result) {
    Map<Long, Sums> sums = new TreeMap<>();
    for (int first = 0; first < result.size(); first += ROWS) {
      int count = Math.min(ROWS, result.size() - first);
      float[] values = result.relevance(first, count).toFloats();
      int size = values.length / count;
      for (int i = 0; i < count; i++) {
        int row = first + i;
        Sums of = sums.computeIfAbsent(result.label(row), k -> new Sums(result.shape()));
        of.add(values, i * size, result.prediction(row) == result.label(row));
      }
    }
    List<ClassStatistics> classes = new ArrayList<>();
    Map<Long, NdArray> means = new TreeMap<>();
    sums.forEach(
        (label, of) -> {
          classes.add(of.statistics(label, result.name(label)));
          means.put(label, of.mean());
        });
    return new Statistics(classes, Collections.unmodifiableMap(means));
  }

  /**
   * Returns the classes that have samples.
   *
   * @return sorted by number
   */
  public List<ClassStatistics> classes() {
    return classes;
  }

  /**
   * Returns the mean relevance of a class, channels added up.
   *
   * @param label a class that has samples
   * @return float32 of shape (H,W), or (L) of a series
   */
  public NdArray mean(long label) {
    NdArray mean = means.get(label);
    if (mean == null) {
      throw new DatasetException("class " + label + " has no samples");
    }
    return mean;
  }

  /**
   * Writes {@code statistics.json}, and the mean relevance of each class to {@code means/}.
   *
   * @param folder that of the result
   */
  public void write(Path folder) {
    List<Object> list = new ArrayList<>();
    for (ClassStatistics one : classes) {
      Map<String, Object> json = new LinkedHashMap<>();
      json.put("label", one.label());
      json.put("name", one.name());
      json.put("samples", one.samples());
      json.put("correct", one.correct());
      json.put("channel_shares", one.channels());
      json.put("region_shares", one.regions());
      Map<String, Object> sum = new LinkedHashMap<>();
      sum.put("samples", one.relevance().count());
      sum.put("mean", one.relevance().mean());
      sum.put("deviation", one.relevance().deviation());
      sum.put("low", one.relevance().low());
      sum.put("high", one.relevance().high());
      json.put("relevance", sum);
      list.add(json);
    }
    try {
      Files.createDirectories(folder.resolve("means"));
      means.forEach(
          (label, mean) -> Npy.write(folder.resolve("means").resolve(label + ".npy"), mean));
      Files.writeString(folder.resolve("statistics.json"), Json.write(list) + "\n");
    } catch (IOException e) {
      throw new DatasetException("cannot write to " + folder + ": " + e.getMessage(), e);
    }
  }

  /** Running sums of one class. */
  private static final class Sums {
    private final long[] shape;
    private final int channels;
    private final int positions;
    private final double[] mean;
    private final double[] channelShares;
    private final double[] regionShares;
    private final List<Double> sums = new ArrayList<>();
    private int samples;
    private int correct;

    Sums(long[] shape) {
      this.shape = shape;
      this.channels = shape.length > 1 ? (int) shape[0] : 1;
      this.positions = (int) Arrays.stream(shape).reduce(1, (a, b) -> a * b) / channels;
      this.mean = new double[positions];
      this.channelShares = new double[channels];
      this.regionShares = new double[shape.length == 3 ? GRID * GRID : 0];
    }

    void add(float[] values, int at, boolean right) {
      samples++;
      correct += right ? 1 : 0;
      double sum = 0;
      double absolute = 0;
      double[] byChannel = new double[channels];
      double[] byRegion = new double[regionShares.length];
      for (int c = 0; c < channels; c++) {
        for (int p = 0; p < positions; p++) {
          double value = values[at + c * positions + p];
          sum += value;
          mean[p] += value;
          absolute += Math.abs(value);
          byChannel[c] += Math.abs(value);
          if (byRegion.length > 0) {
            int height = (int) shape[1];
            int width = (int) shape[2];
            int row = p / width * GRID / height;
            byRegion[row * GRID + p % width * GRID / width] += Math.abs(value);
          }
        }
      }
      if (absolute > 0) {
        for (int c = 0; c < channels; c++) {
          channelShares[c] += byChannel[c] / absolute;
        }
        for (int r = 0; r < byRegion.length; r++) {
          regionShares[r] += byRegion[r] / absolute;
        }
      }
      sums.add(sum);
    }

    NdArray mean() {
      float[] values = new float[positions];
      for (int p = 0; p < positions; p++) {
        values[p] = (float) (mean[p] / samples);
      }
      long[] plane = shape.length > 1 ? Arrays.copyOfRange(shape, 1, shape.length) : shape;
      return NdArray.ofFloats(values, plane);
    }

    ClassStatistics statistics(long label, String name) {
      return new ClassStatistics(
          label,
          name,
          samples,
          correct,
          Arrays.stream(channelShares).mapToObj(v -> v / samples).toList(),
          Arrays.stream(regionShares).mapToObj(v -> v / samples).toList(),
          distribution());
    }

    private Distribution distribution() {
      double[] values = sums.stream().mapToDouble(Double::doubleValue).toArray();
      double average = Arrays.stream(values).average().orElse(Double.NaN);
      double variance =
          Arrays.stream(values)
              .map(v -> (v - average) * (v - average))
              .average()
              .orElse(Double.NaN);
      return new Distribution(
          values.length,
          average,
          Math.sqrt(variance),
          Arrays.stream(values).min().orElse(Double.NaN),
          Arrays.stream(values).max().orElse(Double.NaN));
    }
  }
}
