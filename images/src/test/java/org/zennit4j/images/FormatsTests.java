/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.images;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Small files written by Pillow 13.0.0, each beside what its {@code
 * ImageOps.exif_transpose(...).convert("RGB")} makes of it.
 */
class FormatsTests {
  private static final Path FOLDER =
      Path.of("src", "test", "resources", "org", "zennit4j", "images", "formats");

  static List<Path> files() {
    try (Stream<Path> all = Files.list(FOLDER)) {
      return all.filter(f -> !f.toString().endsWith(".expected.png")).sorted().toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Path expected(Path file) {
    return file.resolveSibling(file.getFileName() + ".expected.png");
  }

  @ParameterizedTest
  @MethodSource("files")
  void pixelsAreThoseOfPillow(Path file) {
    assertThat(RgbImage.read(file)).isEqualTo(RgbImage.read(expected(file)));
  }

  @Test
  void theEightOrientationsAreTheSymmetriesOfARectangle() {
    RgbImage plain = RgbImage.read(FOLDER.resolve("turned-1.jpg"));
    for (int orientation = 1; orientation <= 8; orientation++) {
      Path file = FOLDER.resolve("turned-" + orientation + ".jpg");
      assertThat(RgbImage.readAsStored(file)).isEqualTo(plain);
      RgbImage turned = RgbImage.read(file);
      boolean onItsSide = orientation > 4;
      assertThat(turned.width()).isEqualTo(onItsSide ? plain.height() : plain.width());
      assertThat(turned.height()).isEqualTo(onItsSide ? plain.width() : plain.height());
    }
  }

  @Test
  void orientationIsReadFromEveryFormatThatHasIt() {
    for (String name : List.of("turned.png", "turned.webp", "turned.tif")) {
      RgbImage stored = RgbImage.readAsStored(FOLDER.resolve(name));
      RgbImage turned = RgbImage.read(FOLDER.resolve(name));
      assertThat(List.of(turned.width(), turned.height()))
          .as(name)
          .containsExactly(stored.height(), stored.width());
    }
  }

  @ParameterizedTest
  @MethodSource("files")
  void damagedFilesAreRefusedInOneLineOrStillAPicture(Path file) throws IOException {
    byte[] whole = Files.readAllBytes(file);
    Random random = new Random(7);
    for (int i = 0; i < 200; i++) {
      byte[] bytes;
      if (i % 2 == 0) {
        bytes = Arrays.copyOf(whole, random.nextInt(whole.length));
      } else {
        bytes = whole.clone();
        bytes[random.nextInt(bytes.length)] ^= (byte) (1 << random.nextInt(8));
      }
      assertThatCode(
              () -> {
                try {
                  RgbImage.decode(bytes);
                } catch (ImageException e) {
                  assertThat(e).hasMessageStartingWith("the image").hasMessageNotContaining("\n");
                }
              })
          .doesNotThrowAnyException();
    }
  }
}
