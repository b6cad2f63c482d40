/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.images;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Decoding, resizing and cropping together, on real photographs. The checksums are those of the
 * pixels that Pillow 13 gives for the same steps, bicubic ones equal to the reference crops of the
 * bundled network.
 */
class PhotographTests {
  static final Path PHOTOS = Path.of("..", "examples", "photos");

  @ParameterizedTest
  @CsvSource(
      textBlock =
          """
      astronaut.png, 9ffefd26366c3321, 647fb3f2ee4c4d6b
      chelsea.png, 7eb8b648892ba734, 35d403d5e2412d1e
      coffee.png, 3986640bfb27932a, 9f13b650be016e3a
      rocket.jpg, 09aea72e346e42d3, aefb549ab83b0f61
      """)
  void pixelsEqualPillows(String file, String bicubic, String bilinear) {
    RgbImage photo = RgbImage.read(PHOTOS.resolve(file));
    assertThat(sha256(Preprocessing.EFFICIENTNET_LITE0.photo(photo))).isEqualTo(bicubic);
    assertThat(sha256(Preprocessing.IMAGENET.photo(photo))).isEqualTo(bilinear);
  }

  static String sha256(RgbImage image) {
    try {
      byte[] digest = MessageDigest.getInstance("SHA-256").digest(image.rgb());
      return HexFormat.of().formatHex(digest).substring(0, 16);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
