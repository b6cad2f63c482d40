/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.images.internal;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32;
import java.util.zip.Deflater;

/**
 * Writes PNG files of two kinds. OpenCV writes no palettes, and ImageIO turns a grey palette into a
 * grey image, which changes what a reader of palette indices sees; hence these few lines.
 */
public final class PngWriter {
  private static final byte[] SIGNATURE = {(byte) 0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
  private static final int TRUE_COLOR = 2;
  private static final int INDEXED = 3;

  private PngWriter() {}

  /** A PNG of three bytes a pixel. */
  public static byte[] rgb(int width, int height, byte[] rgb) {
    int stride = 3 * width;
    byte[] filtered = new byte[height * (stride + 1)];
    for (int y = 0; y < height; y++) {
      int out = y * (stride + 1);
      // Filter 2 ("up") for photographs and drawings alike; the first row's "above" is zero.
      filtered[out++] = 2;
      for (int x = 0; x < stride; x++) {
        int i = y * stride + x;
        filtered[out++] = (byte) (rgb[i] - (y == 0 ? 0 : rgb[i - stride]));
      }
    }
    return file(width, height, TRUE_COLOR, null, filtered);
  }

  /** A PNG of one palette index a pixel and a palette of 256 colours. */
  public static byte[] palette(int width, int height, byte[] indices, byte[] palette) {
    byte[] filtered = new byte[height * (width + 1)];
    for (int y = 0; y < height; y++) {
      System.arraycopy(indices, y * width, filtered, y * (width + 1) + 1, width);
    }
    return file(width, height, INDEXED, palette, filtered);
  }

  private static byte[] file(int width, int height, int type, byte[] palette, byte[] filtered) {
    ByteArrayOutputStream out = new ByteArrayOutputStream(filtered.length / 2 + 1024);
    out.writeBytes(SIGNATURE);
    byte[] header =
        ByteBuffer.allocate(13).putInt(width).putInt(height).put((byte) 8).put((byte) type).array();
    chunk(out, "IHDR", header, header.length);
    if (palette != null) {
      chunk(out, "PLTE", palette, palette.length);
    }
    Deflater deflater = new Deflater(Deflater.DEFAULT_COMPRESSION);
    try {
      deflater.setInput(filtered);
      deflater.finish();
      byte[] buffer = new byte[1 << 15];
      while (!deflater.finished()) {
        chunk(out, "IDAT", buffer, deflater.deflate(buffer));
      }
    } finally {
      deflater.end();
    }
    chunk(out, "IEND", new byte[0], 0);
    return out.toByteArray();
  }

  private static void chunk(ByteArrayOutputStream out, String name, byte[] data, int length) {
    byte[] type = name.getBytes(StandardCharsets.US_ASCII);
    CRC32 crc = new CRC32();
    crc.update(type);
    crc.update(data, 0, length);
    out.writeBytes(ByteBuffer.allocate(4).putInt(length).array());
    out.writeBytes(type);
    out.write(data, 0, length);
    out.writeBytes(ByteBuffer.allocate(4).putInt((int) crc.getValue()).array());
  }
}
