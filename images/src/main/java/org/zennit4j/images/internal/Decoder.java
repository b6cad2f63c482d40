/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.images.internal;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Iterator;
import java.util.Set;
import java.util.zip.CRC32;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.event.IIOReadWarningListener;
import javax.imageio.stream.MemoryCacheImageInputStream;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.opencv.global.opencv_core;
import org.bytedeco.opencv.global.opencv_imgcodecs;
import org.bytedeco.opencv.opencv_core.Mat;
import org.zennit4j.images.ImageException;

/**
 * Files to RGB bytes: PNG, JPEG and WebP by OpenCV, BMP, GIF and TIFF by {@link ImageIoFile}.
 *
 * <p>OpenCV and the codecs in it write to the process's stderr about every file that is damaged,
 * and about harmless metadata too; there is no way to stop that from Java. So the bytes are
 * examined here first: what is damaged is refused, and only what makes up the pixels is passed on.
 */
public final class Decoder {
  /** More pixels than this are refused before memory is asked for. */
  public static final long MAX_PIXELS = 1L << 27;

  private static final long PNG_SIGNATURE = 0x89504e470d0a1a0aL;
  private static final Set<String> PNG_PIXELS = Set.of("IHDR", "PLTE", "IDAT", "IEND");

  private Decoder() {}

  /** Decoded pixels: rows of red, green, blue. */
  @SuppressWarnings("ArrayRecordComponent") // handed on, never compared
  public record Pixels(int width, int height, byte[] rgb) {
    /** These pixels at a place of a black picture. */
    Pixels on(int canvasWidth, int canvasHeight, int left, int top) {
      if (canvasWidth == width && canvasHeight == height) {
        return this;
      }
      byte[] out = new byte[Math.multiplyExact(3, canvasWidth * canvasHeight)];
      for (int y = 0; y < height; y++) {
        int to = 3 * ((top + y) * canvasWidth + left);
        System.arraycopy(rgb, 3 * y * width, out, to, 3 * width);
      }
      return new Pixels(canvasWidth, canvasHeight, out);
    }
  }

  /** What OpenCV is given, and how its pixels are to be turned. */
  @SuppressWarnings("ArrayRecordComponent") // handed on, never compared
  private record Checked(byte[] bytes, Orientation orientation) {}

  /**
   * Decodes a whole file.
   *
   * @param upright whether the pixels are turned as the file's EXIF orientation says
   * @param name for messages
   */
  public static Pixels decode(byte[] bytes, boolean upright, String name) {
    Checked checked;
    if (bytes.length >= 8 && ByteBuffer.wrap(bytes).getLong() == PNG_SIGNATURE) {
      checked = checkPng(bytes, name);
    } else if (begins(bytes, 0xff, 0xd8, 0xff)) {
      checked = checkJpeg(bytes, name);
    } else if (WebpFile.isWebp(bytes)) {
      return WebpFile.of(bytes, name).decode(upright, name);
    } else if (begins(bytes, 'B', 'M')) {
      return ImageIoFile.decode(bytes, "bmp", upright, name);
    } else if (begins(bytes, 'G', 'I', 'F', '8')) {
      return ImageIoFile.decode(bytes, "gif", upright, name);
    } else if (begins(bytes, 'I', 'I', 42, 0) || begins(bytes, 'M', 'M', 0, 42)) {
      return ImageIoFile.decode(bytes, "tiff", upright, name);
    } else {
      throw new ImageException(
          name
              + (bytes.length == 0
                  ? " is empty"
                  : " is not a PNG, JPEG, WebP, BMP, GIF or TIFF image")
              + ": convert it to PNG or JPEG first");
    }
    Pixels stored = decodeClean(checked.bytes(), name);
    return upright ? checked.orientation().apply(stored) : stored;
  }

  private static boolean begins(byte[] bytes, int... signature) {
    if (bytes.length < signature.length) {
      return false;
    }
    for (int i = 0; i < signature.length; i++) {
      if ((bytes[i] & 0xff) != signature[i]) {
        return false;
      }
    }
    return true;
  }

  @SuppressWarnings("try")
  static Pixels decodeClean(byte[] bytes, String name) {
    try (PointerScope scope = new PointerScope()) {
      BytePointer data = new BytePointer(bytes);
      Mat encoded = new Mat(1, bytes.length, opencv_core.CV_8UC1, data);
      Mat image =
          opencv_imgcodecs.imdecode(
              encoded,
              opencv_imgcodecs.IMREAD_COLOR_RGB | opencv_imgcodecs.IMREAD_IGNORE_ORIENTATION);
      if (image == null || image.empty() || !image.isContinuous() || image.channels() != 3) {
        throw damaged(name, "its pixels cannot be decoded", null);
      }
      byte[] rgb = new byte[Math.multiplyExact(Math.multiplyExact(image.rows(), image.cols()), 3)];
      image.data().get(rgb);
      return new Pixels(image.cols(), image.rows(), rgb);
    } catch (ImageException e) {
      throw e;
    } catch (RuntimeException e) {
      throw damaged(name, "its pixels cannot be decoded", e);
    }
  }

  /** Checks lengths, checksums and the compressed data; returns the chunks that matter. */
  private static Checked checkPng(byte[] bytes, String name) {
    ByteBuffer in = ByteBuffer.wrap(bytes);
    ByteArrayOutputStream clean = new ByteArrayOutputStream(bytes.length);
    ByteArrayOutputStream compressed = new ByteArrayOutputStream(bytes.length);
    clean.write(bytes, 0, 8);
    in.position(8);
    long expected = -1;
    boolean palette = false;
    boolean needsPalette = false;
    Orientation orientation = Orientation.UPRIGHT;
    while (true) {
      if (in.remaining() < 12) {
        throw damaged(name, "it ends too early", null);
      }
      int start = in.position();
      int length = in.getInt();
      if (length < 0 || length > in.remaining() - 8) {
        throw damaged(name, "it ends too early", null);
      }
      String type = new String(bytes, start + 4, 4, StandardCharsets.ISO_8859_1);
      CRC32 crc = new CRC32();
      crc.update(bytes, start + 4, length + 4);
      if ((int) crc.getValue() != in.getInt(start + 8 + length)) {
        throw damaged(name, "a checksum is wrong", null);
      }
      if ((expected < 0) != type.equals("IHDR")) {
        throw damaged(name, "its header is missing or repeated", null);
      }
      if (type.equals("IHDR")) {
        if (length != 13) {
          throw damaged(name, "its header is malformed", null);
        }
        needsPalette = bytes[start + 8 + 9] == 3;
        expected = filteredSize(in.slice(start + 8, 13), name);
      } else if (type.equals("PLTE")) {
        palette = true;
      } else if (type.equals("IDAT")) {
        compressed.write(bytes, start + 8, length);
      } else if (type.equals("eXIf")) {
        orientation = Orientation.ofExif(bytes, start + 8, length);
      }
      if (PNG_PIXELS.contains(type)) {
        clean.write(bytes, start, length + 12);
      }
      in.position(start + length + 12);
      if (type.equals("IEND")) {
        break;
      }
    }
    if (needsPalette && !palette) {
      throw damaged(name, "its palette is missing", null);
    }
    if (inflatedSize(compressed.toByteArray(), expected, name) != expected) {
      throw damaged(name, "pixels are missing", null);
    }
    return new Checked(clean.toByteArray(), orientation);
  }

  private static long filteredSize(ByteBuffer header, String name) {
    int width = header.getInt();
    int height = header.getInt();
    int depth = header.get();
    int type = header.get();
    int compression = header.get();
    int filter = header.get();
    int interlace = header.get();
    int channels =
        switch (type) {
          case 0, 3 -> 1;
          case 2 -> 3;
          case 4 -> 2;
          case 6 -> 4;
          default -> 0;
        };
    boolean small = depth == 1 || depth == 2 || depth == 4;
    boolean depthFits =
        depth == 8 || (depth == 16 && type != 3) || (small && (type == 0 || type == 3));
    if (channels == 0 || !depthFits || compression != 0 || filter != 0 || interlace >> 1 != 0) {
      throw damaged(name, "its header is malformed", null);
    }
    checkSize(width, height, name);
    long bits = (long) channels * depth;
    if (interlace == 0) {
      return passSize(width, height, bits);
    }
    int[][] passes = {
      {0, 0, 8, 8},
      {4, 0, 8, 8},
      {0, 4, 4, 8},
      {2, 0, 4, 4},
      {0, 2, 2, 4},
      {1, 0, 2, 2},
      {0, 1, 1, 2}
    };
    long size = 0;
    for (int[] p : passes) {
      size += passSize((width - p[0] + p[2] - 1) / p[2], (height - p[1] + p[3] - 1) / p[3], bits);
    }
    return size;
  }

  private static long passSize(long width, long height, long bitsPerPixel) {
    return width <= 0 || height <= 0 ? 0 : height * (1 + (width * bitsPerPixel + 7) / 8);
  }

  private static long inflatedSize(byte[] compressed, long limit, String name) {
    Inflater inflater = new Inflater();
    try {
      inflater.setInput(compressed);
      byte[] buffer = new byte[1 << 15];
      long size = 0;
      while (!inflater.finished() && size <= limit) {
        int n = inflater.inflate(buffer);
        if (n == 0 && (inflater.needsInput() || inflater.needsDictionary())) {
          break;
        }
        size += n;
      }
      return inflater.finished() ? size : -1;
    } catch (DataFormatException e) {
      throw damaged(name, "its compressed data are corrupt", e);
    } finally {
      inflater.end();
    }
  }

  /** Walks the segments up to the pixels and drops metadata, then lets ImageIO look for damage. */
  private static Checked checkJpeg(byte[] bytes, String name) {
    ByteArrayOutputStream clean = new ByteArrayOutputStream(bytes.length);
    clean.write(bytes, 0, 2);
    int at = 2;
    boolean frame = false;
    Orientation orientation = Orientation.UPRIGHT;
    while (true) {
      if (at + 4 > bytes.length) {
        throw damaged(name, "it ends too early", null);
      }
      if ((bytes[at] & 0xff) != 0xff) {
        throw damaged(name, "its header is malformed", null);
      }
      int marker = bytes[at + 1] & 0xff;
      if (marker == 0xff) {
        at++;
        continue;
      }
      int length = (bytes[at + 2] & 0xff) << 8 | (bytes[at + 3] & 0xff);
      if (length < 2 || at + 2 + length > bytes.length) {
        throw damaged(name, "it ends too early", null);
      }
      boolean isFrame =
          marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc;
      if (isFrame) {
        if (length < 8) {
          throw damaged(name, "its header is malformed", null);
        }
        frame = true;
        ByteBuffer header = ByteBuffer.wrap(bytes, at + 5, 4);
        int height = header.getShort() & 0xffff;
        checkSize(header.getShort() & 0xffff, height, name);
      }
      if (marker == 0xe1 && isExif(bytes, at + 4, length - 2)) {
        orientation = Orientation.ofExif(bytes, at + 10, length - 8);
      }
      // Of the application segments only JFIF (0) and Adobe (14) bear on the colours.
      boolean metadata = (marker >= 0xe1 && marker <= 0xef && marker != 0xee) || marker == 0xfe;
      if (!metadata) {
        clean.write(bytes, at, length + 2);
      }
      at += length + 2;
      if (marker == 0xda) {
        break;
      }
    }
    if (!frame) {
      throw damaged(name, "its header is malformed", null);
    }
    clean.write(bytes, at, bytes.length - at);
    byte[] result = clean.toByteArray();
    checkJpegPixels(result, name);
    return new Checked(result, orientation);
  }

  private static boolean isExif(byte[] bytes, int at, int length) {
    return length >= 6 && new String(bytes, at, 6, StandardCharsets.ISO_8859_1).equals("Exif\0\0");
  }

  private static void checkJpegPixels(byte[] bytes, String name) {
    Iterator<ImageReader> readers = ImageIO.getImageReadersByFormatName("jpeg");
    if (!readers.hasNext()) {
      return;
    }
    ImageReader reader = readers.next();
    boolean[] bad = {false};
    IIOReadWarningListener listener =
        (source, warning) -> bad[0] |= warning.matches("(?i).*(corrupt|premature|truncated).*");
    try (MemoryCacheImageInputStream in =
        new MemoryCacheImageInputStream(new ByteArrayInputStream(bytes))) {
      reader.addIIOReadWarningListener(listener);
      reader.setInput(in, true, true);
      reader.readRaster(0, null);
    } catch (IOException | RuntimeException e) {
      throw damaged(name, "its pixels cannot be decoded", e);
    } finally {
      reader.dispose();
    }
    if (bad[0]) {
      throw damaged(name, "its pixels are corrupt or incomplete", null);
    }
  }

  static void checkSize(int width, int height, String name) {
    if (width <= 0 || height <= 0) {
      throw damaged(name, "it has no pixels", null);
    }
    if ((long) width * height > MAX_PIXELS) {
      throw new ImageException(
          String.format(
              "%s has %dx%d pixels, more than %d million: make it smaller first",
              name, width, height, MAX_PIXELS / 1_000_000));
    }
  }

  static ImageException damaged(String name, String how, Throwable cause) {
    return new ImageException(name + " is damaged: " + how, cause);
  }
}
