/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.images;

import java.nio.file.Path;
import java.util.Locale;
import org.zennit4j.images.internal.AtomicFiles;

/**
 * An immutable picture of bytes: {@link RgbImage} (three bytes a pixel) or {@link PaletteImage}
 * (one byte a pixel and 256 colours).
 */
public sealed interface Picture permits RgbImage, PaletteImage {

  /**
   * The number of columns.
   *
   * @return the width in pixels, at least 1
   */
  int width();

  /**
   * The number of rows.
   *
   * @return the height in pixels, at least 1
   */
  int height();

  /**
   * The picture with its colours written out.
   *
   * @return this, if it is an {@link RgbImage} already
   */
  RgbImage toRgb();

  /**
   * Encodes the picture without loss: an {@link RgbImage} as a PNG of colour type 2, a {@link
   * PaletteImage} as one of colour type 3 with all its 256 palette entries.
   *
   * @return the bytes of a PNG file, the same ones for the same picture
   */
  byte[] toPng();

  /**
   * Encodes the picture as JPEG, quality 95.
   *
   * @return the bytes of a JPEG file
   * @throws ImageException if this Java runtime cannot write JPEG
   */
  default byte[] toJpeg() {
    return JpegWriter.encode(toRgb());
  }

  /**
   * Writes the picture in the format that the file's name ends in: {@code .png}, {@code .jpg} or
   * {@code .jpeg}.
   *
   * @param file where to write; replaced if it exists
   * @throws ImageException if the name ends in something else, or the file cannot be written
   */
  default void write(Path file) {
    String name = file.getFileName().toString().toLowerCase(Locale.ROOT);
    if (name.endsWith(".png")) {
      writePng(file);
    } else if (name.endsWith(".jpg") || name.endsWith(".jpeg")) {
      AtomicFiles.write(file, toJpeg());
    } else {
      throw new ImageException(
          "cannot write " + file + ": a picture's name ends in .png, .jpg or .jpeg");
    }
  }

  /**
   * Writes {@link #toPng()} to a file. Missing folders are created. The bytes go to a temporary
   * file beside the target that is then moved over it, so that no reader ever sees half a picture;
   * a target that is not a regular file, such as {@code /dev/stdout}, is written to directly.
   *
   * @param file where to write; replaced if it exists
   * @throws ImageException if the file cannot be written
   */
  default void writePng(Path file) {
    AtomicFiles.write(file, toPng());
  }
}
