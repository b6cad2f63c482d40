/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.concepts;

import java.util.Arrays;

/** The samples that show the channels of a layer best, the best first. Immutable. */
public final class References {
  private final long[][] samples;
  private final float[][] values;
  private final long[][] neurons;

  /** Takes over arrays of (rank, channel). */
  References(long[][] samples, float[][] values, long[][] neurons) {
    this.samples = samples;
    this.values = values;
    this.neurons = neurons;
  }

  /**
   * The number of channels.
   *
   * @return from 0
   */
  public int channels() {
    return samples.length == 0 ? 0 : samples[0].length;
  }

  /**
   * How many samples were kept for each channel.
   *
   * @return at most 40
   */
  public int size() {
    return samples.length;
  }

  /**
   * The samples of a channel.
   *
   * @param channel its number
   * @return numbers in the dataset, the best first
   */
  public int[] samples(int channel) {
    return Arrays.stream(samples).mapToInt(row -> (int) row[channel]).toArray();
  }

  /**
   * The relevances (or activations) of a channel in its samples.
   *
   * @param channel its number
   * @return in descending order
   */
  public double[] values(int channel) {
    return Arrays.stream(values).mapToDouble(row -> row[channel]).toArray();
  }

  /**
   * Where in space the channel is strongest in its samples.
   *
   * @param channel its number
   * @return positions in the flattened space of the layer's output
   */
  public int[] neurons(int channel) {
    return Arrays.stream(neurons).mapToInt(row -> (int) row[channel]).toArray();
  }

  /**
   * The channels by the mean of their values over the samples that were kept: with relevance to one
   * target, the concepts that it uses most.
   *
   * @return channel numbers, the highest mean first
   */
  public int[] ranking() {
    double[] means = means();
    return java.util.stream.IntStream.range(0, channels())
        .boxed()
        .sorted(java.util.Comparator.comparingDouble(c -> -means[c]))
        .mapToInt(c -> c)
        .toArray();
  }

  /**
   * The mean value of each channel over the samples that were kept.
   *
   * @return one for each channel
   */
  public double[] means() {
    double[] means = new double[channels()];
    for (int c = 0; c < means.length; c++) {
      means[c] = Arrays.stream(values(c)).average().orElse(Double.NaN);
    }
    return means;
  }
}
