/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.images;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;
import org.zennit4j.images.internal.Tensors;

class HeatmapTests {
  private static final float[] RELEVANCE = {1, 2, 3, 4, 10, -20, 30, -40};

  @Test
  void channelsAreSummedWhereverTheyAre() {
    try (Tensor first = Tensors.ofFloats(RELEVANCE, 2, 2, 2);
        Tensor batched = Tensors.ofFloats(RELEVANCE, 1, 2, 2, 2);
        Tensor flat = Tensors.ofFloats(RELEVANCE, 2, 4)) {
      double[] sums = {11, -18, 33, -36};
      assertThat(Heatmap.of(first).values()).containsExactly(sums);
      assertThat(Heatmap.of(batched).values()).containsExactly(sums);
      assertThat(Heatmap.of(batched, -3).values()).containsExactly(sums);
      assertThat(Heatmap.of(first, 2).values()).containsExactly(3, 7, -10, -10);
      assertThat(Heatmap.of(first, -1).values()).containsExactly(3, 7, -10, -10);
      assertThat(Heatmap.of(flat).values()).containsExactly(1, 2, 3, 4, 10, -20, 30, -40);
      assertThat(Heatmap.of(flat).width()).isEqualTo(4);
    }
  }

  @Test
  void batchesAreShownOneByOne() {
    try (Tensor batch = Tensors.ofFloats(RELEVANCE, 2, 2, 1, 2)) {
      List<Heatmap> maps = Heatmap.ofBatch(batch);
      assertThat(maps).hasSize(2);
      assertThat(maps.get(0).values()).containsExactly(4, 6);
      assertThat(maps.get(1).values()).containsExactly(40, -60);
      assertThatThrownBy(() -> Heatmap.of(batch))
          .isInstanceOf(ImageException.class)
          .hasMessageContaining("one sample of the batch");
    }
  }

  @Test
  void zeroIsInTheMiddleAndTheLargestValueAtTheEnd() {
    Heatmap map = Heatmap.of(new double[] {-2, 0, 4, -4}, 4, 1);
    byte[] indices = map.picture().indices();
    assertThat(indices).containsExactly(63, 127, -1, 0);
    assertThat(map.picture().palette()).isEqualTo(ColorMap.of("coldnhot").palette(1));
    assertThat(map.maxAbs()).isEqualTo(4);
    assertThat(map.withRange(-8, 8).picture().indices()).containsExactly(95, 127, -65, 63);
    assertThat(map.withSymmetric(false).picture().indices()).containsExactly(63, 127, -1, 0);
    assertThat(map.withColorMap(ColorMap.of("bwr")).withLevel(2).picture().palette())
        .isEqualTo(ColorMap.of("bwr").palette(2));
  }

  @Test
  void zerosAndSinglePixelsAreDefined() {
    assertThat(Heatmap.of(new double[4], 2, 2).picture().indices())
        .containsExactly(127, 127, 127, 127);
    assertThat(Heatmap.of(new double[1], 1, 1).picture().indices()).containsExactly(127);
    assertThat(Heatmap.of(new double[] {1e-30}, 1, 1).picture().indices()).containsExactly(-1);
  }

  @Test
  void nanAndInfinityAreRefused() {
    for (double bad : new double[] {Double.NaN, Double.POSITIVE_INFINITY}) {
      assertThatThrownBy(() -> Heatmap.of(new double[] {1, bad}, 2, 1))
          .isInstanceOf(ImageException.class)
          .hasMessageContaining("among 2");
    }
    float[] cancelling = {Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY};
    try (Tensor tensor = Tensors.ofFloats(cancelling, 2, 1, 1)) {
      assertThatThrownBy(() -> Heatmap.of(tensor))
          .isInstanceOf(ImageException.class)
          .hasMessageStartingWith("cannot show 1 NaN");
    }
  }

  @Test
  void shapesThatAreNoMapsAreRefused() {
    try (Tensor vector = Tensors.ofFloats(RELEVANCE, 8);
        Tensor empty = Tensors.ofFloats(new float[0], 3, 0, 4);
        Tensor image = Tensors.ofFloats(RELEVANCE, 2, 2, 2)) {
      assertThatThrownBy(() -> Heatmap.of(vector)).isInstanceOf(ImageException.class);
      assertThatThrownBy(() -> Heatmap.of(empty)).isInstanceOf(ImageException.class);
      assertThatThrownBy(() -> Heatmap.of(image, 3))
          .isInstanceOf(ImageException.class)
          .hasMessage("relevance of shape (2,2,2) has no channel axis 3");
    }
  }

  @Test
  void overlaysBlendPictureAndPhoto() {
    Heatmap map = Heatmap.of(new double[] {1, -1}, 2, 1);
    RgbImage photo = RgbImage.of(2, 1, new byte[6]);
    byte half = (byte) 128;
    assertThat(map.overlay(photo, 0)).isEqualTo(photo);
    assertThat(map.overlay(photo, 1)).isEqualTo(map.picture().toRgb());
    assertThat(map.overlay(photo, 0.5))
        .isEqualTo(RgbImage.of(2, 1, new byte[] {half, half, half, 0, half, half}));
  }
}
