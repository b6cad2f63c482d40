/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.images;

import java.io.Serializable;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import org.bytedeco.pytorch.Tensor;
import org.zennit4j.images.internal.Tensors;

/**
 * What happens to a photograph before a network sees it: resizing, centre crop, colour order, and
 * {@code (value / divisor - mean) / deviation} for each byte. Immutable and thread-safe; each
 * {@code with} method returns a changed copy.
 *
 * <p>From it follow the {@link #low()} and {@link #high()} that an input can have, which the ZBox
 * rule needs.
 *
 * <table>
 * <caption>Presets</caption>
 * <tr><th>name</th><th>colours</th><th>resize, crop</th><th>values</th><th>bounds</th></tr>
 * <tr><td>{@link #IMAGENET}</td><td>RGB</td><td>256 bilinear, 224</td>
 *     <td>(v/255 - (.485, .456, .406)) / (.229, .224, .225)</td>
 *     <td>(-2.1179, -2.0357, -1.8044), (2.2489, 2.4286, 2.64)</td></tr>
 * <tr><td>{@link #EFFICIENTNET_LITE0}</td><td>RGB</td><td>256 bicubic, 224</td>
 *     <td>(v/255 - 0.5) / 0.5</td><td>-1, 1</td></tr>
 * <tr><td>{@link #CAFFE}</td><td>BGR</td><td>256 bilinear, 224</td>
 *     <td>v - (103.939, 116.779, 123.68)</td>
 *     <td>(-103.939, -116.779, -123.68), (151.061, 138.221, 131.32)</td></tr>
 * <tr><td>{@link #CAFFE_SCALAR}</td><td>BGR</td><td>as CAFFE</td><td>as CAFFE</td>
 *     <td>-123.68, 151.061 in each channel</td></tr>
 * <tr><td>{@link #UNIT}</td><td>RGB</td><td>none</td><td>v/255</td><td>0, 1</td></tr>
 * </table>
 */
public final class Preprocessing implements Serializable {
  private static final long serialVersionUID = 1;

  /** Torchvision's networks. */
  public static final Preprocessing IMAGENET =
      new Preprocessing(
          ColorOrder.RGB,
          256,
          0,
          Interpolation.BILINEAR,
          224,
          224,
          255,
          new double[] {0.485, 0.456, 0.406},
          new double[] {0.229, 0.224, 0.225},
          false);

  /** The bundled EfficientNet-Lite0. */
  public static final Preprocessing EFFICIENTNET_LITE0 =
      new Preprocessing(
          ColorOrder.RGB,
          256,
          0,
          Interpolation.BICUBIC,
          224,
          224,
          255,
          new double[] {0.5, 0.5, 0.5},
          new double[] {0.5, 0.5, 0.5},
          false);

  /** Networks from Caffe, VGG among them. */
  public static final Preprocessing CAFFE =
      new Preprocessing(
          ColorOrder.BGR,
          256,
          0,
          Interpolation.BILINEAR,
          224,
          224,
          1,
          new double[] {103.939, 116.779, 123.68},
          new double[] {1, 1, 1},
          false);

  /** As {@link #CAFFE}, with one pair of bounds for all channels, the widest. */
  public static final Preprocessing CAFFE_SCALAR = CAFFE.withScalarBounds(true);

  /** Values in [0,1], nothing else. */
  public static final Preprocessing UNIT =
      new Preprocessing(
          ColorOrder.RGB,
          0,
          0,
          Interpolation.BICUBIC,
          0,
          0,
          255,
          new double[] {0, 0, 0},
          new double[] {1, 1, 1},
          false);

  private static final Map<String, Preprocessing> NAMED = byName();

  /** The order of the channels. */
  private final ColorOrder colorOrder;

  /**
   * With a second side: that exact size, width first. Without: the shorter side. 0: no resizing.
   */
  private final int resize;

  /** The height to resize to, or 0. */
  private final int resizeHeight;

  /** How it is resized. */
  private final Interpolation interpolation;

  /** The width of the central crop, or 0. */
  private final int cropWidth;

  /** The height of the central crop, or 0. */
  private final int cropHeight;

  /** What values from 0 to 255 are divided by. */
  private final double divisor;

  /** What is subtracted from each channel. */
  private final double[] mean;

  /** What each channel is divided by. */
  private final double[] deviation;

  /** Whether one bound holds for all channels. */
  private final boolean scalarBounds;

  /** Made of the others when it is first asked for. */
  private transient volatile float[][] tables;

  private Preprocessing(
      ColorOrder colorOrder,
      int resize,
      int resizeHeight,
      Interpolation interpolation,
      int cropWidth,
      int cropHeight,
      double divisor,
      double[] mean,
      double[] deviation,
      boolean scalarBounds) {
    this.colorOrder = colorOrder;
    this.resize = resize;
    this.resizeHeight = resizeHeight;
    this.interpolation = interpolation;
    this.cropWidth = cropWidth;
    this.cropHeight = cropHeight;
    this.divisor = divisor;
    this.mean = mean;
    this.deviation = deviation;
    this.scalarBounds = scalarBounds;
  }

  private static Map<String, Preprocessing> byName() {
    Map<String, Preprocessing> map = new LinkedHashMap<>();
    map.put("imagenet", IMAGENET);
    map.put("efficientnet_lite0", EFFICIENTNET_LITE0);
    map.put("caffe", CAFFE);
    map.put("caffe_scalar", CAFFE_SCALAR);
    map.put("unit", UNIT);
    return Collections.unmodifiableMap(map);
  }

  /**
   * The presets by name.
   *
   * @return lower-case name to preset, unmodifiable, in a fixed order
   */
  public static Map<String, Preprocessing> named() {
    return NAMED;
  }

  /**
   * Finds a preset by name.
   *
   * @param name such as {@code "imagenet"}; case does not matter
   * @return the preset
   * @throws ImageException if there is none of that name
   */
  public static Preprocessing named(String name) {
    Preprocessing found = NAMED.get(name.toLowerCase(Locale.ROOT));
    if (found == null) {
      throw new ImageException(
          "unknown preprocessing \"" + name + "\"; known are " + String.join(", ", NAMED.keySet()));
    }
    return found;
  }

  /**
   * Changes the colour order. A change between three channels and one makes mean and deviation
   * those of the first channel; a change between RGB and BGR keeps their order, as they are given
   * in the network's.
   *
   * @param order which channels, in which order
   * @return a changed copy
   */
  public Preprocessing withColorOrder(ColorOrder order) {
    boolean same = order.channels() == colorOrder.channels();
    return new Preprocessing(
        order,
        resize,
        resizeHeight,
        interpolation,
        cropWidth,
        cropHeight,
        divisor,
        same ? mean : spread(order.channels(), mean[0]),
        same ? deviation : spread(order.channels(), deviation[0]),
        scalarBounds);
  }

  private static double[] spread(int channels, double value) {
    double[] values = new double[channels];
    Arrays.fill(values, value);
    return values;
  }

  /**
   * Resizes the shorter side, keeping the proportions, see {@link RgbImage#resizeShorterSide}.
   *
   * @param side length of the shorter side in pixels, at least 1
   * @param kernel the kernel
   * @return a changed copy
   * @throws ImageException if the side is less than 1
   */
  public Preprocessing withShorterSide(int side, Interpolation kernel) {
    return withSizes(positive(side), 0, kernel, cropWidth, cropHeight);
  }

  /**
   * Resizes to an exact size, whatever the proportions, and does not crop.
   *
   * @param width columns, at least 1
   * @param height rows, at least 1
   * @param kernel the kernel
   * @return a changed copy
   * @throws ImageException if a size is less than 1
   */
  public Preprocessing withSize(int width, int height, Interpolation kernel) {
    return withSizes(positive(width), positive(height), kernel, 0, 0);
  }

  /**
   * Cuts the centre out after resizing, see {@link RgbImage#centerCrop}.
   *
   * @param width columns, at least 1
   * @param height rows, at least 1
   * @return a changed copy
   * @throws ImageException if a size is less than 1
   */
  public Preprocessing withCrop(int width, int height) {
    return withSizes(resize, resizeHeight, interpolation, positive(width), positive(height));
  }

  /**
   * Takes pixels as they come: neither resizing nor crop.
   *
   * @return a changed copy
   */
  public Preprocessing withoutResizing() {
    return withSizes(0, 0, interpolation, 0, 0);
  }

  private Preprocessing withSizes(
      int newResize, int newResizeHeight, Interpolation kernel, int newWidth, int newHeight) {
    return new Preprocessing(
        colorOrder,
        newResize,
        newResizeHeight,
        kernel,
        newWidth,
        newHeight,
        divisor,
        mean,
        deviation,
        scalarBounds);
  }

  private static int positive(int size) {
    if (size < 1) {
      throw new ImageException("a size in pixels is at least 1, not " + size);
    }
    return size;
  }

  /**
   * Changes what happens to each value: {@code (value / divisor - mean) / deviation}.
   *
   * @param newDivisor usually 255, or 1; positive
   * @param newMean one number for each channel in the network's order, or one for all; copied
   * @param newDeviation likewise; positive
   * @return a changed copy
   * @throws ImageException if a number is missing, not finite or not positive
   */
  public Preprocessing withNormalization(
      double newDivisor, double[] newMean, double[] newDeviation) {
    if (!(newDivisor > 0) || Double.isInfinite(newDivisor)) {
      throw new ImageException("the divisor is positive, not " + newDivisor);
    }
    double[] means = perChannel("mean", newMean);
    double[] deviations = perChannel("deviation", newDeviation);
    for (double value : deviations) {
      if (!(value > 0)) {
        throw new ImageException("a deviation is positive, not " + value);
      }
    }
    return new Preprocessing(
        colorOrder,
        resize,
        resizeHeight,
        interpolation,
        cropWidth,
        cropHeight,
        newDivisor,
        means,
        deviations,
        scalarBounds);
  }

  private double[] perChannel(String what, double[] values) {
    int channels = colorOrder.channels();
    if (values.length != 1 && values.length != channels) {
      throw new ImageException(
          String.format(
              "%d channels need %d numbers as %s, or one, not %d",
              channels, channels, what, values.length));
    }
    for (double value : values) {
      if (!Double.isFinite(value)) {
        throw new ImageException("the " + what + " is a finite number, not " + value);
      }
    }
    return values.length == channels ? values.clone() : spread(channels, values[0]);
  }

  /**
   * Chooses between bounds for each channel and one pair for all, the widest.
   *
   * @param scalar true for one pair
   * @return a changed copy
   */
  public Preprocessing withScalarBounds(boolean scalar) {
    return new Preprocessing(
        colorOrder,
        resize,
        resizeHeight,
        interpolation,
        cropWidth,
        cropHeight,
        divisor,
        mean,
        deviation,
        scalar);
  }

  /**
   * The colour order.
   *
   * @return which channels, in which order
   */
  public ColorOrder colorOrder() {
    return colorOrder;
  }

  /**
   * The mean that is subtracted.
   *
   * @return a copy, one number for each channel in the network's order
   */
  public double[] mean() {
    return mean.clone();
  }

  /**
   * The deviation that is divided by.
   *
   * @return a copy, one number for each channel in the network's order
   */
  public double[] deviation() {
    return deviation.clone();
  }

  /**
   * What a byte is divided by at first.
   *
   * @return 255, 1 or another positive number
   */
  public double divisor() {
    return divisor;
  }

  /**
   * The smallest value an input can have: that of the byte 0.
   *
   * @return one number for each channel in the network's order, in double precision
   */
  public double[] low() {
    return bounds(0);
  }

  /**
   * The largest value an input can have: that of the byte 255.
   *
   * @return one number for each channel in the network's order, in double precision
   */
  public double[] high() {
    return bounds(255);
  }

  private double[] bounds(int value) {
    double[] bounds = new double[mean.length];
    for (int c = 0; c < bounds.length; c++) {
      bounds[c] = (value / divisor - mean[c]) / deviation[c];
    }
    if (scalarBounds) {
      double widest =
          value == 0
              ? Arrays.stream(bounds).min().getAsDouble()
              : Arrays.stream(bounds).max().getAsDouble();
      Arrays.fill(bounds, widest);
    }
    return bounds;
  }

  /**
   * {@link #low()} as a tensor that broadcasts against an input.
   *
   * @return float32 of shape (1,C,1,1) on the CPU; the caller's
   */
  public Tensor lowTensor() {
    return boundsTensor(low());
  }

  /**
   * {@link #high()} as a tensor that broadcasts against an input.
   *
   * @return float32 of shape (1,C,1,1) on the CPU; the caller's
   */
  public Tensor highTensor() {
    return boundsTensor(high());
  }

  private static Tensor boundsTensor(double[] bounds) {
    float[] data = new float[bounds.length];
    for (int c = 0; c < data.length; c++) {
      data[c] = (float) bounds[c];
    }
    return Tensors.ofFloats(data, 1, data.length, 1, 1);
  }

  /**
   * The pixels that the network sees: the photograph resized and cropped, still in colour and red
   * first. What a heatmap is laid over.
   *
   * @param image a photograph
   * @return its resized and cropped pixels
   * @throws ImageException if the crop is larger than what resizing leaves
   */
  public RgbImage photo(RgbImage image) {
    RgbImage resized = image;
    if (resizeHeight > 0) {
      resized = image.resize(resize, resizeHeight, interpolation);
    } else if (resize > 0) {
      resized = image.resizeShorterSide(resize, interpolation);
    }
    return cropWidth > 0 ? resized.centerCrop(cropWidth, cropHeight) : resized;
  }

  /**
   * A rectangle in the pixels of a photograph; pixel (0,0) covers [0,1) x [0,1).
   *
   * @param left edge, in pixels
   * @param top edge, in pixels
   * @param width in pixels
   * @param height in pixels
   */
  public record Region(double left, double top, double width, double height) {}

  /**
   * The part of a photograph that the network sees, in the photograph's own pixels: all of it, or
   * what the crop leaves.
   *
   * @param image a photograph
   * @return the rectangle that {@link #photo} shows
   * @throws ImageException as in {@link #photo}
   */
  public Region region(RgbImage image) {
    double width = image.width();
    double height = image.height();
    if (resizeHeight > 0 || cropWidth == 0) {
      return new Region(0, 0, width, height);
    }
    int shorter = Math.min(image.width(), image.height());
    double factor = resize > 0 ? (double) resize / shorter : 1;
    long shownWidth = Math.round(Math.rint(width * factor));
    long shownHeight = Math.round(Math.rint(height * factor));
    if (cropWidth > shownWidth || cropHeight > shownHeight) {
      photo(image);
    }
    double x = width / shownWidth;
    double y = height / shownHeight;
    long left = (shownWidth - cropWidth) / 2;
    long top = (shownHeight - cropHeight) / 2;
    return new Region(left * x, top * y, cropWidth * x, cropHeight * y);
  }

  /**
   * The input for the network. Arithmetic is in single precision, value by value, as in PyTorch.
   *
   * @param image a photograph, which goes through {@link #photo} first
   * @return float32 of shape (1,C,H,W) on the CPU, contiguous; the caller's
   * @throws ImageException as in {@link #photo}
   */
  public Tensor toTensor(RgbImage image) {
    return toTensor(List.of(image));
  }

  /**
   * The input for the network, of several photographs at once.
   *
   * @param images at least one; each goes through {@link #photo} first
   * @return float32 of shape (N,C,H,W) on the CPU, contiguous; the caller's
   * @throws ImageException as in {@link #photo}, or if the sizes differ after it, or there is none
   */
  public Tensor toTensor(List<RgbImage> images) {
    if (images.isEmpty()) {
      throw new ImageException("a batch needs at least one image");
    }
    float[][] tables = tables();
    float[] data = null;
    int width = 0;
    int height = 0;
    for (int n = 0; n < images.size(); n++) {
      RgbImage photo = photo(images.get(n));
      if (data == null) {
        width = photo.width();
        height = photo.height();
        int size = Math.multiplyExact(images.size(), tables.length * width * height);
        data = new float[size];
      } else if (photo.width() != width || photo.height() != height) {
        throw new ImageException(
            String.format(
                "the images of a batch have equal sizes, not %dx%d and %dx%d: set a crop",
                width, height, photo.width(), photo.height()));
      }
      fill(data, n * tables.length * width * height, photo, tables);
    }
    return Tensors.ofFloats(data, images.size(), tables.length, height, width);
  }

  /**
   * The values of {@link #toTensor(RgbImage)}, on the Java heap.
   *
   * @param image a photograph, which goes through {@link #photo} first
   * @return the elements of (C,H,W) in C order; the caller's
   * @throws ImageException as in {@link #photo}
   */
  public float[] toFloats(RgbImage image) {
    RgbImage photo = photo(image);
    float[][] tables = tables();
    float[] data = new float[Math.multiplyExact(tables.length, photo.width() * photo.height())];
    fill(data, 0, photo, tables);
    return data;
  }

  /**
   * The same values, into a larger array, such as that of a batch.
   *
   * @param image a photograph, which goes through {@link #photo} first
   * @param to takes the elements of (C,H,W) in C order
   * @param at where they begin
   * @throws ImageException as in {@link #photo}, or if the array ends before
   */
  public void toFloats(RgbImage image, float[] to, int at) {
    RgbImage photo = photo(image);
    float[][] tables = tables();
    int size = Math.multiplyExact(tables.length, photo.width() * photo.height());
    if (at < 0 || to.length - at < size) {
      throw new ImageException(
          String.format("%d values do not fit into %d, from %d on", size, to.length, at));
    }
    fill(to, at, photo, tables);
  }

  private void fill(float[] data, int start, RgbImage photo, float[][] tables) {
    byte[] rgb = photo.pixels();
    int area = photo.width() * photo.height();
    for (int c = 0; c < tables.length; c++) {
      float[] table = tables[c];
      int at = start + c * area;
      int end = at + area;
      if (colorOrder == ColorOrder.GREY) {
        for (int from = 0; at < end; from += 3) {
          data[at++] = table[luma(rgb, from)];
        }
      } else {
        for (int from = colorOrder == ColorOrder.BGR ? 2 - c : c; at < end; from += 3) {
          data[at++] = table[rgb[from] & 0xff];
        }
      }
    }
  }

  private static int luma(byte[] rgb, int at) {
    int red = rgb[at] & 0xff;
    int green = rgb[at + 1] & 0xff;
    int blue = rgb[at + 2] & 0xff;
    return (red * 19595 + green * 38470 + blue * 7471 + 0x8000) >> 16;
  }

  /** What becomes of each value of each channel; made once. */
  private float[][] tables() {
    float[][] known = tables;
    if (known == null) {
      known = newTables();
      tables = known;
    }
    return known;
  }

  private float[][] newTables() {
    float[][] tables = new float[colorOrder.channels()][256];
    for (int c = 0; c < tables.length; c++) {
      for (int v = 0; v < 256; v++) {
        tables[c][v] = (v / (float) divisor - (float) mean[c]) / (float) deviation[c];
      }
    }
    return tables;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Preprocessing that
        && colorOrder == that.colorOrder
        && resize == that.resize
        && resizeHeight == that.resizeHeight
        && interpolation == that.interpolation
        && cropWidth == that.cropWidth
        && cropHeight == that.cropHeight
        && divisor == that.divisor
        && Arrays.equals(mean, that.mean)
        && Arrays.equals(deviation, that.deviation)
        && scalarBounds == that.scalarBounds;
  }

  @Override
  public int hashCode() {
    return Objects.hash(
        colorOrder,
        resize,
        resizeHeight,
        interpolation,
        cropWidth,
        cropHeight,
        divisor,
        Arrays.hashCode(mean),
        Arrays.hashCode(deviation),
        scalarBounds);
  }

  @Override
  public String toString() {
    String size =
        resize == 0
            ? "no resizing"
            : resizeHeight > 0
                ? "resize " + resize + "x" + resizeHeight + " " + interpolation
                : "shorter side " + resize + " " + interpolation;
    String crop = cropWidth > 0 ? ", crop " + cropWidth + "x" + cropHeight : "";
    return String.format(
        "%s, %s%s, (value / %s - %s) / %s",
        colorOrder, size, crop, divisor, Arrays.toString(mean), Arrays.toString(deviation));
  }
}
