/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.images;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class PanelsTests {
  private static final RgbImage RED = RgbImage.of(1, 1, new byte[] {(byte) 255, 0, 0});
  private static final RgbImage WIDE = RgbImage.of(2, 1, new byte[6]);

  private static int rgb(RgbImage image, int x, int y) {
    byte[] rgb = image.rgb();
    int at = 3 * (y * image.width() + x);
    return (rgb[at] & 0xff) << 16 | (rgb[at + 1] & 0xff) << 8 | (rgb[at + 2] & 0xff);
  }

  @Test
  void picturesStandSideBySideOnWhite() {
    RgbImage sheet = Panels.empty().with("", RED).with("", WIDE).withMinimumSide(10).draw();
    assertThat(sheet.width()).isEqualTo(8 + 20 + 8 + 20 + 8);
    assertThat(sheet.height()).isEqualTo(8 + 10 + 8);
    assertThat(rgb(sheet, 0, 0)).isEqualTo(0xffffff);
    assertThat(rgb(sheet, 12, 12)).isEqualTo(0xffffff);
    assertThat(rgb(sheet, 13, 12)).isEqualTo(0xff0000);
    assertThat(rgb(sheet, 22, 17)).isEqualTo(0xff0000);
    assertThat(rgb(sheet, 23, 12)).isEqualTo(0xffffff);
    assertThat(rgb(sheet, 36, 8)).isEqualTo(0);
    assertThat(rgb(sheet, 55, 17)).isEqualTo(0);
  }

  @Test
  void rowsBreakAfterTheColumns() {
    Panels three = Panels.empty().with("", RED).with("", RED).with("", RED).withMinimumSide(4);
    RgbImage sheet = three.withColumns(2).draw();
    assertThat(sheet.width()).isEqualTo(8 + 2 * 12);
    assertThat(sheet.height()).isEqualTo(8 + 2 * 12);
    assertThat(rgb(sheet, 9, 21)).isEqualTo(0xff0000);
    assertThat(rgb(sheet, 21, 21)).isEqualTo(0xffffff);
  }

  @Test
  void titlesTakeTheirPlaceAboveAndStayInTheirColumn() {
    String title = "a title that is far too long for a picture of this size, a title that is far";
    RgbImage sheet = Panels.empty().with(title, RED).with("", RED).withMinimumSide(100).draw();
    assertThat(sheet.height()).isEqualTo(8 + 18 + 100 + 8);
    int dark = 0;
    for (int y = 0; y < 26; y++) {
      for (int x = 0; x < sheet.width(); x++) {
        if (rgb(sheet, x, y) != 0xffffff) {
          dark++;
          assertThat(x).isBetween(7, 109);
        }
      }
    }
    assertThat(dark).isGreaterThan(50);
    RgbImage twoLines = Panels.empty().with("one\ntwo", RED).withMinimumSide(50).draw();
    assertThat(twoLines.height()).isEqualTo(8 + 36 + 50 + 8);
  }

  @Test
  void largePicturesStayAsTheyAre() {
    RgbImage large = RgbImage.of(200, 300, new byte[180000]);
    RgbImage sheet = Panels.empty().with("", large).draw();
    assertThat(sheet.width()).isEqualTo(216);
    assertThat(sheet.height()).isEqualTo(316);
  }

  @Test
  void nothingToDrawIsAnError() {
    assertThatThrownBy(() -> Panels.empty().draw()).isInstanceOf(ImageException.class);
    assertThatThrownBy(() -> Panels.empty().withColumns(0)).isInstanceOf(ImageException.class);
    assertThatThrownBy(() -> Panels.empty().withMinimumSide(0)).isInstanceOf(ImageException.class);
  }
}
