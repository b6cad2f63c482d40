/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.concepts;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.zennit4j.bindings.Zennit4jException;
import org.zennit4j.requests.NdArray;
import org.zennit4j.requests.Npy;

/**
 * Reference samples in files, as zennit-crp names them: {@code NAME_data.npy} of int64, {@code
 * NAME_rel.npy} of float32 and {@code NAME_rf.npy} of int64, all of (rank, channel).
 */
final class ReferenceFiles {
  private static final String DATA = "_data.npy";
  private static final String VALUES = "_rel.npy";
  private static final String NEURONS = "_rf.npy";

  private ReferenceFiles() {}

  /** Layers may have a slash in their names, files not. */
  static String fileName(String layer) {
    return layer.replace('/', '_');
  }

  static boolean exist(Path stem) {
    return Files.isRegularFile(with(stem, DATA))
        && Files.isRegularFile(with(stem, VALUES))
        && Files.isRegularFile(with(stem, NEURONS));
  }

  private static Path with(Path stem, String ending) {
    return stem.resolveSibling(stem.getFileName() + ending);
  }

  static void write(Path stem, References references) {
    int rows = references.size();
    int channels = references.channels();
    long[] samples = new long[rows * channels];
    float[] values = new float[rows * channels];
    long[] neurons = new long[rows * channels];
    for (int c = 0; c < channels; c++) {
      int[] ofSamples = references.samples(c);
      double[] ofValues = references.values(c);
      int[] ofNeurons = references.neurons(c);
      for (int r = 0; r < rows; r++) {
        samples[r * channels + c] = ofSamples[r];
        values[r * channels + c] = (float) ofValues[r];
        neurons[r * channels + c] = ofNeurons[r];
      }
    }
    create(stem.getParent());
    Npy.write(with(stem, VALUES), NdArray.ofFloats(values, rows, channels));
    Npy.write(with(stem, NEURONS), NdArray.ofLongs(neurons, rows, channels));
    Npy.write(with(stem, DATA), NdArray.ofLongs(samples, rows, channels));
  }

  static References read(Path stem) {
    if (!exist(stem)) {
      throw new Zennit4jException(
          "there are no reference samples " + with(stem, DATA) + "; run the maximisation first");
    }
    NdArray samples = Npy.read(with(stem, DATA));
    long[] shape = samples.shape();
    NdArray values = Npy.read(with(stem, VALUES));
    NdArray neurons = Npy.read(with(stem, NEURONS));
    if (shape.length != 2
        || !java.util.Arrays.equals(shape, values.shape())
        || !java.util.Arrays.equals(shape, neurons.shape())) {
      throw new Zennit4jException(
          with(stem, DATA) + " and the files beside it are not of one shape (rank, channel)");
    }
    int rows = (int) shape[0];
    int channels = (int) shape[1];
    long[] s = samples.toLongs();
    float[] v = values.toFloats();
    long[] n = neurons.toLongs();
    long[][] ofSamples = new long[rows][channels];
    float[][] ofValues = new float[rows][channels];
    long[][] ofNeurons = new long[rows][channels];
    for (int r = 0; r < rows; r++) {
      System.arraycopy(s, r * channels, ofSamples[r], 0, channels);
      System.arraycopy(v, r * channels, ofValues[r], 0, channels);
      System.arraycopy(n, r * channels, ofNeurons[r], 0, channels);
    }
    return new References(ofSamples, ofValues, ofNeurons);
  }

  static void delete(Path stem) {
    try {
      for (String ending : List.of(DATA, VALUES, NEURONS)) {
        Files.deleteIfExists(with(stem, ending));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static void create(Path folder) {
    try {
      Files.createDirectories(folder);
    } catch (IOException e) {
      throw new Zennit4jException("cannot make the folder " + folder + ": " + e.getMessage(), e);
    }
  }

  /** The names of files in a folder, sorted; none if there is no folder. */
  static List<String> names(Path folder) {
    if (!Files.isDirectory(folder)) {
      return List.of();
    }
    try (Stream<Path> files = Files.list(folder)) {
      return new ArrayList<>(files.map(f -> f.getFileName().toString()).sorted().toList());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
