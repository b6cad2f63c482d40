/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.images;

import java.nio.file.Path;
import java.util.Arrays;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.zennit4j.images.internal.Tensors;
import org.zennit4j.images.internal.Values;

/**
 * Zennit's image functions: {@code imgify}, {@code gridify} and {@code imsave}, with the same
 * pixels for the same arguments. Thread-safe.
 *
 * <p>Arrays have the shape (H,W), (C,H,W) or (H,W,C) with 1 or 3 channels; where both readings are
 * possible, the channels are last. In a grid there is an axis of samples before that. Values that
 * are not bytes are mapped from [vmin,vmax] to bytes, cut off rather than rounded: in single
 * precision for float32 and half types, else in double precision. Bytes are taken as they are,
 * whatever the bounds.
 *
 * <p>Where Zennit divides zero by zero, since all values are equal: a symmetric picture has the
 * middle of the colour map, any other its left end. NaN is refused, and so is an infinity unless
 * both bounds are set.
 */
public final class Images {
  private Images() {}

  /**
   * Makes a picture from values.
   *
   * @param values of a shape as above, of any real dtype, on any device; only read
   * @param options the arguments
   * @return a {@link PaletteImage} for one channel, an {@link RgbImage} for three
   * @throws ImageException if the shape does not fit, the array is empty, or a value is NaN or
   *     infinite
   */
  public static Picture imgify(Tensor values, ImgifyOptions options) {
    return imgify(Tensors.read(values, "the array"), options);
  }

  /**
   * Makes a picture from values in double precision.
   *
   * @param values in C order; only read
   * @param shape as above
   * @param options the arguments
   * @return as {@link #imgify(Tensor, ImgifyOptions)}
   * @throws ImageException as there
   */
  public static Picture imgify(double[] values, int[] shape, ImgifyOptions options) {
    checkShape(values.length, shape);
    return imgify(new Values(values, shape.clone(), Values.Kind.FLOAT64), options);
  }

  /**
   * Makes a picture from values in single precision.
   *
   * @param values in C order; only read
   * @param shape as above
   * @param options the arguments
   * @return as {@link #imgify(Tensor, ImgifyOptions)}
   * @throws ImageException as there
   */
  public static Picture imgify(float[] values, int[] shape, ImgifyOptions options) {
    checkShape(values.length, shape);
    double[] data = new double[values.length];
    Arrays.setAll(data, i -> values[i]);
    return imgify(new Values(data, shape.clone(), Values.Kind.FLOAT32), options);
  }

  private static void checkShape(int length, int[] shape) {
    boolean negative = Arrays.stream(shape).anyMatch(n -> n < 0);
    if (negative || Values.size(shape) != length) {
      throw new ImageException(
          "an array of " + length + " values does not have the shape " + Values.shapeText(shape));
    }
  }

  static Picture imgify(Values values, ImgifyOptions options) {
    checkNotEmpty(values);
    Values bytes;
    if (options.grid()) {
      bytes = channelsLast(values, true);
      int samples = bytes.shape()[0];
      bytes = toBytes(bytes, samples, options);
      Double fill = options.gridFill().isPresent() ? (double) options.gridFill().getAsInt() : null;
      bytes = grid(bytes, options.gridRows(), options.gridColumns(), fill);
    } else {
      bytes = toBytes(channelsLast(values, false), 1, options);
    }
    int height = bytes.shape()[0];
    int width = bytes.shape()[1];
    byte[] pixels = new byte[bytes.data().length];
    for (int i = 0; i < pixels.length; i++) {
      pixels[i] = (byte) (int) bytes.data()[i];
    }
    return bytes.shape()[2] == 3
        ? RgbImage.wrap(width, height, pixels)
        : PaletteImage.wrap(width, height, pixels, options.colorMap().palette(options.level()));
  }

  /** To bytes, each of the given number of equal parts normalized on its own. */
  private static Values toBytes(Values values, int parts, ImgifyOptions options) {
    if (values.kind() == Values.Kind.UINT8) {
      return values;
    }
    boolean bounded = options.vmin().isPresent() && options.vmax().isPresent();
    double[] in = values.data();
    for (double v : in) {
      if (Double.isNaN(v) || (Double.isInfinite(v) && !bounded)) {
        throw nonFinite(in);
      }
    }
    double[] out = new double[in.length];
    boolean single = values.kind() == Values.Kind.FLOAT32;
    int size = in.length / parts;
    for (int part = 0; part < parts; part++) {
      int from = part * size;
      double low = Double.POSITIVE_INFINITY;
      double high = Double.NEGATIVE_INFINITY;
      for (int i = from; i < from + size; i++) {
        low = Math.min(low, in[i]);
        high = Math.max(high, in[i]);
      }
      if (options.symmetric()) {
        high = Math.max(Math.abs(low), Math.abs(high));
        low = -high;
      }
      low = round(options.vmin().orElse(low), single);
      high = round(options.vmax().orElse(high), single);
      double range = round(high - low, single);
      for (int i = from; i < from + size; i++) {
        double unit;
        if (range > 0) {
          unit = round(round(in[i] - low, single) / range, single);
        } else {
          unit = in[i] < low ? 0 : in[i] > high ? 1 : options.symmetric() ? 0.5 : 0;
        }
        out[i] = (int) Math.max(0, Math.min(255, round(unit * 255, single)));
      }
    }
    return new Values(out, values.shape(), Values.Kind.UINT8);
  }

  private static double round(double value, boolean single) {
    return single ? (float) value : value;
  }

  static ImageException nonFinite(double[] values) {
    long nan = Arrays.stream(values).filter(Double::isNaN).count();
    long infinite = Arrays.stream(values).filter(Double::isInfinite).count();
    return new ImageException(
        String.format(
            "cannot show %d NaN and %d infinite values among %d: find where they come from first",
            nan, infinite, values.length));
  }

  private static void checkNotEmpty(Values values) {
    if (values.data().length == 0) {
      throw new ImageException("cannot show an empty array of shape " + values.shapeText());
    }
  }

  /** To (H,W,C), or (N,H,W,C) with samples. */
  private static Values channelsLast(Values values, boolean samples) {
    int[] shape = values.shape();
    int lead = samples ? 1 : 0;
    if (shape.length == 2 + lead) {
      int[] extended = Arrays.copyOf(shape, shape.length + 1);
      extended[shape.length] = 1;
      return values.reshape(extended);
    }
    if (shape.length == 3 + lead) {
      if (isChannels(shape[shape.length - 1])) {
        return values;
      }
      if (isChannels(shape[lead])) {
        return samples ? values.permute(0, 2, 3, 1) : values.permute(1, 2, 0);
      }
    }
    throw new ImageException(
        String.format(
            "an array of shape %s is no %s",
            values.shapeText(),
            samples
                ? "grid of pictures: (N,H,W), (N,C,H,W) or (N,H,W,C) with 1 or 3 channels"
                : "picture: (H,W), (C,H,W) or (H,W,C) with 1 or 3 channels; sum over the channels"
                    + " or ask for a grid"));
  }

  private static boolean isChannels(int size) {
    return size == 1 || size == 3;
  }

  /**
   * Lays samples out in a grid of the default shape, empty places filled with the smallest value of
   * each channel.
   *
   * @param values of shape (N,H,W), (N,C,H,W) or (N,H,W,C), of any real dtype; only read
   * @return of shape (rows*H, columns*W, C), in the dtype and on the device of the values; the
   *     caller's
   * @throws ImageException if the shape does not fit or the array is empty
   */
  public static Tensor gridify(Tensor values) {
    return gridify(values, 0, 0, null);
  }

  /**
   * Lays samples out in a grid. Samples that find no place are left out.
   *
   * @param values of shape (N,H,W), (N,C,H,W) or (N,H,W,C), of any real dtype; only read
   * @param rows of the grid; 0 together with {@code columns} for the default shape: the square root
   *     of N, rounded down, columns, and as many rows as are needed
   * @param columns of the grid
   * @param fill the value of empty places, or null for the smallest value of each channel
   * @return of shape (rows*H, columns*W, C), in the dtype and on the device of the values; the
   *     caller's
   * @throws ImageException if the shape does not fit or the array is empty
   */
  public static Tensor gridify(Tensor values, int rows, int columns, Double fill) {
    if (rows < 0 || columns < 0 || (rows == 0) != (columns == 0)) {
      throw new ImageException(
          "a grid has at least one row and column, not " + rows + "x" + columns);
    }
    Values array = Tensors.read(values, "the array");
    checkNotEmpty(array);
    Values grid = grid(channelsLast(array, true), rows, columns, fill);
    long[] shape = Arrays.stream(grid.shape()).asLongStream().toArray();
    ScalarType type = values.scalar_type().intern();
    return Tensors.scoped(() -> Tensors.ofDoubles(grid.data(), type, values.device(), shape));
  }

  private static Values grid(Values values, int rows, int columns, Double fill) {
    int n = values.shape()[0];
    int height = values.shape()[1];
    int width = values.shape()[2];
    int channels = values.shape()[3];
    if (rows == 0) {
      columns = (int) Math.sqrt(n);
      rows = (n + columns - 1) / columns;
    }
    double[] in = values.data();
    int[] shape = {Math.multiplyExact(rows, height), Math.multiplyExact(columns, width), channels};
    double[] out = new double[Values.size(shape)];
    for (int c = 0; c < channels; c++) {
      double value = fill != null ? fill : Double.POSITIVE_INFINITY;
      for (int i = c; fill == null && i < in.length; i += channels) {
        value = Math.min(value, in[i]);
      }
      for (int i = c; i < out.length; i += channels) {
        out[i] = value;
      }
    }
    int line = width * channels;
    for (int k = 0; k < Math.min((long) n, (long) rows * columns); k++) {
      for (int y = 0; y < height; y++) {
        int to = ((k / columns * height + y) * columns + k % columns) * line;
        System.arraycopy(in, (k * height + y) * line, out, to, line);
      }
    }
    return new Values(out, shape, values.kind());
  }

  /**
   * Writes values as a PNG file: {@link #imgify(Tensor, ImgifyOptions)} and {@link
   * Picture#writePng}.
   *
   * @param file where to write; missing folders are created
   * @param values as in {@link #imgify(Tensor, ImgifyOptions)}
   * @param options the arguments
   * @throws ImageException if the values cannot be shown or the file cannot be written
   */
  public static void imsave(Path file, Tensor values, ImgifyOptions options) {
    imgify(values, options).writePng(file);
  }
}
