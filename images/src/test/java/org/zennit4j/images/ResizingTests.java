/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.images;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import org.junit.jupiter.api.Test;

class ResizingTests {
  private static RgbImage flat(int width, int height, int value) {
    byte[] rgb = new byte[3 * width * height];
    Arrays.fill(rgb, (byte) value);
    return RgbImage.of(width, height, rgb);
  }

  @Test
  void aFlatPictureStaysFlat() {
    for (Interpolation kernel : Interpolation.values()) {
      for (int value : new int[] {0, 1, 127, 255}) {
        assertThat(flat(37, 23, value).resize(11, 90, kernel)).isEqualTo(flat(11, 90, value));
        assertThat(flat(1, 1, value).resize(5, 3, kernel)).isEqualTo(flat(5, 3, value));
      }
    }
  }

  @Test
  void halvingAveragesUnderTheTriangle() {
    byte[] rgb = new byte[12];
    for (int x = 0; x < 4; x++) {
      Arrays.fill(rgb, 3 * x, 3 * x + 3, (byte) (x * 40));
    }
    // Weights 3/7, 3/7, 1/7 for 0, 40, 80; the kernel reaches the third pixel and is cut at the
    // border.
    RgbImage half = RgbImage.of(4, 1, rgb).resize(2, 1, Interpolation.BILINEAR);
    assertThat(half.rgb()[0] & 0xff).isEqualTo(29);
    assertThat(half.rgb()[3] & 0xff).isEqualTo(91);
  }

  @Test
  void theLongerSideIsRounded() {
    RgbImage resized = flat(451, 300, 9).resizeShorterSide(256, Interpolation.BICUBIC);
    assertThat(resized.width()).isEqualTo(385);
    assertThat(resized.height()).isEqualTo(256);
    RgbImage tall = flat(300, 451, 9).resizeShorterSide(256, Interpolation.BICUBIC);
    assertThat(tall.width()).isEqualTo(256);
    assertThat(tall.height()).isEqualTo(385);
  }

  @Test
  void cropsTakeTheCentreWithAFlooredOffset() {
    byte[] rgb = new byte[3 * 6];
    for (int x = 0; x < 6; x++) {
      rgb[3 * x] = (byte) x;
    }
    assertThat(RgbImage.of(6, 1, rgb).centerCrop(3, 1).rgb()[0]).isEqualTo((byte) 1);
  }

  @Test
  void impossibleSizesAreRefused() {
    RgbImage image = flat(3, 4, 0);
    assertThatThrownBy(() -> image.centerCrop(4, 4))
        .isInstanceOf(ImageException.class)
        .hasMessage("cannot crop 4x4 pixels from a picture of 3x4: resize it first");
    assertThatThrownBy(() -> image.resize(0, 4, Interpolation.BICUBIC))
        .isInstanceOf(ImageException.class);
    assertThatThrownBy(() -> flat(1, 50000, 0).resizeShorterSide(256, Interpolation.BICUBIC))
        .isInstanceOf(ImageException.class)
        .hasMessageContaining("256x12800000");
  }

  @Test
  void overlaysBlendAndRound() {
    RgbImage photo = flat(1, 1, 100);
    RgbImage over = flat(1, 1, 201);
    assertThat(photo.overlay(over, 0)).isEqualTo(photo);
    assertThat(photo.overlay(over, 1)).isEqualTo(over);
    assertThat(photo.overlay(over, 0.5)).isEqualTo(flat(1, 1, 151));
    for (double alpha : new double[] {-0.1, 1.1, Double.NaN}) {
      assertThatThrownBy(() -> photo.overlay(over, alpha)).isInstanceOf(ImageException.class);
    }
    assertThatThrownBy(() -> photo.overlay(flat(2, 1, 0), 0.5))
        .isInstanceOf(ImageException.class)
        .hasMessage("cannot lay 2x1 pixels over a picture of 1x1: resize one of them first");
  }
}
