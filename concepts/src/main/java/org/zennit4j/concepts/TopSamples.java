/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.concepts;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/** The highest values of each channel so far, with their samples and neurons. */
final class TopSamples {
  private final int kept;
  private long[][] samples = new long[0][];
  private float[][] values = new float[0][];
  private long[][] neurons = new long[0][];

  TopSamples(int kept) {
    this.kept = kept;
  }

  /** Adds rows of (row, channel); equal values stay in the order in which they came. */
  void add(long[][] moreSamples, float[][] moreValues, long[][] moreNeurons) {
    if (moreValues.length == 0) {
      return;
    }
    int channels = moreValues[0].length;
    List<long[]> allSamples = new ArrayList<>(List.of(samples));
    List<float[]> allValues = new ArrayList<>(List.of(values));
    List<long[]> allNeurons = new ArrayList<>(List.of(neurons));
    allSamples.addAll(List.of(moreSamples));
    allValues.addAll(List.of(moreValues));
    allNeurons.addAll(List.of(moreNeurons));
    int size = Math.min(kept, allValues.size());
    samples = new long[size][channels];
    values = new float[size][channels];
    neurons = new long[size][channels];
    for (int channel = 0; channel < channels; channel++) {
      int c = channel;
      int[] order =
          IntStream.range(0, allValues.size())
              .boxed()
              .sorted(Comparator.comparing(row -> -allValues.get(row)[c]))
              .limit(size)
              .mapToInt(row -> row)
              .toArray();
      for (int rank = 0; rank < size; rank++) {
        samples[rank][c] = allSamples.get(order[rank])[c];
        values[rank][c] = allValues.get(order[rank])[c];
        neurons[rank][c] = allNeurons.get(order[rank])[c];
      }
    }
  }

  void add(References other) {
    long[][] s = new long[other.size()][other.channels()];
    float[][] v = new float[other.size()][other.channels()];
    long[][] n = new long[other.size()][other.channels()];
    for (int c = 0; c < other.channels(); c++) {
      int[] ofSamples = other.samples(c);
      double[] ofValues = other.values(c);
      int[] ofNeurons = other.neurons(c);
      for (int rank = 0; rank < other.size(); rank++) {
        s[rank][c] = ofSamples[rank];
        v[rank][c] = (float) ofValues[rank];
        n[rank][c] = ofNeurons[rank];
      }
    }
    add(s, v, n);
  }

  References references() {
    return new References(samples, values, neurons);
  }
}
