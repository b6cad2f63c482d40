/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.images;

import java.nio.file.Path;
import java.util.Arrays;
import org.bytedeco.pytorch.Tensor;
import org.zennit4j.images.internal.AtomicFiles;
import org.zennit4j.images.internal.Decoder;
import org.zennit4j.images.internal.PngWriter;
import org.zennit4j.images.internal.Resampler;
import org.zennit4j.images.internal.Tensors;
import org.zennit4j.images.internal.Values;

/**
 * A picture of three bytes red, green, blue a pixel: a photograph that was read, or something that
 * was drawn. Immutable and thread-safe.
 */
public final class RgbImage implements Picture {
  private final int width;
  private final int height;
  private final byte[] rgb;

  private RgbImage(int width, int height, byte[] rgb) {
    this.width = width;
    this.height = height;
    this.rgb = rgb;
  }

  /**
   * Reads a PNG, JPEG, WebP, BMP, GIF or TIFF file, as {@link #decode(byte[])} does.
   *
   * @param file of any name; what it is follows from its first bytes
   * @return its pixels, turned as its EXIF orientation says
   * @throws ImageException if the file cannot be read, is of another format, or damaged
   */
  public static RgbImage read(Path file) {
    return decode(AtomicFiles.read(file), true, file.toString());
  }

  /**
   * Reads a file without turning it by its EXIF orientation, as {@link #decodeAsStored} does.
   *
   * @param file as in {@link #read}
   * @return its pixels as they are stored
   * @throws ImageException as {@link #read}
   */
  public static RgbImage readAsStored(Path file) {
    return decode(AtomicFiles.read(file), false, file.toString());
  }

  /**
   * Decodes an image to 8 bit RGB, as Pillow's {@code
   * ImageOps.exif_transpose(Image.open(f)).convert("RGB")} does: grey becomes three equal values, a
   * palette is looked up, an alpha channel or a transparent colour is dropped (the colour below it
   * stays, nothing is blended). Of 16 bit values the high byte is taken. Of several frames or pages
   * the first is taken. The pixels are turned as the EXIF orientation says, since a network that
   * sees a photograph lying on its side answers something else. Other metadata is ignored: no
   * gamma, no colour profile.
   *
   * @param bytes a whole file: PNG, JPEG, WebP, BMP, GIF or TIFF; not kept
   * @return its pixels
   * @throws ImageException if the bytes are of another format or damaged
   */
  public static RgbImage decode(byte[] bytes) {
    return decode(bytes, true, "the image");
  }

  /**
   * Decodes an image without turning it: what pipelines see that ignore the EXIF orientation, as
   * Pillow's {@code Image.open} and so torchvision's data sets do.
   *
   * @param bytes as in {@link #decode(byte[])}
   * @return its pixels as they are stored
   * @throws ImageException as {@link #decode(byte[])}
   */
  public static RgbImage decodeAsStored(byte[] bytes) {
    return decode(bytes, false, "the image");
  }

  private static RgbImage decode(byte[] bytes, boolean upright, String name) {
    Decoder.Pixels pixels = Decoder.decode(bytes, upright, name);
    return wrap(pixels.width(), pixels.height(), pixels.rgb());
  }

  /**
   * Makes a picture from bytes.
   *
   * @param width columns, at least 1
   * @param height rows, at least 1
   * @param rgb {@code width * height * 3} unsigned bytes red, green, blue, row after row; copied
   * @return the picture
   * @throws ImageException if the sizes do not fit together
   */
  public static RgbImage of(int width, int height, byte[] rgb) {
    return wrap(width, height, rgb.clone());
  }

  /**
   * Makes a picture from a tensor.
   *
   * @param pixels of shape (H,W,3), either uint8, or floating with values in [0,1] that are scaled
   *     by 255 and rounded; on any device; only read
   * @return the picture
   * @throws ImageException if shape, dtype or a value does not fit
   */
  public static RgbImage of(Tensor pixels) {
    Values values = Tensors.read(pixels, "the picture");
    int[] shape = values.shape();
    if (shape.length != 3 || shape[2] != 3) {
      throw new ImageException(
          "a picture has the shape (H,W,3), not " + values.shapeText() + ": permute it first");
    }
    double[] data = values.data();
    byte[] rgb = new byte[data.length];
    switch (values.kind()) {
      case UINT8 -> {
        for (int i = 0; i < rgb.length; i++) {
          rgb[i] = (byte) (int) data[i];
        }
      }
      case FLOAT32, FLOAT64 -> {
        for (int i = 0; i < rgb.length; i++) {
          // Written so that NaN is refused too. The allowance is for rounding only.
          if (!(data[i] >= -1e-6 && data[i] <= 1 + 1e-6)) {
            throw new ImageException(
                "a floating picture has values in [0,1], not " + data[i] + ": divide by 255 first");
          }
          rgb[i] = (byte) Math.max(0, Math.min(255, Math.round(data[i] * 255)));
        }
      }
      case INTEGER ->
          throw new ImageException("a picture is uint8 or floating, not of another integer type");
    }
    return wrap(shape[1], shape[0], rgb);
  }

  /** Like {@link #of(int, int, byte[])}, taking the array over. */
  static RgbImage wrap(int width, int height, byte[] rgb) {
    checkSize(width, height, rgb.length, 3);
    return new RgbImage(width, height, rgb);
  }

  static void checkSize(int width, int height, int length, int channels) {
    if (width < 1 || height < 1) {
      throw new ImageException(
          "a picture has at least one row and one column, not " + width + "x" + height);
    }
    if ((long) width * height * channels != length) {
      throw new ImageException(
          String.format(
              "a picture of %dx%d pixels has %d bytes, not %d",
              width, height, (long) width * height * channels, length));
    }
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
   * The pixels.
   *
   * @return a copy, {@code width * height * 3} unsigned bytes red, green, blue, row after row
   */
  public byte[] rgb() {
    return rgb.clone();
  }

  /**
   * Writes the pixels channel by channel, as networks and ViRelAy have them, into a larger array.
   *
   * @param to takes {@code 3 * height * width} bytes: all reds row after row, all greens, all blues
   * @param at where they begin
   * @throws ImageException if the array ends before
   */
  public void planes(byte[] to, int at) {
    int area = width * height;
    if (at < 0 || to.length - at < rgb.length) {
      throw new ImageException(
          String.format(
              "%d bytes of a picture do not fit into %d, from %d on", rgb.length, to.length, at));
    }
    int from = 0;
    for (int i = at; i < at + area; i++) {
      to[i] = rgb[from];
      to[i + area] = rgb[from + 1];
      to[i + 2 * area] = rgb[from + 2];
      from += 3;
    }
  }

  /** The pixels themselves, for reading only. */
  byte[] pixels() {
    return rgb;
  }

  /**
   * The pixels as a tensor.
   *
   * @return uint8 of shape (H,W,3) on the CPU; the caller's
   */
  public Tensor toTensor() {
    return Tensors.ofBytes(rgb, height, width, 3);
  }

  /**
   * Resizes to the given size, whatever the proportions. Pixels equal those of Pillow's {@code
   * resize} on an RGB image bit for bit: antialiased (the kernel is widened when shrinking),
   * columns first, rounded to bytes in between.
   *
   * @param newWidth columns, at least 1
   * @param newHeight rows, at least 1
   * @param interpolation the kernel
   * @return this, if the size stays
   * @throws ImageException if a size is less than 1
   */
  public RgbImage resize(int newWidth, int newHeight, Interpolation interpolation) {
    if (newWidth < 1 || newHeight < 1) {
      throw new ImageException("cannot resize to " + newWidth + "x" + newHeight + " pixels");
    }
    if ((long) newWidth * newHeight > Decoder.MAX_PIXELS) {
      throw new ImageException(
          String.format(
              "cannot resize %dx%d to %dx%d pixels: that is more than %d million",
              width, height, newWidth, newHeight, Decoder.MAX_PIXELS / 1_000_000));
    }
    if (newWidth == width && newHeight == height) {
      return this;
    }
    return wrap(
        newWidth,
        newHeight,
        Resampler.resize(
            rgb, width, height, newWidth, newHeight, interpolation == Interpolation.BICUBIC));
  }

  /**
   * Resizes so that the shorter side has the given length and the proportions stay; the longer side
   * is rounded to the nearest integer.
   *
   * @param side length of the shorter side in pixels, at least 1
   * @param interpolation the kernel
   * @return this, if the size stays
   * @throws ImageException if the side is less than 1
   */
  public RgbImage resizeShorterSide(int side, Interpolation interpolation) {
    int shorter = Math.min(width, height);
    double factor = (double) side / shorter;
    int newWidth = width == shorter ? side : (int) Math.rint(width * factor);
    int newHeight = height == shorter ? side : (int) Math.rint(height * factor);
    return resize(newWidth, newHeight, interpolation);
  }

  /**
   * Cuts out the centre. An odd remainder leaves the extra row or column at the bottom or right.
   *
   * @param cropWidth columns, at most those of this picture
   * @param cropHeight rows, at most those of this picture
   * @return the centre
   * @throws ImageException if the picture is smaller than the crop
   */
  public RgbImage centerCrop(int cropWidth, int cropHeight) {
    if (cropWidth < 1 || cropHeight < 1 || cropWidth > width || cropHeight > height) {
      throw new ImageException(
          String.format(
              "cannot crop %dx%d pixels from a picture of %dx%d: resize it first",
              cropWidth, cropHeight, width, height));
    }
    int left = (width - cropWidth) / 2;
    int top = (height - cropHeight) / 2;
    byte[] out = new byte[cropWidth * cropHeight * 3];
    for (int y = 0; y < cropHeight; y++) {
      System.arraycopy(rgb, ((top + y) * width + left) * 3, out, y * cropWidth * 3, cropWidth * 3);
    }
    return wrap(cropWidth, cropHeight, out);
  }

  /**
   * Lays another picture over this one: {@code (1 - alpha) * this + alpha * over}, rounded.
   *
   * @param over a picture of the same size
   * @param alpha the share of {@code over}, 0 to 1
   * @return the blend
   * @throws ImageException if the sizes differ or alpha is out of range
   */
  public RgbImage overlay(Picture over, double alpha) {
    checkAlpha(alpha);
    if (over.width() != width || over.height() != height) {
      throw new ImageException(
          String.format(
              "cannot lay %dx%d pixels over a picture of %dx%d: resize one of them first",
              over.width(), over.height(), width, height));
    }
    byte[] top = over.toRgb().rgb;
    byte[] out = new byte[rgb.length];
    for (int i = 0; i < out.length; i++) {
      out[i] = (byte) Math.round((1 - alpha) * (rgb[i] & 0xff) + alpha * (top[i] & 0xff));
    }
    return wrap(width, height, out);
  }

  static void checkAlpha(double alpha) {
    if (!(alpha >= 0 && alpha <= 1)) {
      throw new ImageException("alpha is a share from 0 to 1, not " + alpha);
    }
  }

  @Override
  public RgbImage toRgb() {
    return this;
  }

  @Override
  public byte[] toPng() {
    return PngWriter.rgb(width, height, rgb);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof RgbImage that
        && width == that.width
        && height == that.height
        && Arrays.equals(rgb, that.rgb);
  }

  @Override
  public int hashCode() {
    return 31 * width + Arrays.hashCode(rgb);
  }

  @Override
  public String toString() {
    return "RgbImage " + width + "x" + height;
  }
}
