/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.images;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.junit.jupiter.api.Test;
import org.zennit4j.testing.Fuzz;
import org.zennit4j.testing.Mutator;

/** Damaged pictures and colour maps are read or refused, with an exception that says why. */
class FuzzTests {
  @Test
  void pictures() throws Exception {
    RgbImage picture =
        RgbImage.read(Path.of("..", "examples", "photos", "rocket.jpg"))
            .resize(24, 20, Interpolation.BILINEAR);
    List<byte[]> corpus = new ArrayList<>();
    corpus.add(picture.toPng());
    for (String format : List.of("gif", "bmp", "jpg")) {
      corpus.add(written(picture, format));
    }
    Mutator mutator = new Mutator(Fuzz.seed(), corpus, List.of("IHDR", "IDAT", "PLTE", "Exif"));
    Fuzz.Result result =
        Fuzz.run(
            "pictures",
            12,
            mutator::next,
            input -> {
              try (PointerScope scope = new PointerScope()) {
                RgbImage read = RgbImage.decode(input);
                assertThat(read.rgb()).hasSize(3 * read.width() * read.height());
              }
            });
    assertThat(result.taken()).isPositive();
    assertThat(result.refused()).isPositive();
  }

  private static byte[] written(RgbImage picture, String format) throws Exception {
    java.awt.image.BufferedImage image =
        javax.imageio.ImageIO.read(new java.io.ByteArrayInputStream(picture.toPng()));
    java.io.ByteArrayOutputStream out = new java.io.ByteArrayOutputStream();
    javax.imageio.ImageIO.write(image, format, out);
    return out.toByteArray();
  }

  @Test
  void pictureFiles() throws Exception {
    Path file = Files.createTempFile("zennit4j", ".png");
    byte[] png = RgbImage.of(2, 2, new byte[12]).toPng();
    try {
      Mutator mutator = new Mutator(Fuzz.seed(), List.of(png), List.of());
      Fuzz.Result result =
          Fuzz.run(
              "picture-files",
              3,
              mutator::next,
              input -> {
                Files.write(file, input);
                RgbImage.read(file);
              });
      assertThat(result.refused()).isPositive();
    } finally {
      Files.delete(file);
    }
  }

  @Test
  void colourMaps() {
    List<byte[]> corpus = new ArrayList<>();
    ColorMap.named()
        .forEach(
            (name, source) -> {
              corpus.add(name.getBytes(StandardCharsets.UTF_8));
              corpus.add(source.getBytes(StandardCharsets.UTF_8));
            });
    Mutator mutator =
        new Mutator(
            Fuzz.seed(), corpus, List.of("000", "fff", "ffffff", "8:", "80(", ")", ",", ":", " "));
    Fuzz.Result result =
        Fuzz.run(
            "colour-maps",
            6,
            mutator::next,
            input -> {
              ColorMap map = ColorMap.of(Mutator.text(input));
              assertThat(map.palette(1)).hasSize(768);
              assertThat(ColorMap.of(map.source())).isEqualTo(map);
            });
    assertThat(result.taken()).isPositive();
    assertThat(result.refused()).isPositive();
  }
}
