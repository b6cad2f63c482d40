/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.datasets;

import java.util.ArrayList;
import java.util.List;
import org.zennit4j.requests.NdArray;

/**
 * One batch on its way: what was read, and what could not be.
 *
 * @param read prepared samples, of equal shapes
 * @param bad the others
 */
record Samples(List<Item> read, List<Bad> bad) {
  /** A sample that was read. */
  record Item(Sample sample, Preparation.Prepared prepared) {}

  /** A sample that was not. */
  record Bad(int index, String id, String reason) {}

  /**
   * Reads samples.
   *
   * @param like an input; one of another shape is bad
   * @param labelled whether a sample needs a label
   */
  static Samples read(
      SampleSource source,
      Preparation preparation,
      int first,
      int count,
      NdArray like,
      boolean labelled) {
    List<Item> read = new ArrayList<>();
    List<Bad> bad = new ArrayList<>();
    for (int i = first; i < first + count; i++) {
      try {
        Sample sample = source.read(i);
        Preparation.Prepared prepared = preparation.of(sample);
        if (!java.util.Arrays.equals(prepared.input().shape(), like.shape())) {
          throw new SampleException(
              "its shape is "
                  + java.util.Arrays.toString(prepared.input().shape())
                  + ", the first one's "
                  + java.util.Arrays.toString(like.shape()),
              null);
        }
        if (labelled && sample.label().isEmpty()) {
          throw new SampleException("it has no label to explain", null);
        }
        read.add(new Item(sample, prepared));
      } catch (SampleException e) {
        bad.add(new Bad(i, source.id(i), e.getMessage()));
      }
    }
    return new Samples(read, bad);
  }
}
