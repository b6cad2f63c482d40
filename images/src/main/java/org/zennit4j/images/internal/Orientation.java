/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.images.internal;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * How stored pixels are to be turned before they are shown: the tag Orientation (0x0112) of EXIF
 * 2.32 and TIFF 6.0, whose eight values are the eight symmetries of a rectangle.
 */
enum Orientation {
  UPRIGHT,
  MIRRORED,
  HALF_TURN,
  UPSIDE_DOWN,
  TRANSPOSED,
  QUARTER_TURN_RIGHT,
  TRANSVERSE,
  QUARTER_TURN_LEFT;

  private static final int TAG = 0x0112;
  private static final int SHORT = 3;

  /**
   * Reads the tag from a block of EXIF, which is a small TIFF file. Whatever is odd there means
   * upright: a photograph is not refused for its metadata.
   */
  static Orientation ofExif(byte[] bytes, int offset, int length) {
    if (length < 8 || offset < 0 || offset > bytes.length - length) {
      return UPRIGHT;
    }
    ByteBuffer tiff = ByteBuffer.wrap(bytes, offset, length).slice();
    int order = tiff.getShort(0) & 0xffff;
    if (order != 0x4d4d && order != 0x4949) {
      return UPRIGHT;
    }
    tiff.order(order == 0x4949 ? ByteOrder.LITTLE_ENDIAN : ByteOrder.BIG_ENDIAN);
    long directory = tiff.getInt(4) & 0xffffffffL;
    if (tiff.getShort(2) != 42 || directory + 2 > length) {
      return UPRIGHT;
    }
    int entries = tiff.getShort((int) directory) & 0xffff;
    for (int i = 0; i < entries; i++) {
      long at = directory + 2 + 12L * i;
      if (at + 12 > length) {
        return UPRIGHT;
      }
      int entry = (int) at;
      if ((tiff.getShort(entry) & 0xffff) == TAG && tiff.getShort(entry + 2) == SHORT) {
        int value = tiff.getShort(entry + 8) & 0xffff;
        return value >= 1 && value <= 8 ? values()[value - 1] : UPRIGHT;
      }
    }
    return UPRIGHT;
  }

  private boolean turnsSides() {
    return switch (this) {
      case UPRIGHT, MIRRORED, HALF_TURN, UPSIDE_DOWN -> false;
      case TRANSPOSED, QUARTER_TURN_RIGHT, TRANSVERSE, QUARTER_TURN_LEFT -> true;
    };
  }

  /** The pixels as they are to be shown. */
  Decoder.Pixels apply(Decoder.Pixels stored) {
    if (this == UPRIGHT) {
      return stored;
    }
    int w = stored.width();
    int h = stored.height();
    int width = turnsSides() ? h : w;
    int height = turnsSides() ? w : h;
    byte[] in = stored.rgb();
    byte[] out = new byte[in.length];
    for (int y = 0; y < height; y++) {
      for (int x = 0; x < width; x++) {
        int row =
            switch (this) {
              case UPRIGHT, MIRRORED -> y;
              case HALF_TURN, UPSIDE_DOWN -> h - 1 - y;
              case TRANSPOSED, QUARTER_TURN_LEFT -> x;
              case QUARTER_TURN_RIGHT, TRANSVERSE -> h - 1 - x;
            };
        int column =
            switch (this) {
              case UPRIGHT, UPSIDE_DOWN -> x;
              case MIRRORED, HALF_TURN -> w - 1 - x;
              case TRANSPOSED, QUARTER_TURN_RIGHT -> y;
              case TRANSVERSE, QUARTER_TURN_LEFT -> w - 1 - y;
            };
        System.arraycopy(in, 3 * (row * w + column), out, 3 * (y * width + x), 3);
      }
    }
    return new Decoder.Pixels(width, height, out);
  }
}
