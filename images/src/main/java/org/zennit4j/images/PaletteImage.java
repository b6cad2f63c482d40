/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.images;

import java.util.Arrays;
import org.zennit4j.images.internal.PngWriter;

/**
 * A picture of one byte a pixel and a palette of 256 colours: Pillow's mode P. Immutable and
 * thread-safe.
 */
public final class PaletteImage implements Picture {
  private final int width;
  private final int height;
  private final byte[] indices;
  private final byte[] palette;

  private PaletteImage(int width, int height, byte[] indices, byte[] palette) {
    this.width = width;
    this.height = height;
    this.indices = indices;
    this.palette = palette;
  }

  /**
   * Makes a picture from palette indices.
   *
   * @param width columns, at least 1
   * @param height rows, at least 1
   * @param indices {@code width * height} palette indices (unsigned), row after row; copied
   * @param palette 256 colours of three bytes red, green, blue; copied
   * @return the picture
   * @throws ImageException if the sizes do not fit together
   */
  public static PaletteImage of(int width, int height, byte[] indices, byte[] palette) {
    if (palette.length != 768) {
      throw new ImageException(
          "a palette has 256 colours of three bytes, not " + palette.length + " bytes");
    }
    return wrap(width, height, indices.clone(), palette.clone());
  }

  /** Like {@link #of}, taking the arrays over. */
  static PaletteImage wrap(int width, int height, byte[] indices, byte[] palette) {
    RgbImage.checkSize(width, height, indices.length, 1);
    return new PaletteImage(width, height, indices, palette);
  }

  @Override
  public int width() {
    return width;
  }

  @Override
  public int height() {
    return height;
  }

  /**
   * The palette indices.
   *
   * @return a copy, {@code width * height} unsigned bytes, row after row
   */
  public byte[] indices() {
    return indices.clone();
  }

  /**
   * The palette.
   *
   * @return a copy, 256 colours of three unsigned bytes red, green, blue
   */
  public byte[] palette() {
    return palette.clone();
  }

  @Override
  public RgbImage toRgb() {
    byte[] rgb = new byte[3 * indices.length];
    for (int i = 0; i < indices.length; i++) {
      System.arraycopy(palette, 3 * (indices[i] & 0xff), rgb, 3 * i, 3);
    }
    return RgbImage.wrap(width, height, rgb);
  }

  @Override
  public byte[] toPng() {
    return PngWriter.palette(width, height, indices, palette);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof PaletteImage that
        && width == that.width
        && height == that.height
        && Arrays.equals(indices, that.indices)
        && Arrays.equals(palette, that.palette);
  }

  @Override
  public int hashCode() {
    return 31 * (31 * width + Arrays.hashCode(indices)) + Arrays.hashCode(palette);
  }

  @Override
  public String toString() {
    return "PaletteImage " + width + "x" + height;
  }
}
