/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.datasets;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.zennit4j.datasets.internal.Hdf5Data;
import org.zennit4j.datasets.internal.Hdf5File;
import org.zennit4j.requests.NdArray;
import org.zennit4j.requests.NdArray.DType;

/**
 * The files that ViRelAy and CoRelAy read, made of the parts, each of which is opened once; under
 * other names until they are whole. Used by one thread at a time.
 */
final class JoinedParts implements AutoCloseable {
  private static final int INDICES = 1 << 16;

  private final Parts parts;
  private final int level;
  private final Path input;
  private final Path attribution;
  private final Path hiddenInput;
  private final Path hiddenAttribution;
  private final Map<String, Hdf5Data> made = new HashMap<>();
  private Hdf5File inputs;
  private Hdf5File attributions;
  private long rows;
  private int classes;

  JoinedParts(Path output, Parts parts, int level) {
    this.parts = parts;
    this.level = level;
    this.input = output.resolve("input.h5");
    this.attribution = output.resolve("attribution.h5");
    this.hiddenInput = Assembly.hidden(input);
    this.hiddenAttribution = Assembly.hidden(attribution);
  }

  private void join(Hdf5File part) {
    if (inputs == null) {
      inputs = Hdf5File.create(hiddenInput);
      attributions = Hdf5File.create(hiddenAttribution);
      classes = (int) part.data("prediction").shape()[1];
    }
    for (String name : List.of("data", "label")) {
      append(inputs, name, part.data(name));
    }
    for (String name : List.of("attribution", "prediction", "label")) {
      append(attributions, name, part.data(name));
    }
    Hdf5Data samples = part.data("sample");
    int count = (int) samples.shape()[0];
    // Where each row comes from, as the attribution file has its index.
    long[] numbers = samples.rows(0, count).toLongs();
    made.computeIfAbsent("index", key -> inputs.create(key, DType.UINT32, new long[0], level))
        .append(unsigned(numbers));
    rows += count;
  }

  private void append(Hdf5File to, String name, Hdf5Data from) {
    made.computeIfAbsent(
            to == inputs ? "input " + name : name,
            key -> {
              long[] shape = from.shape();
              long[] row = Arrays.copyOfRange(shape, 1, shape.length);
              return to.create(name, from.dtype(), row, level, name.equals("attribution"));
            })
        .appendAll(from);
  }

  private static NdArray unsigned(long[] numbers) {
    ByteBuffer bytes = ByteBuffer.allocate(4 * numbers.length).order(ByteOrder.LITTLE_ENDIAN);
    for (long number : numbers) {
      bytes.putInt((int) number);
    }
    return NdArray.of(DType.UINT32, bytes.flip(), numbers.length);
  }

  /** Adds the parts, all of which are there, and gives the files their names. */
  void finish(int segments) {
    for (int segment = 0; segment < segments; segment++) {
      try (Hdf5File part = Hdf5File.open(parts.arrays(segment))) {
        if (!part.names("/").isEmpty()) {
          join(part);
        }
      }
    }
    if (inputs == null) {
      throw new IllegalStateException("no part has rows");
    }
    Hdf5Data index = attributions.create("index", DType.UINT32, new long[0], level);
    for (long first = 0; first < rows; first += INDICES) {
      long[] numbers = new long[(int) Math.min(INDICES, rows - first)];
      for (int i = 0; i < numbers.length; i++) {
        numbers[i] = first + i;
      }
      index.append(unsigned(numbers));
    }
    inputs.close();
    attributions.close();
    try {
      Parts.rename(hiddenInput, input);
      Parts.rename(hiddenAttribution, attribution);
    } catch (IOException e) {
      throw new DatasetException("cannot write " + input.getParent() + ": " + e.getMessage(), e);
    }
  }

  /** The number of classes that the model has, known at the end. */
  int classes() {
    return classes;
  }

  @Override
  public void close() {
    if (inputs != null) {
      inputs.close();
      attributions.close();
    }
    TemporaryFiles.delete(hiddenInput);
    TemporaryFiles.delete(hiddenAttribution);
  }
}
