/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.images;

import java.util.Arrays;
import java.util.function.Function;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.ScalarOptional;
import org.bytedeco.pytorch.ScalarTypeOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.zennit4j.images.internal.Tensors;
import org.zennit4j.images.internal.Values;

/**
 * SIGN-XAI's utilities for maps of relevance. Thread-safe.
 *
 * <p>Arguments are only read; results are new tensors, the caller's, of the argument's dtype
 * (float64 if that was no floating one) and on its device. Empty tensors, NaN and infinite values
 * are refused.
 */
public final class RelevanceMaps {
  private static final double[][] SEISMIC = {
    {0, 0, 0.3}, {0, 0, 1}, {1, 1, 1}, {1, 0, 0}, {0.5, 0, 0}
  };

  private RelevanceMaps() {}

  /**
   * {@link #normalizeRelevanceMap(Tensor, double)} with the 99th percentile.
   *
   * @param relevance of any shape
   * @return of the same shape, in [-1,1]
   */
  public static Tensor normalizeRelevanceMap(Tensor relevance) {
    return normalizeRelevanceMap(relevance, 99);
  }

  /**
   * Clips outliers and scales to [-1,1]: {@code clip(R,-v,v) / v} with v the percentile of the
   * absolute values over all elements, linear between the two nearest ones. If v is 0 the map comes
   * back as it is.
   *
   * @param relevance of any shape
   * @param percentile 0 to 100
   * @return of the same shape
   * @throws ImageException if the percentile is out of range, or a value does not fit
   */
  public static Tensor normalizeRelevanceMap(Tensor relevance, double percentile) {
    if (!(percentile >= 0 && percentile <= 100)) {
      throw new ImageException("a percentile is a number from 0 to 100, not " + percentile);
    }
    return map(
        relevance,
        r -> {
          Tensor sorted = r.abs().flatten().sort().get0();
          double rank = (sorted.numel() - 1) * percentile / 100;
          long below = (long) Math.floor(rank);
          long above = Math.min(below + 1, sorted.numel() - 1);
          double low = sorted.select(0, below).item_double();
          double high = sorted.select(0, above).item_double();
          double v = low + (high - low) * (rank - below);
          if (!(v > 0)) {
            return r.clone();
          }
          return r.clamp(new ScalarOptional(new Scalar(-v)), new ScalarOptional(new Scalar(v)))
              .div(new Scalar(v));
        });
  }

  /**
   * Scales by the largest absolute value of the whole map; a map of zeros stays zero.
   *
   * @param relevance of any shape
   * @return of the same shape, in [-1,1]
   * @throws ImageException if a value does not fit
   */
  public static Tensor normalizeHeatmap(Tensor relevance) {
    return map(relevance, r -> divideOrZero(r, r.abs().max()));
  }

  /**
   * {@link #aggregate(Tensor, int)} over axis 1.
   *
   * @param relevance of shape (N,C,...)
   * @return of shape (N,...)
   */
  public static Tensor aggregate(Tensor relevance) {
    return aggregate(relevance, 1);
  }

  /**
   * Sums over the channels.
   *
   * @param relevance of any shape with that axis
   * @param channelAxis the axis; negative ones count from the end
   * @return without that axis
   * @throws ImageException if there is no such axis, or a value does not fit
   */
  public static Tensor aggregate(Tensor relevance, int channelAxis) {
    return map(
        relevance,
        r -> {
          checkAxis(r, channelAxis);
          return r.sum(new long[] {channelAxis}, false, new ScalarTypeOptional());
        });
  }

  /**
   * {@link #aggregateAndNormalizeRelevanceMapRgb(Tensor, int)} over axis 1.
   *
   * @param relevance of shape (N,C,H,W)
   * @return of shape (N,H,W), in [-1,1]
   */
  public static Tensor aggregateAndNormalizeRelevanceMapRgb(Tensor relevance) {
    return aggregateAndNormalizeRelevanceMapRgb(relevance, 1);
  }

  /**
   * Sums over the channels, then scales each sample by its own largest absolute value; a sample of
   * zeros stays zero.
   *
   * @param relevance of shape (N,C,H,W), or with the channels elsewhere but not first
   * @param channelAxis the axis; negative ones count from the end
   * @return without that axis, in [-1,1]
   * @throws ImageException if there is no such axis or it is that of the samples, or a value does
   *     not fit
   */
  public static Tensor aggregateAndNormalizeRelevanceMapRgb(Tensor relevance, int channelAxis) {
    return map(
        relevance,
        r -> {
          checkAxis(r, channelAxis);
          if (r.dim() < 3 || Math.floorMod(channelAxis, (int) r.dim()) == 0) {
            throw new ImageException(
                "the first axis of a batch holds the samples, not the channels: unsqueeze it");
          }
          Tensor sum = r.sum(new long[] {channelAxis}, false, new ScalarTypeOptional());
          return divideOrZero(sum, maxAbs(sum, 1));
        });
  }

  /**
   * {@link #normalizeEcg(Tensor, boolean)} for all leads of a sample together.
   *
   * @param relevance of shape (N,T) or (N,C,T)
   * @return of the same shape, in [-1,1]
   */
  public static Tensor normalizeEcg(Tensor relevance) {
    return normalizeEcg(relevance, false);
  }

  /**
   * Scales a series by its largest absolute value, for each sample, or for each lead of each
   * sample; zeros stay zero.
   *
   * @param relevance of shape (N,T) or (N,C,T); (N,C,T) if local
   * @param local whether each lead (axis 1) is scaled on its own
   * @return of the same shape, in [-1,1]
   * @throws ImageException if the shape or a value does not fit
   */
  public static Tensor normalizeEcg(Tensor relevance, boolean local) {
    return map(
        relevance,
        r -> {
          if (r.dim() < (local ? 3 : 2)) {
            throw new ImageException(
                local
                    ? "relevance by lead has the shape (N,C,T): unsqueeze it"
                    : "relevance of series has the shape (N,T) or (N,C,T): unsqueeze it");
          }
          return divideOrZero(r, maxAbs(r, local ? 2 : 1));
        });
  }

  /**
   * {@link #relevanceToHeatmap(Tensor, String, boolean)} with {@code seismic}, symmetric.
   *
   * @param relevance of shape (H,W), in [-1,1]
   * @return of shape (H,W,3), in [0,1]
   */
  public static Tensor relevanceToHeatmap(Tensor relevance) {
    return relevanceToHeatmap(relevance, "seismic", true);
  }

  /**
   * Colours a normalized map: entry {@code min(255, floor(256 t))} of 256 colours, with {@code t =
   * (R + 1) / 2}, or R itself if not symmetric.
   *
   * @param relevance of shape (H,W), in [-1,1], or [0,1] if not symmetric; values beyond have the
   *     ends' colours
   * @param colorMap {@code "seismic"} for SIGN-XAI's (dark blue, blue, white, red, dark red; not
   *     that of {@link ColorMap}), else a name or source for {@link ColorMap#of}
   * @param symmetric whether 0 is in the middle of the map
   * @return red, green, blue of shape (H,W,3), in [0,1]
   * @throws ImageException if shape, colour map or a value does not fit
   */
  public static Tensor relevanceToHeatmap(Tensor relevance, String colorMap, boolean symmetric) {
    double[] colors = colors(colorMap);
    Values values = Tensors.read(relevance, "the relevance");
    int[] shape = values.shape();
    if (shape.length != 2) {
      throw new ImageException(
          "a map to be coloured has the shape (H,W), not "
              + values.shapeText()
              + ": aggregate the channels first");
    }
    double[] data = values.data();
    double[] rgb = new double[3 * data.length];
    for (int i = 0; i < data.length; i++) {
      if (!Double.isFinite(data[i])) {
        throw Images.nonFinite(data);
      }
      double t = symmetric ? (data[i] + 1) / 2 : data[i];
      int entry = (int) Math.max(0, Math.min(255, Math.floor(256 * t)));
      System.arraycopy(colors, 3 * entry, rgb, 3 * i, 3);
    }
    ScalarType type = floating(relevance.scalar_type().intern());
    return Tensors.scoped(
        () -> Tensors.ofDoubles(rgb, type, relevance.device(), shape[0], shape[1], 3));
  }

  private static double[] colors(String colorMap) {
    double[] colors = new double[768];
    ColorMap map = colorMap.equals("seismic") ? null : ColorMap.of(colorMap);
    for (int i = 0; i < 256; i++) {
      double x = i / 255.0;
      double[] rgb = map == null ? seismic(x) : map.apply(x);
      for (int c = 0; c < 3; c++) {
        colors[3 * i + c] = Math.min(1, rgb[c]);
      }
    }
    return colors;
  }

  private static double[] seismic(double x) {
    int k = Math.min(3, (int) (4 * x));
    double t = 4 * x - k;
    double[] rgb = new double[3];
    for (int c = 0; c < 3; c++) {
      rgb[c] = SEISMIC[k][c] + (SEISMIC[k + 1][c] - SEISMIC[k][c]) * t;
    }
    return rgb;
  }

  /**
   * {@link #overlayHeatmap(Tensor, Tensor, double)} with equal shares.
   *
   * @param image of shape (H,W,3), in [0,1]
   * @param heatmap of the same shape, in [0,1]
   * @return of the same shape
   */
  public static Tensor overlayHeatmap(Tensor image, Tensor heatmap) {
    return overlayHeatmap(image, heatmap, 0.5);
  }

  /**
   * Blends: {@code (1 - alpha) * image + alpha * heatmap}. {@link RgbImage#of(Tensor)} makes a
   * picture of the result.
   *
   * @param image of shape (H,W,3), in [0,1]
   * @param heatmap of the same shape, in [0,1], on the same device
   * @param alpha the share of the heatmap, 0 to 1
   * @return of the same shape
   * @throws ImageException if shapes, alpha or a value do not fit
   */
  public static Tensor overlayHeatmap(Tensor image, Tensor heatmap, double alpha) {
    RgbImage.checkAlpha(alpha);
    return map(
        image,
        "the image",
        i -> {
          checkUnit(i, "the image");
          Tensor h = checked(heatmap, "the heatmap");
          checkUnit(h, "the heatmap");
          if (!Arrays.equals(i.shape(), h.shape())) {
            throw new ImageException(
                "image and heatmap have equal shapes, not " + text(i) + " and " + text(h));
          }
          return i.mul(new Scalar(1 - alpha)).add(h.mul(new Scalar(alpha)));
        });
  }

  private static void checkUnit(Tensor t, String what) {
    if (t.dim() != 3 || t.size(2) != 3) {
      throw new ImageException(what + " has the shape (H,W,3), not " + text(t));
    }
    if (t.min().item_double() < -1e-6 || t.max().item_double() > 1 + 1e-6) {
      throw new ImageException(what + " has values in [0,1]: divide by 255 first");
    }
  }

  private static Tensor map(Tensor relevance, Function<Tensor, Tensor> work) {
    return map(relevance, "the relevance", work);
  }

  private static Tensor map(Tensor tensor, String what, Function<Tensor, Tensor> work) {
    return Tensors.scoped(() -> work.apply(checked(tensor, what)));
  }

  /** Detached, floating, not empty, finite. */
  private static Tensor checked(Tensor tensor, String what) {
    Tensors.checkDefined(tensor, what);
    ScalarType type = tensor.scalar_type().intern();
    Tensor t = tensor.detach().to(floating(type));
    if (t.numel() == 0) {
      throw new ImageException(what + " is empty: its shape is " + text(t));
    }
    if (!torch.isfinite(t).all().item_bool()) {
      throw new ImageException(
          what + " holds NaN or infinite values: find where they come from first");
    }
    return t;
  }

  private static ScalarType floating(ScalarType type) {
    return switch (type) {
      case Float, Double, Half, BFloat16 -> type;
      default -> ScalarType.Double;
    };
  }

  private static void checkAxis(Tensor t, int axis) {
    if (axis < -t.dim() || axis >= t.dim()) {
      throw new ImageException("relevance of shape " + text(t) + " has no channel axis " + axis);
    }
  }

  private static Tensor maxAbs(Tensor t, int from) {
    long[] axes = new long[(int) t.dim() - from];
    for (int i = 0; i < axes.length; i++) {
      axes[i] = (long) from + i;
    }
    return t.abs().amax(axes, true);
  }

  private static Tensor divideOrZero(Tensor t, Tensor max) {
    // A maximum of zero means that every value is zero, so that dividing by one leaves them so.
    return t.div(max.add(max.eq(new Scalar(0))));
  }

  private static String text(Tensor t) {
    long[] sizes = t.shape();
    int[] shape = new int[sizes.length];
    for (int i = 0; i < shape.length; i++) {
      shape[i] = (int) sizes[i];
    }
    return Values.shapeText(shape);
  }
}
