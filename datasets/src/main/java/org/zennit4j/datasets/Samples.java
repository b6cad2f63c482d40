/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.datasets;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;
import java.util.stream.LongStream;
import org.zennit4j.requests.NdArray;
import org.zennit4j.requests.NdArray.DType;

/**
 * One batch on its way: what was read, and what could not be.
 *
 * @param read the samples that were read
 * @param inputs what the network takes of them, float32 (n, ...); null if there is none
 * @param shown what there is to see of them, (n, ...)
 * @param pictures whether they are pictures
 * @param bad the others
 */
record Samples(
    List<Item> read, NdArray inputs, NdArray shown, boolean pictures, List<Samples.Bad> bad) {
  /** A sample that was read. */
  record Item(int index, String id, OptionalInt label) {}

  /** A sample that was not. */
  record Bad(int index, String id, String reason) {}

  /**
   * Reads samples and makes arrays of them, so that the thread that explains need not.
   *
   * @param like the first one; others are of its kind and shape, or bad
   * @param labelled whether a sample needs a label
   */
  static Samples read(
      SampleSource source,
      Preparation preparation,
      int first,
      int count,
      Preparation.Prepared like,
      boolean labelled) {
    List<Item> read = new ArrayList<>(count);
    List<Bad> bad = new ArrayList<>();
    float[] inputs = new float[Math.multiplyExact(count, like.input().size())];
    byte[] shown = new byte[like.picture() ? Math.multiplyExact(count, like.shown().size()) : 0];
    for (int i = first; i < first + count; i++) {
      try {
        Sample sample = source.read(i);
        if (labelled && sample.label().isEmpty()) {
          throw new SampleException("it has no label to explain", null);
        }
        preparation.into(sample, like, inputs, shown, read.size());
        read.add(new Item(sample.index(), sample.id(), sample.label()));
      } catch (SampleException e) {
        bad.add(new Bad(i, source.id(i), e.getMessage()));
      }
    }
    int rows = read.size();
    if (rows == 0) {
      return new Samples(read, null, null, like.picture(), bad);
    }
    NdArray stacked =
        NdArray.ofFloats(
            rows == count ? inputs : Arrays.copyOf(inputs, rows * like.input().size()),
            shape(rows, like.input()));
    NdArray seen =
        like.picture()
            ? NdArray.of(
                DType.UINT8,
                ByteBuffer.wrap(shown, 0, rows * like.shown().size()),
                shape(rows, like.shown()))
            : stacked;
    return new Samples(read, stacked, seen, like.picture(), bad);
  }

  private static long[] shape(int rows, NdArray one) {
    long[] shape = one.shape();
    return LongStream.concat(LongStream.of(rows), LongStream.of(shape)).toArray();
  }
}
