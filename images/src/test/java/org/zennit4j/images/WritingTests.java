/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.images;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.awt.image.BufferedImage;
import java.awt.image.IndexColorModel;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WritingTests {
  @Test
  void palettesAreWrittenAsPalettesEvenGreyOnes() throws IOException {
    byte[] indices = {0, 1, (byte) 255, 7, 7, 128 - 256};
    for (String name : ColorMap.named().keySet()) {
      byte[] palette = ColorMap.of(name).palette(1);
      byte[] png = PaletteImage.of(3, 2, indices, palette).toPng();
      assertThat(png[25]).as("colour type").isEqualTo((byte) 3);
      BufferedImage read = ImageIO.read(new ByteArrayInputStream(png));
      assertThat(((IndexColorModel) read.getColorModel()).getMapSize()).isEqualTo(256);
      for (int i = 0; i < 6; i++) {
        int index = read.getRaster().getSample(i % 3, i / 3, 0);
        assertThat(index).isEqualTo(indices[i] & 0xff);
        assertThat((byte) (read.getRGB(i % 3, i / 3) >> 16)).isEqualTo(palette[3 * index]);
      }
    }
  }

  @Test
  void picturesReadBackAsTheyWere() {
    Random random = new Random(3);
    for (int[] size : new int[][] {{1, 1}, {1, 9}, {300, 2}, {64, 64}}) {
      byte[] rgb = new byte[size[0] * size[1] * 3];
      random.nextBytes(rgb);
      RgbImage image = RgbImage.of(size[0], size[1], rgb);
      assertThat(RgbImage.decode(image.toPng())).isEqualTo(image);
    }
  }

  @Test
  void foldersAreMadeAndNothingElseIsLeft(@TempDir Path folder) throws IOException {
    RgbImage image = RgbImage.of(1, 1, new byte[] {1, 2, 3});
    Path file = folder.resolve("a/b/c.png");
    image.writePng(file);
    RgbImage other = RgbImage.of(1, 1, new byte[] {4, 5, 6});
    other.writePng(file);
    assertThat(RgbImage.read(file)).isEqualTo(other);
    try (var files = Files.list(file.getParent())) {
      assertThat(files).containsExactly(file);
    }
  }

  @Test
  void failuresNameTheFileAndTheReason(@TempDir Path folder) throws IOException {
    RgbImage image = RgbImage.of(1, 1, new byte[3]);
    assertThatThrownBy(() -> image.writePng(folder))
        .isInstanceOf(ImageException.class)
        .hasMessage("cannot write " + folder + ": it is a folder");
    Path file = Files.createFile(folder.resolve("file"));
    Path below = file.resolve("picture.png");
    assertThatThrownBy(() -> image.writePng(below))
        .isInstanceOf(ImageException.class)
        .hasMessageStartingWith("cannot write " + below + ": ");
  }

  @Test
  void sizesThatDoNotFitAreRefused() {
    assertThatThrownBy(() -> RgbImage.of(2, 2, new byte[3]))
        .isInstanceOf(ImageException.class)
        .hasMessage("a picture of 2x2 pixels has 12 bytes, not 3");
    assertThatThrownBy(() -> RgbImage.of(0, 2, new byte[0])).isInstanceOf(ImageException.class);
    assertThatThrownBy(() -> PaletteImage.of(1, 1, new byte[1], new byte[3]))
        .isInstanceOf(ImageException.class);
  }
}
