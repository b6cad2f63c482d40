/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.requests;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;

/** Reads the pixels of 8-bit RGB files, with nothing but the JDK's base module. */
final class PngPixels {
  private static final int CHANNELS = 3;

  private PngPixels() {}

  /** Rows of pixels of red, green, blue, each from 0 to 255. */
  static int[] read(Path file, int size) throws IOException, DataFormatException {
    ByteBuffer in = ByteBuffer.wrap(Files.readAllBytes(file)).position(8);
    ByteArrayOutputStream packed = new ByteArrayOutputStream();
    while (in.hasRemaining()) {
      byte[] data = new byte[in.getInt()];
      byte[] type = new byte[4];
      in.get(type).get(data).getInt();
      if (new String(type, StandardCharsets.US_ASCII).equals("IDAT")) {
        packed.write(data);
      }
    }
    int stride = size * CHANNELS;
    byte[] lines = new byte[size * (stride + 1)];
    Inflater inflater = new Inflater();
    inflater.setInput(packed.toByteArray());
    for (int n = 0; n < lines.length; ) {
      int more = inflater.inflate(lines, n, lines.length - n);
      if (more == 0) {
        throw new IOException(file + " is not of this size");
      }
      n += more;
    }
    inflater.end();
    int[] pixels = new int[size * stride];
    for (int y = 0; y < size; y++) {
      for (int x = 0; x < stride; x++) {
        int at = y * stride + x;
        int left = x < CHANNELS ? 0 : pixels[at - CHANNELS];
        int up = y == 0 ? 0 : pixels[at - stride];
        int corner = x < CHANNELS || y == 0 ? 0 : pixels[at - stride - CHANNELS];
        int predicted = predict(lines[y * (stride + 1)], left, up, corner);
        pixels[at] = (lines[y * (stride + 1) + 1 + x] + predicted) & 0xff;
      }
    }
    return pixels;
  }

  private static int predict(byte filter, int left, int up, int corner) {
    return switch (filter) {
      case 0 -> 0;
      case 1 -> left;
      case 2 -> up;
      case 3 -> (left + up) / 2;
      default -> {
        int p = left + up - corner;
        int a = Math.abs(p - left);
        int b = Math.abs(p - up);
        int c = Math.abs(p - corner);
        yield a <= b && a <= c ? left : b <= c ? up : corner;
      }
    };
  }
}
