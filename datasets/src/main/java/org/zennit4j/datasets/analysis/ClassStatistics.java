/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.datasets.analysis;

import java.util.List;

/**
 * What the relevance of one class's samples is like. Shares are of the sum of absolute relevance,
 * the mean over samples.
 *
 * @param label the class; -1 stands for unknown
 * @param name what it is called
 * @param samples how many it has
 * @param correct how many of them are predicted so
 * @param channels the share of each channel
 * @param regions the share of each field of a grid over the picture, row by row; empty if the
 *     samples are no pictures
 * @param relevance the sum of each sample's relevance, all of it, as a distribution; one where a
 *     composite loses nothing, since relevance starts as one
 */
public record ClassStatistics(
    long label,
    String name,
    int samples,
    int correct,
    List<Double> channels,
    List<Double> regions,
    Distribution relevance) {

  /**
   * Copies the lists.
   *
   * @param label the class; -1 stands for unknown
   * @param name what it is called
   * @param samples how many it has
   * @param correct how many of them are predicted so
   * @param channels the share of each channel
   * @param regions the share of each field of a grid over the picture, row by row; empty if the
   *     samples are no pictures
   * @param relevance the sum of each sample's relevance, all of it, as a distribution; one where a
   *     composite loses nothing, since relevance starts as one
   */
  public ClassStatistics {
    channels = List.copyOf(channels);
    regions = List.copyOf(regions);
  }

  /**
   * A distribution of numbers.
   *
   * @param count how many
   * @param mean their mean, NaN for none
   * @param deviation their standard deviation, NaN for none
   * @param low the smallest, NaN for none
   * @param high the largest, NaN for none
   */
  public record Distribution(int count, double mean, double deviation, double low, double high) {}
}
