/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.images;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.zennit4j.images.internal.Tensors;
import org.zennit4j.images.internal.Values;

/**
 * A map of one relevance a pixel, and how to show it. Immutable and thread-safe; holds no native
 * memory.
 *
 * <p>By default zero is in the middle of the colour map {@code coldnhot} (black) and the largest
 * absolute value at its end: positive relevance is red to white, negative relevance blue to cyan. A
 * map that is zero everywhere is black throughout. NaN and infinite values are refused, since a
 * picture would hide them.
 */
public final class Heatmap {
  private static final ImgifyOptions DEFAULT =
      ImgifyOptions.DEFAULT.withSymmetric(true).withColorMap(ColorMap.of("coldnhot"));

  private final int width;
  private final int height;
  private final double[] values;
  private final ImgifyOptions options;

  private Heatmap(int width, int height, double[] values, ImgifyOptions options) {
    this.width = width;
    this.height = height;
    this.values = values;
    this.options = options;
  }

  /**
   * A map from relevance in PyTorch's order: (H,W), (C,H,W) or (1,C,H,W), summed over the channels.
   *
   * @param relevance of any real dtype, on any device; only read
   * @return the map
   * @throws ImageException if the shape does not fit, it is empty, or a value is NaN or infinite
   */
  public static Heatmap of(Tensor relevance) {
    Values array = Tensors.read(relevance, "the relevance");
    return array.shape().length == 2
        ? of(array)
        : of(sum(array, array.shape().length == 4 ? 1 : 0));
  }

  /**
   * A map from relevance with its channels anywhere: summed over that axis (in double precision),
   * what remains is (H,W) or (1,H,W).
   *
   * @param relevance of any real dtype, on any device; only read
   * @param channelAxis the axis of the channels; negative ones count from the end
   * @return the map
   * @throws ImageException if the shape does not fit, it is empty, or a value is NaN or infinite
   */
  public static Heatmap of(Tensor relevance, int channelAxis) {
    return of(sum(Tensors.read(relevance, "the relevance"), channelAxis));
  }

  /**
   * A map of values that are there already.
   *
   * @param values {@code width * height} values, row after row; copied
   * @param width columns, at least 1
   * @param height rows, at least 1
   * @return the map
   * @throws ImageException if the sizes do not fit, or a value is NaN or infinite
   */
  public static Heatmap of(double[] values, int width, int height) {
    RgbImage.checkSize(width, height, values.length, 1);
    int[] shape = {height, width};
    return of(new Values(values.clone(), shape, Values.Kind.FLOAT64));
  }

  /**
   * Maps of a batch, each normalized on its own.
   *
   * @param relevance of shape (N,C,H,W), of any real dtype, on any device; only read
   * @return N maps
   * @throws ImageException if the shape does not fit, it is empty, or a value is NaN or infinite
   */
  public static List<Heatmap> ofBatch(Tensor relevance) {
    Values array = Tensors.read(relevance, "the relevance");
    if (array.shape().length != 4) {
      throw new ImageException(
          "a batch of relevance has the shape (N,C,H,W), not " + array.shapeText());
    }
    Values sums = sum(array, 1);
    int[] shape = {sums.shape()[1], sums.shape()[2]};
    int size = shape[0] * shape[1];
    List<Heatmap> maps = new ArrayList<>();
    for (int n = 0; n < sums.shape()[0]; n++) {
      double[] one = Arrays.copyOfRange(sums.data(), n * size, (n + 1) * size);
      maps.add(of(new Values(one, shape, Values.Kind.FLOAT64)));
    }
    return List.copyOf(maps);
  }

  private static Heatmap of(Values array) {
    int[] shape = array.shape();
    boolean single = shape.length == 3 && shape[0] == 1;
    if (shape.length != 2 && !single) {
      throw new ImageException(
          "a heatmap shows one sample, not an array that is "
              + array.shapeText()
              + " without its channels: take one sample of the batch");
    }
    int height = shape[shape.length - 2];
    int width = shape[shape.length - 1];
    RgbImage.checkSize(width, height, array.data().length, 1);
    for (double value : array.data()) {
      if (!Double.isFinite(value)) {
        throw Images.nonFinite(array.data());
      }
    }
    return new Heatmap(width, height, array.data(), DEFAULT);
  }

  private static Values sum(Values array, int axis) {
    int rank = array.shape().length;
    if (rank != 3 && rank != 4) {
      throw new ImageException(
          "relevance of shape "
              + array.shapeText()
              + " is no image with channels: (C,H,W) or (1,C,H,W)");
    }
    if (axis < -rank || axis >= rank) {
      throw new ImageException(
          "relevance of shape " + array.shapeText() + " has no channel axis " + axis);
    }
    int channelAxis = axis < 0 ? axis + rank : axis;
    int[] order = new int[rank];
    order[0] = channelAxis;
    int[] shape = new int[rank - 1];
    for (int a = 0, k = 0; a < rank; a++) {
      if (a != channelAxis) {
        shape[k] = array.shape()[a];
        order[++k] = a;
      }
    }
    double[] in = array.permute(order).data();
    double[] out = new double[Values.size(shape)];
    for (int i = 0; i < in.length; i++) {
      out[i % out.length] += in[i];
    }
    return new Values(out, shape, Values.Kind.FLOAT64);
  }

  /**
   * Changes the colour map, {@code coldnhot} by default.
   *
   * @param map the colour map
   * @return a changed copy
   */
  public Heatmap withColorMap(ColorMap map) {
    return new Heatmap(width, height, values, options.withColorMap(map));
  }

  /**
   * Changes the level of the palette, 1 by default, see {@link ColorMap#palette}: 2 shows weak
   * relevance twice as strong.
   *
   * @param level finite
   * @return a changed copy
   * @throws ImageException if it is not finite
   */
  public Heatmap withLevel(double level) {
    return new Heatmap(width, height, values, options.withLevel(level));
  }

  /**
   * Fixes what the ends of the colour map stand for, for instance to compare several maps on one
   * scale; by default minus and plus {@link #maxAbs()}.
   *
   * @param vmin the value at the left end, finite
   * @param vmax the value at the right end, finite and above vmin
   * @return a changed copy
   * @throws ImageException if the values do not fit
   */
  public Heatmap withRange(double vmin, double vmax) {
    ImgifyOptions changed =
        DEFAULT.withColorMap(options.colorMap()).withLevel(options.level()).withVmin(vmin);
    return new Heatmap(width, height, values, changed.withVmax(vmax));
  }

  /**
   * Chooses the ends of the colour map: minus and plus the largest absolute value, or the smallest
   * and the largest value, as suits a map of one sign with {@code hot} or {@code gray}.
   *
   * @param symmetric whether zero is in the middle, as by default
   * @return a changed copy, without the range of {@link #withRange}
   */
  public Heatmap withSymmetric(boolean symmetric) {
    ImgifyOptions changed = DEFAULT.withColorMap(options.colorMap()).withLevel(options.level());
    return new Heatmap(width, height, values, changed.withSymmetric(symmetric));
  }

  /**
   * The number of columns.
   *
   * @return the width in pixels
   */
  public int width() {
    return width;
  }

  /**
   * The number of rows.
   *
   * @return the height in pixels
   */
  public int height() {
    return height;
  }

  /**
   * The relevance of each pixel, summed over the channels.
   *
   * @return a copy, row after row
   */
  public double[] values() {
    return values.clone();
  }

  /**
   * The largest absolute value.
   *
   * @return at least 0
   */
  public double maxAbs() {
    double max = 0;
    for (double value : values) {
      max = Math.max(max, Math.abs(value));
    }
    return max;
  }

  /**
   * Draws the map.
   *
   * @return a picture of the map's size
   */
  public PaletteImage picture() {
    int[] shape = {height, width, 1};
    return (PaletteImage) Images.imgify(new Values(values, shape, Values.Kind.FLOAT64), options);
  }

  /**
   * Draws the map over a photograph: {@code (1 - alpha) * photo + alpha * picture}.
   *
   * @param photo of the map's size, such as {@link Preprocessing#photo}
   * @param alpha the share of the map, 0 to 1
   * @return the blend
   * @throws ImageException if the sizes differ or alpha is out of range
   */
  public RgbImage overlay(RgbImage photo, double alpha) {
    return photo.overlay(picture(), alpha);
  }

  /**
   * Shows the map in a photograph of any size without darkening it: where the relevance is zero the
   * photograph stays as it is, and the larger the relevance, the more of its colour is laid over.
   * The share of the colour is {@code strength * sqrt(min(1, level * |r| / end))}, {@code end}
   * being what the end of the colour map stands for; the colour is that of the map at no less than
   * half way to its end, so that a map whose middle is black or white colours too. Between the
   * values of the map it is linear.
   *
   * @param photo the photograph at its own size
   * @param region the part of it that the map covers, such as {@link Preprocessing#region}
   * @param strength the largest share, 0 to 1
   * @return a picture of the photograph's size
   * @throws ImageException if the strength is out of range
   */
  public RgbImage highlight(RgbImage photo, Preprocessing.Region region, double strength) {
    RgbImage.checkAlpha(strength);
    double end = Math.max(Math.abs(low()), Math.abs(high()));
    byte[] out = photo.rgb();
    int firstRow = (int) Math.max(0, Math.ceil(region.top() - 0.5));
    int firstColumn = (int) Math.max(0, Math.ceil(region.left() - 0.5));
    for (int y = firstRow; y < photo.height(); y++) {
      double row = (y + 0.5 - region.top()) / region.height() * height - 0.5;
      if (row > height - 0.5) {
        break;
      }
      for (int x = firstColumn; x < photo.width(); x++) {
        double column = (x + 0.5 - region.left()) / region.width() * width - 0.5;
        if (column > width - 0.5) {
          break;
        }
        int at = 3 * (y * photo.width() + x);
        lay(end > 0 ? between(row, column) / end : 0, strength, out, at);
      }
    }
    return RgbImage.wrap(photo.width(), photo.height(), out);
  }

  /** Lays the colour of a share of the map's end over a pixel. */
  private void lay(double share, double strength, byte[] rgb, int at) {
    double size = Math.min(1, Math.abs(share) * options.level());
    double alpha = strength * size;
    double[] color = options.colorMap().apply(0.5 + Math.signum(share) * (0.25 + size / 4));
    for (int c = 0; c < 3; c++) {
      rgb[at + c] = (byte) Math.round((1 - alpha) * (rgb[at + c] & 0xff) + alpha * color[c] * 255);
    }
  }

  private double between(double row, double column) {
    double y = Math.max(0, Math.min(height - 1, row));
    double x = Math.max(0, Math.min(width - 1, column));
    int top = (int) y;
    int left = (int) x;
    int bottom = Math.min(height - 1, top + 1);
    int right = Math.min(width - 1, left + 1);
    double upper = mix(values[top * width + left], values[top * width + right], x - left);
    double lower = mix(values[bottom * width + left], values[bottom * width + right], x - left);
    return mix(upper, lower, y - top);
  }

  private static double mix(double a, double b, double share) {
    return a + (b - a) * share;
  }

  /**
   * What the left end of the colour map stands for.
   *
   * @return minus {@link #maxAbs()}, the smallest value, or what {@link #withRange} set
   */
  public double low() {
    if (options.vmin().isPresent()) {
      return options.vmin().getAsDouble();
    }
    return options.symmetric() ? -maxAbs() : Arrays.stream(values).min().orElse(0);
  }

  /**
   * What the right end of the colour map stands for.
   *
   * @return {@link #maxAbs()}, the largest value, or what {@link #withRange} set
   */
  public double high() {
    if (options.vmax().isPresent()) {
      return options.vmax().getAsDouble();
    }
    return options.symmetric() ? maxAbs() : Arrays.stream(values).max().orElse(0);
  }

  /**
   * The colours of the map from its left end to its right end, one row high: for a colour bar.
   *
   * @return 256 columns, one row
   */
  public PaletteImage scale() {
    byte[] indices = new byte[256];
    for (int i = 0; i < indices.length; i++) {
      indices[i] = (byte) i;
    }
    return PaletteImage.of(256, 1, indices, options.colorMap().palette(options.level()));
  }

  /**
   * The colours of {@link #highlight} on white, from minus to plus the larger end, one row high.
   *
   * @param strength as there
   * @return 256 columns, one row
   * @throws ImageException if the strength is out of range
   */
  public RgbImage highlightScale(double strength) {
    RgbImage.checkAlpha(strength);
    byte[] rgb = new byte[3 * 256];
    Arrays.fill(rgb, (byte) 255);
    for (int i = 0; i < 256; i++) {
      lay(i / 127.5 - 1, strength, rgb, 3 * i);
    }
    return RgbImage.wrap(256, 1, rgb);
  }

  @Override
  public String toString() {
    return "Heatmap " + width + "x" + height + " " + options.colorMap();
  }
}
