/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.images;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.zennit4j.images.Preprocessing.Region;

class FigureTests {
  private static RgbImage plain(int width, int height, int value) {
    byte[] rgb = new byte[3 * width * height];
    Arrays.fill(rgb, (byte) value);
    return RgbImage.of(width, height, rgb);
  }

  @Test
  void theRegionIsWhatTheCropLeaves() {
    RgbImage wide = plain(512, 256, 0);
    Region region = Preprocessing.IMAGENET.region(wide);
    assertThat(region).isEqualTo(new Region(144, 16, 224, 224));
    // Half the size: each of the network's pixels is two of the photograph's.
    Region large = Preprocessing.IMAGENET.region(plain(512, 1024, 0));
    assertThat(large).isEqualTo(new Region(32, 288, 448, 448));
    assertThat(Preprocessing.UNIT.region(wide)).isEqualTo(new Region(0, 0, 512, 256));
    Preprocessing exact = Preprocessing.UNIT.withSize(20, 10, Interpolation.BILINEAR);
    assertThat(exact.region(wide)).isEqualTo(new Region(0, 0, 512, 256));
    assertThatThrownBy(() -> Preprocessing.UNIT.withCrop(600, 10).region(wide))
        .isInstanceOf(ImageException.class);
  }

  @Test
  void aPhotographIsLeftAloneWhereThereIsNoRelevance() {
    RgbImage photo = plain(40, 30, 100);
    double[] values = new double[16];
    values[5] = 2;
    Heatmap map = Heatmap.of(values, 4, 4).withColorMap(ColorMap.of("bwr"));
    RgbImage shown = map.highlight(photo, new Region(10, 5, 20, 20), 1);
    byte[] rgb = shown.rgb();
    byte[] before = photo.rgb();
    int changed = 0;
    for (int y = 0; y < 30; y++) {
      for (int x = 0; x < 40; x++) {
        int at = 3 * (40 * y + x);
        if (rgb[at] != before[at]) {
          changed++;
          // Value (1,1) covers rows 10 to 15 and columns 15 to 20, and fades out over one value.
          assertThat(x).isBetween(12, 22);
          assertThat(y).isBetween(7, 17);
        }
      }
    }
    assertThat(changed).isGreaterThan(25);
    int centre = 3 * (40 * 12 + 17);
    assertThat(rgb[centre] & 0xff).isCloseTo(255, within(2));
    assertThat(rgb[centre + 1] & 0xff).isCloseTo(0, within(2));
    // Zero everywhere is the photograph.
    assertThat(Heatmap.of(new double[16], 4, 4).highlight(photo, new Region(0, 0, 40, 30), 1))
        .isEqualTo(photo);
    assertThat(map.highlight(photo, new Region(10, 5, 20, 20), 0)).isEqualTo(photo);
  }

  @Test
  void theSignsHaveTheColoursOfTheBar() {
    Heatmap map = Heatmap.of(new double[] {-3, 3}, 2, 1).withColorMap(ColorMap.of("bwr"));
    RgbImage shown = map.highlight(plain(2, 1, 255), new Region(0, 0, 2, 1), 1);
    byte[] scale = map.highlightScale(1).rgb();
    assertThat(Arrays.copyOfRange(shown.rgb(), 0, 3)).isEqualTo(Arrays.copyOfRange(scale, 0, 3));
    assertThat(Arrays.copyOfRange(shown.rgb(), 3, 6))
        .isEqualTo(Arrays.copyOfRange(scale, 765, 768));
    assertThat(map.low()).isEqualTo(-3);
    assertThat(map.high()).isEqualTo(3);
  }

  @Test
  void aFigureHoldsThePictureATitleAndABar() {
    RgbImage photo = plain(300, 200, 90);
    RgbImage bare = Figure.of(photo).draw();
    assertThat(bare.width()).isEqualTo(320);
    assertThat(bare.height()).isEqualTo(220);
    Heatmap map = Heatmap.of(new double[] {-0.00123, 0.5}, 2, 1);
    RgbImage full =
        Figure.of(photo)
            .withTitle("tiger cat 38.3 %", "a line that is much too long ".repeat(20))
            .withColorBar(map.scale(), map.low(), map.high())
            .draw();
    assertThat(full.width()).isEqualTo(320);
    assertThat(full.height()).isGreaterThan(260);
    byte[] rgb = full.rgb();
    long dark = 0;
    for (int i = 0; i < 3 * 320 * 30; i += 3) {
      dark += (rgb[i] & 0xff) < 100 ? 1 : 0;
    }
    assertThat(dark).as("letters of the title").isGreaterThan(100);
  }
}
