/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.datasets;

import java.nio.ByteBuffer;
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
  public record Prepared(NdArray input, NdArray shown, boolean picture) {}

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
      return new Prepared(input, planes(seen), true);
    } catch (ImageException e) {
      throw new SampleException(sample.id() + ": " + e.getMessage(), e);
    }
  }

  /** Channels first, as networks and ViRelAy have them. */
  private static NdArray planes(RgbImage image) {
    byte[] rgb = image.rgb();
    int pixels = rgb.length / 3;
    byte[] planes = new byte[rgb.length];
    for (int c = 0; c < 3; c++) {
      for (int i = 0; i < pixels; i++) {
        planes[c * pixels + i] = rgb[3 * i + c];
      }
    }
    return NdArray.of(DType.UINT8, ByteBuffer.wrap(planes), 3, image.height(), image.width());
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
