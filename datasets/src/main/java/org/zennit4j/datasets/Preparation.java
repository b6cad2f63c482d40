/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.datasets;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import org.zennit4j.images.ImageException;
import org.zennit4j.images.Preprocessing;
import org.zennit4j.images.RgbImage;
import org.zennit4j.requests.NdArray;
import org.zennit4j.requests.NdArray.DType;

/**
 * How samples become inputs of a network: pictures by a preprocessing, arrays as they are, in
 * float32. Immutable; safe for use by several threads.
 */
public final class Preparation {
  private final Preprocessing preprocessing;
  private final Preprocessing values;

  private Preparation(Preprocessing preprocessing) {
    this.preprocessing = preprocessing;
    this.values = preprocessing.withoutResizing();
  }

  /**
   * Makes a preparation.
   *
   * @param preprocessing of pictures; arrays need none
   * @return the preparation
   */
  public static Preparation of(Preprocessing preprocessing) {
    return new Preparation(preprocessing);
  }

  /**
   * What a network takes and what there is to see of it.
   *
   * @param input float32, of the shape of one sample
   * @param shown bytes of shape (3,H,W) of a picture, resized and cut but with its colours; else
   *     the input
   * @param picture whether it is a picture
   */
  public record Prepared(NdArray input, NdArray shown, boolean picture) {
    private void check(long[] other, boolean isPicture) {
      if (!Arrays.equals(other, input.shape())) {
        throw new SampleException(
            "its shape is "
                + Arrays.toString(other)
                + ", the first one's "
                + Arrays.toString(input.shape()),
            null);
      }
      if (isPicture != picture) {
        throw new SampleException(
            picture
                ? "it is no picture, the first one is"
                : "it is a picture, the first one is not",
            null);
      }
    }
  }

  /**
   * Prepares a sample.
   *
   * @param sample the sample
   * @return what a network takes and what there is to see of it
   * @throws SampleException if it cannot be prepared
   */
  public Prepared of(Sample sample) {
    try {
      if (sample.picture().isEmpty()) {
        NdArray array = sample.array().orElseThrow();
        NdArray input =
            array.dtype() == DType.FLOAT32
                ? array
                : NdArray.ofFloats(array.toFloats(), array.shape());
        return new Prepared(input, input, false);
      }
      RgbImage seen = preprocessing.photo(sample.picture().get());
      NdArray input =
          NdArray.ofFloats(
              values.toFloats(seen), values.colorOrder().channels(), seen.height(), seen.width());
      byte[] planes = new byte[3 * seen.height() * seen.width()];
      seen.planes(planes, 0);
      return new Prepared(
          input,
          NdArray.of(DType.UINT8, ByteBuffer.wrap(planes), 3, seen.height(), seen.width()),
          true);
    } catch (ImageException e) {
      throw new SampleException(sample.id() + ": " + e.getMessage(), e);
    }
  }

  /**
   * Prepares a sample as one of a batch, without arrays of its own.
   *
   * @param like what the batch's samples are like; another one is refused
   * @param input takes its input
   * @param shown takes what there is to see of a picture; else not used
   * @param row its number in both
   * @throws SampleException if it cannot be prepared or is not like the others
   */
  void into(Sample sample, Prepared like, float[] input, byte[] shown, int row) {
    try {
      boolean picture = sample.picture().isPresent();
      RgbImage seen = picture ? preprocessing.photo(sample.picture().get()) : null;
      long[] shape =
          picture
              ? new long[] {values.colorOrder().channels(), seen.height(), seen.width()}
              : sample.array().orElseThrow().shape();
      like.check(shape, picture);
      int size = like.input().size();
      if (picture) {
        values.toFloats(seen, input, row * size);
        seen.planes(shown, row * like.shown().size());
      } else {
        System.arraycopy(sample.array().get().toFloats(), 0, input, row * size, size);
      }
    } catch (ImageException e) {
      throw new SampleException(sample.id() + ": " + e.getMessage(), e);
    }
  }

  /** One array of arrays of equal shapes and types. */
  static NdArray stack(List<NdArray> arrays) {
    NdArray first = arrays.get(0);
    long[] shape = first.shape();
    long[] stacked = new long[shape.length + 1];
    stacked[0] = arrays.size();
    System.arraycopy(shape, 0, stacked, 1, shape.length);
    ByteBuffer all =
        ByteBuffer.allocate(
            Math.multiplyExact(arrays.size(), first.size() * first.dtype().itemSize()));
    arrays.forEach(array -> all.put(array.bytes()));
    return NdArray.of(first.dtype(), all.flip(), stacked);
  }
}
