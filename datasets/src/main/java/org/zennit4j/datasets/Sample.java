/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.datasets;

import java.util.Optional;
import java.util.OptionalInt;
import org.zennit4j.images.RgbImage;
import org.zennit4j.requests.NdArray;

/**
 * One sample of a dataset: a picture, or an array that a network takes as it is. Immutable; safe
 * for use by several threads; nothing to close.
 *
 * @param index its position in the dataset, from 0
 * @param id what it is called: its file, relative to the dataset, or {@code #12}
 * @param label its true class, if the dataset knows it
 * @param picture its pixels, if it is a picture: a file, or an array of bytes of shape (H,W),
 *     (1,H,W), (3,H,W), (H,W,1) or (H,W,3)
 * @param array its numbers, if it is no picture, of the shape of one sample
 */
public record Sample(
    int index, String id, OptionalInt label, Optional<RgbImage> picture, Optional<NdArray> array) {

  static Sample of(int index, String id, OptionalInt label, RgbImage picture) {
    return new Sample(index, id, label, Optional.of(picture), Optional.empty());
  }

  static Sample of(int index, String id, OptionalInt label, NdArray array) {
    return new Sample(index, id, label, Optional.empty(), Optional.of(array));
  }
}
