/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.images;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.zennit4j.images.internal.Tensors;

/** What the golden cases leave open. */
class ImgifyTests {
  private static final ImgifyOptions PLAIN = ImgifyOptions.DEFAULT;

  private static byte[] indices(double[] values, ImgifyOptions options) {
    int[] shape = {1, values.length};
    return ((PaletteImage) Images.imgify(values, shape, options)).indices();
  }

  private static byte[] bytes(int... values) {
    byte[] out = new byte[values.length];
    for (int i = 0; i < out.length; i++) {
      out[i] = (byte) values[i];
    }
    return out;
  }

  @Test
  void equalValuesAreTheMiddleOrTheLeftEnd() {
    double[] zeros = new double[3];
    assertThat(indices(zeros, PLAIN.withSymmetric(true))).isEqualTo(bytes(127, 127, 127));
    assertThat(indices(zeros, PLAIN)).isEqualTo(bytes(0, 0, 0));
    assertThat(indices(new double[] {5}, PLAIN)).isEqualTo(bytes(0));
    assertThat(indices(new double[] {5}, PLAIN.withSymmetric(true))).isEqualTo(bytes(255));
    assertThat(indices(new double[] {-5}, PLAIN.withSymmetric(true))).isEqualTo(bytes(0));
  }

  @Test
  void boundsBeyondAllValuesPutThemAtTheNearerEnd() {
    double[] values = {1, 2};
    assertThat(indices(values, PLAIN.withVmin(3))).isEqualTo(bytes(0, 0));
    assertThat(indices(values, PLAIN.withVmax(0))).isEqualTo(bytes(255, 255));
    assertThat(indices(values, PLAIN.withVmin(2))).isEqualTo(bytes(0, 0));
    assertThatThrownBy(() -> PLAIN.withVmin(1).withVmax(1)).isInstanceOf(ImageException.class);
  }

  @Test
  void nanIsRefusedAndInfinityNeedsBounds() {
    double[] infinite = {Double.NEGATIVE_INFINITY, 0, Double.POSITIVE_INFINITY};
    assertThatThrownBy(() -> indices(infinite, PLAIN))
        .isInstanceOf(ImageException.class)
        .hasMessageStartingWith("cannot show 0 NaN and 2 infinite values among 3");
    assertThat(indices(infinite, PLAIN.withVmin(-1).withVmax(1))).isEqualTo(bytes(0, 127, 255));
    double[] nan = {1, Double.NaN};
    assertThatThrownBy(() -> indices(nan, PLAIN.withVmin(-1).withVmax(1)))
        .isInstanceOf(ImageException.class)
        .hasMessageStartingWith("cannot show 1 NaN");
  }

  @Test
  void valuesOfAnySizeAreNormalized() {
    double tiny = Double.MIN_NORMAL;
    assertThat(indices(new double[] {-tiny, 0, tiny}, PLAIN)).isEqualTo(bytes(0, 127, 255));
    double[] huge = {-1e300, 0, 1e300};
    assertThat(indices(huge, PLAIN)).isEqualTo(bytes(0, 127, 255));
  }

  @Test
  void shapesThatAreNoPicturesAreRefused() {
    for (int[] shape : new int[][] {{6}, {2, 3, 1, 1}, {2, 3, 2}, {}}) {
      int size = 1;
      for (int n : shape) {
        size *= n;
      }
      double[] values = new double[size];
      assertThatThrownBy(() -> Images.imgify(values, shape, PLAIN))
          .isInstanceOf(ImageException.class)
          .hasMessageContaining("is no picture");
    }
    assertThatThrownBy(() -> Images.imgify(new double[4], new int[] {2, 3}, PLAIN))
        .isInstanceOf(ImageException.class);
    assertThatThrownBy(() -> Images.imgify(new double[0], new int[] {0, 3}, PLAIN))
        .isInstanceOf(ImageException.class)
        .hasMessageContaining("empty");
    assertThatThrownBy(() -> Images.imgify((Tensor) null, PLAIN))
        .isInstanceOf(ImageException.class);
  }

  @Test
  void singlePrecisionIsComputedInSinglePrecision() {
    float[] values = {-0.3f, 0.1f, 0.7f};
    Picture picture = Images.imgify(values, new int[] {1, 3}, PLAIN);
    try (Tensor tensor = Tensors.ofFloats(values, 1, 3)) {
      assertThat(Images.imgify(tensor, PLAIN)).isEqualTo(picture);
    }
  }

  @Test
  void aGridOfConstantSamplesIsDefined() {
    ImgifyOptions grid = PLAIN.withSymmetric(true).withGrid(1, 2);
    double[] values = {0, 0, 1, -1};
    PaletteImage image = (PaletteImage) Images.imgify(values, new int[] {2, 1, 2}, grid);
    assertThat(image.indices()).isEqualTo(bytes(127, 127, 255, 0));
  }

  @Test
  void imsaveWritesWhatImgifyMakes(@TempDir Path folder) {
    Path file = folder.resolve("new/map.png");
    try (Tensor tensor = Tensors.ofFloats(new float[] {1, 2, 3, 4}, 2, 2)) {
      Images.imsave(file, tensor, PLAIN);
      assertThat(RgbImage.read(file)).isEqualTo(Images.imgify(tensor, PLAIN).toRgb());
    }
  }
}
