/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.images.internal;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/**
 * The container of WebP, RFC 9649: whether all of it is there, its size, its EXIF block, and of an
 * animation the first frame, which OpenCV would decode with messages on stderr where it is damaged.
 */
final class WebpFile {
  private static final int RIFF = 0x46464952;
  private static final int WEBP = 0x50424557;
  private static final int FRAME_HEADER = 16;

  private final ByteBuffer in;
  private final String name;
  private Orientation orientation = Orientation.UPRIGHT;
  private int canvasWidth;
  private int canvasHeight;
  private int left;
  private int top;
  private byte[] image;

  private WebpFile(byte[] bytes, String name) {
    this.in = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    this.name = name;
  }

  static boolean isWebp(byte[] bytes) {
    ByteBuffer in = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    return bytes.length >= 12 && in.getInt(0) == RIFF && in.getInt(8) == WEBP;
  }

  /** Walks the chunks; refuses what ends too early, has no pixels, or too many. */
  static WebpFile of(byte[] bytes, String name) {
    WebpFile file = new WebpFile(bytes, name);
    long end = 8 + (file.in.getInt(4) & 0xffffffffL);
    if (end > bytes.length) {
      throw Decoder.damaged(name, "it ends too early", null);
    }
    file.walk(12, (int) end);
    if (file.image == null) {
      throw Decoder.damaged(name, "its pixels are missing", null);
    }
    return file;
  }

  Decoder.Pixels decode(boolean upright, String fileName) {
    Decoder.Pixels frame = Decoder.decodeClean(image, fileName);
    int width = Math.max(canvasWidth, frame.width());
    int height = Math.max(canvasHeight, frame.height());
    int x = Math.min(left, width - frame.width());
    int y = Math.min(top, height - frame.height());
    Decoder.Pixels stored = frame.on(width, height, x, y);
    return upright ? orientation.apply(stored) : stored;
  }

  private void walk(int from, int end) {
    int at = from;
    while (end - at >= 8) {
      String type = new String(in.array(), at, 4, StandardCharsets.ISO_8859_1);
      long length = in.getInt(at + 4) & 0xffffffffL;
      int data = at + 8;
      if (length > end - data) {
        throw Decoder.damaged(name, "it ends too early", null);
      }
      chunk(type, data, (int) length);
      at = (int) Math.min(end, data + length + (length & 1));
    }
  }

  private void chunk(String type, int data, int length) {
    switch (type) {
      case "VP8X" -> {
        need(length, 10);
        canvasWidth = 1 + int24(data + 4);
        canvasHeight = 1 + int24(data + 7);
        Decoder.checkSize(canvasWidth, canvasHeight, name);
      }
      case "VP8 " -> {
        need(length, 10);
        int width = in.getShort(data + 6) & 0x3fff;
        take(width, in.getShort(data + 8) & 0x3fff, data, length);
      }
      case "VP8L" -> {
        need(length, 5);
        int bits = in.getInt(data + 1);
        take(1 + (bits & 0x3fff), 1 + (bits >> 14 & 0x3fff), data, length);
      }
      case "ANMF" -> {
        need(length, FRAME_HEADER);
        if (image == null) {
          left = 2 * int24(data);
          top = 2 * int24(data + 3);
          walk(data + FRAME_HEADER, data + length);
        }
      }
      case "EXIF" -> orientation = exif(data, length);
      default -> {}
    }
  }

  /** The first image, as a file of its own; its alpha channel, a chunk beside it, is left out. */
  private void take(int width, int height, int data, int length) {
    Decoder.checkSize(width, height, name);
    if (image == null) {
      int padded = length + (length & 1);
      ByteBuffer file = ByteBuffer.allocate(20 + padded).order(ByteOrder.LITTLE_ENDIAN);
      file.putInt(RIFF).putInt(12 + padded).putInt(WEBP);
      file.put(in.array(), data - 8, 8 + length);
      image = file.array();
    }
  }

  /** Some writers put the marker of JPEG's segment in front of the block. */
  private Orientation exif(int at, int length) {
    byte[] bytes = in.array();
    boolean marked = length >= 6 && bytes[at] == 'E' && bytes[at + 1] == 'x';
    return Orientation.ofExif(bytes, marked ? at + 6 : at, marked ? length - 6 : length);
  }

  private int int24(int at) {
    return (in.getShort(at) & 0xffff) | (in.get(at + 2) & 0xff) << 16;
  }

  private void need(int length, int least) {
    if (length < least) {
      throw Decoder.damaged(name, "its header is malformed", null);
    }
  }
}
