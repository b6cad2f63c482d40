/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.datasets;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.zennit4j.datasets.internal.Hdf5Data;
import org.zennit4j.datasets.internal.Hdf5File;
import org.zennit4j.requests.Json;
import org.zennit4j.requests.NdArray;

/**
 * The files that a {@link DatasetRun} wrote as HDF5, read row by row. Thread-safe. Owned by who
 * opens it, who closes it.
 */
public final class DatasetResult implements AutoCloseable {
  private final Path folder;
  private final Hdf5File input;
  private final Hdf5File attribution;
  private final Hdf5Data data;
  private final Hdf5Data relevance;
  private final long[] labels;
  private final float[] outputs;
  private final int classes;
  private final List<String> names;
  private final JsonNode about;

  private DatasetResult(Path folder, Hdf5File input, Hdf5File attribution) {
    this.folder = folder;
    this.input = input;
    this.attribution = attribution;
    this.data = input.data("data");
    this.relevance = attribution.data("attribution");
    int rows = Math.toIntExact(relevance.shape()[0]);
    this.labels = attribution.data("label").rows(0, rows).toLongs();
    NdArray prediction = attribution.data("prediction").rows(0, rows);
    this.outputs = prediction.toFloats();
    this.classes = (int) prediction.shape()[1];
    this.names = new ArrayList<>();
    json("labels.json")
        .forEach(
            one -> {
              if (one.get("index").asInt() >= 0) {
                names.add(one.get("name").asText());
              }
            });
    this.about = json("dataset.json");
  }

  /**
   * Opens a result.
   *
   * @param folder that of a run
   * @return the open result
   * @throws DatasetException if there is none, or it is not complete
   */
  public static DatasetResult open(Path folder) {
    if (!Files.exists(folder.resolve("dataset.json"))
        || !Files.exists(folder.resolve("attribution.h5"))) {
      throw new DatasetException(
          folder + ": holds no complete result in HDF5; zennit4j dataset makes one");
    }
    Hdf5File input = Hdf5File.open(folder.resolve("input.h5"));
    Hdf5File attribution = null;
    try {
      attribution = Hdf5File.open(folder.resolve("attribution.h5"));
      return new DatasetResult(folder, input, attribution);
    } catch (RuntimeException e) {
      input.close();
      if (attribution != null) {
        attribution.close();
      }
      throw e;
    }
  }

  private JsonNode json(String name) {
    try {
      return Json.parse(Files.readString(folder.resolve(name)));
    } catch (IOException e) {
      throw new DatasetException("cannot read " + folder.resolve(name) + ": " + e.getMessage(), e);
    }
  }

  /**
   * Returns the folder.
   *
   * @return as it was opened
   */
  public Path folder() {
    return folder;
  }

  /**
   * Returns how it was made.
   *
   * @return the content of dataset.json; not to be changed
   */
  public JsonNode about() {
    return about;
  }

  /**
   * Returns the number of explained samples.
   *
   * @return the rows of all arrays
   */
  public int size() {
    return labels.length;
  }

  /**
   * Returns the number of classes that the model has.
   *
   * @return the length of an output
   */
  public int classes() {
    return classes;
  }

  /**
   * Returns what a class is called.
   *
   * @param label the class; -1 stands for unknown
   * @return its name
   */
  public String name(long label) {
    return label < 0 ? "unknown" : label < names.size() ? names.get((int) label) : "class " + label;
  }

  /**
   * Returns the true class of a sample.
   *
   * @param row its row
   * @return its class, or -1 if the dataset did not know
   */
  public long label(int row) {
    return labels[row];
  }

  /**
   * Returns the most likely class of a sample.
   *
   * @param row its row
   * @return the class of the largest output
   */
  public int prediction(int row) {
    int best = 0;
    for (int c = 1; c < classes; c++) {
      best = outputs[row * classes + c] > outputs[row * classes + best] ? c : best;
    }
    return best;
  }

  /**
   * Returns the class whose relevance is stored.
   *
   * @param row the sample's row
   * @return its label, its prediction or the fixed class of the run
   */
  public int explained(int row) {
    String target = about.get("target").asText();
    return switch (target) {
      case "label" -> (int) label(row);
      case "prediction" -> prediction(row);
      default -> Integer.parseInt(target);
    };
  }

  /**
   * Returns the outputs for a sample.
   *
   * @param row its row
   * @return a value for each class
   */
  public float[] output(int row) {
    return Arrays.copyOfRange(outputs, row * classes, (row + 1) * classes);
  }

  /**
   * Returns the shape of one sample's relevance.
   *
   * @return such as (3,H,W)
   */
  public long[] shape() {
    long[] shape = relevance.shape();
    return Arrays.copyOfRange(shape, 1, shape.length);
  }

  /**
   * Reads the relevance of some samples.
   *
   * @param first the first row
   * @param count how many
   * @return float32 of shape (count, ...)
   */
  public NdArray relevance(int first, int count) {
    return relevance.rows(first, count);
  }

  /**
   * Reads the inputs of some samples.
   *
   * @param first the first row
   * @param count how many
   * @return pictures as bytes of shape (count,3,H,W); other arrays as they were
   */
  public NdArray data(int first, int count) {
    return data.rows(first, count);
  }

  /** Closes the files; closing twice is harmless. */
  @Override
  public void close() {
    input.close();
    attribution.close();
  }
}
