/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.metrics;

import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import org.bytedeco.pytorch.GeneratorOptional;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.ScalarTypeOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;
import org.zennit4j.bindings.ShapeException;
import org.zennit4j.bindings.Zennit4jException;

/** What features get in the place of their values when they are taken away. Immutable. */
public final class Fill {
  /** The ways that have names. */
  private enum Kind {
    /** The lowest value of the sample, as Quantus's {@code black}. */
    BLACK,
    /** The highest value of the sample. */
    WHITE,
    /** The mean of the sample over all channels. */
    MEAN,
    /** The mean of each channel of the sample. */
    CHANNEL_MEAN,
    /** Uniform numbers from the sample's lowest value to its highest. */
    UNIFORM,
    /** Uniform numbers from 0 to 1, as Quantus's {@code uniform}. */
    UNIFORM_UNIT,
    /** The sample under a Gaussian of 11 pixels with a deviation of 5, as in RISE. */
    BLUR,
    /** Noisy linear imputation: each pixel is the weighted mean of its neighbours. */
    ROAD,
    NUMBER
  }

  private static final int BLUR_WIDTH = 11;
  private static final double BLUR_DEVIATION = 5;
  private static final double ROAD_NOISE = 0.01;
  private static final int ROAD_ROUNDS = 2000;
  private static final double ROAD_RESIDUAL = 1e-4;

  private final Kind kind;
  private final double number;

  private Fill(Kind kind, double number) {
    this.kind = kind;
    this.number = number;
  }

  /**
   * A number.
   *
   * @param value for all features
   * @return the fill
   */
  public static Fill number(double value) {
    return new Fill(Kind.NUMBER, value);
  }

  /**
   * A fill by name, or a number.
   *
   * @param text a Number, or one of {@code black}, {@code white}, {@code mean}, {@code
   *     channel_mean}, {@code uniform}, {@code uniform_unit}, {@code blur}, {@code road}
   * @return the fill
   * @throws Zennit4jException if there is none of this name
   */
  public static Fill of(Object text) {
    if (text instanceof Number number) {
      return number(number.doubleValue());
    }
    for (Kind kind : Kind.values()) {
      if (kind != Kind.NUMBER && name(kind).equals(text)) {
        return new Fill(kind, 0);
      }
    }
    throw new Zennit4jException(
        "baseline must be a number or one of "
            + Arrays.stream(Kind.values())
                .filter(k -> k != Kind.NUMBER)
                .map(Fill::name)
                .collect(Collectors.joining(", "))
            + ", not '"
            + text
            + "'");
  }

  private static String name(Kind kind) {
    return kind.name().toLowerCase(Locale.ROOT);
  }

  /**
   * As a request would say it.
   *
   * @return a Double or a String
   */
  public Object argument() {
    return kind == Kind.NUMBER ? (Object) number : name(kind);
  }

  /** Whether the values depend on which features are taken away. */
  boolean dependsOnRest() {
    return kind == Kind.ROAD;
  }

  /** The values for a batch where nothing else counts: of its shape, or one that spreads to it. */
  Tensor values(Tensor inputs, long seed) {
    long[] axes = LongStream.range(1, inputs.dim()).toArray();
    return switch (kind) {
      case NUMBER -> torch.full_like(inputs, new Scalar(number));
      case BLACK -> torch.amin(inputs, axes, true).expand(inputs.shape());
      case WHITE -> torch.amax(inputs, axes, true).expand(inputs.shape());
      case MEAN -> torch.mean(inputs, axes, true, new ScalarTypeOptional()).expand(inputs.shape());
      case CHANNEL_MEAN, ROAD -> channelMean(inputs).expand(inputs.shape());
      case UNIFORM -> {
        Tensor low = torch.amin(inputs, axes, true);
        Tensor high = torch.amax(inputs, axes, true);
        Tensor share = Numbers.uniform(inputs, inputs.shape(), 0, 1, Numbers.generator(seed));
        yield share.mul(high.sub(low)).add(low);
      }
      case UNIFORM_UNIT -> Numbers.uniform(inputs, inputs.shape(), 0, 1, Numbers.generator(seed));
      case BLUR -> blurred(inputs);
    };
  }

  private static Tensor channelMean(Tensor inputs) {
    long first = inputs.dim() > 2 ? 2 : 1;
    long[] axes = LongStream.range(first, inputs.dim()).toArray();
    return torch.mean(inputs, axes, true, new ScalarTypeOptional());
  }

  private static Tensor blurred(Tensor inputs) {
    if (inputs.dim() != 3 && inputs.dim() != 4) {
      throw new ShapeException(
          "the baseline blur needs inputs with one or two axes of space, not "
              + Arrays.toString(inputs.shape()));
    }
    double[] taps = new double[BLUR_WIDTH];
    double sum = 0;
    for (int i = 0; i < BLUR_WIDTH; i++) {
      double x = i - (BLUR_WIDTH - 1) / 2.0;
      taps[i] = Math.exp(-x * x / (2 * BLUR_DEVIATION * BLUR_DEVIATION));
      sum += taps[i];
    }
    for (int i = 0; i < BLUR_WIDTH; i++) {
      taps[i] /= sum;
    }
    boolean series = inputs.dim() == 3;
    Tensor picture = series ? inputs.unsqueeze(2) : inputs;
    long[] shape = picture.shape();
    Tensor flat = picture.reshape(-1, 1, shape[2], shape[3]);
    Tensor row = Tensor.create(taps, 1, 1, 1, BLUR_WIDTH).to(inputs.device(), inputs.scalar_type());
    Tensor blurred = smooth(flat, row);
    if (!series) {
      blurred = smooth(blurred, row.transpose(2, 3));
    }
    Tensor result = blurred.reshape(shape);
    return series ? result.squeeze(2) : result;
  }

  /** Near a border the taps inside count for more. */
  private static Tensor smooth(Tensor flat, Tensor taps) {
    return convolved(flat, taps).div(convolved(torch.ones_like(flat), taps));
  }

  private static Tensor convolved(Tensor flat, Tensor taps) {
    long[] padding = {taps.size(2) / 2, taps.size(3) / 2};
    return torch.conv2d(
        flat, taps, new TensorOptional(), new long[] {1, 1}, padding, new long[] {1, 1}, 1);
  }

  /**
   * Noisy linear imputation: what is taken away solves the equations by which each such pixel is
   * the weighted mean of its neighbours, 1/6 for those beside it and 1/12 for diagonal ones; a
   * little noise hides which pixels they are. Y. Rong et al., A consistent and efficient evaluation
   * strategy for attribution methods, 2022. Solved by conjugate gradients.
   *
   * @param rows (rows, channels, height, width)
   * @param removed boolean, (rows, 1 or channels, height, width)
   */
  static Tensor imputed(Tensor rows, Tensor removed, GeneratorOptional generator) {
    if (rows.dim() != 4) {
      throw new ShapeException(
          "the baseline road needs inputs of shape (n, channels, height, width), not "
              + Arrays.toString(rows.shape()));
    }
    long[] shape = rows.shape();
    Tensor flat = rows.reshape(-1, 1, shape[2], shape[3]);
    Tensor mask = removed.expand(shape).reshape(flat.shape()).to(rows.scalar_type());
    double d = 1 / 12.0;
    double s = 1 / 6.0;
    Tensor taps =
        Tensor.create(new double[] {d, s, d, s, 0, s, d, s, d}, 1, 1, 3, 3)
            .to(rows.device(), rows.scalar_type());
    Tensor weight = convolved(torch.ones_like(flat.narrow(0, 0, 1)), taps);
    Tensor known = flat.mul(mask.neg().add(new Scalar(1)));
    // Where nothing is known any number solves the equations: the mean it is.
    Tensor start = channelMean(rows).expand(shape).reshape(flat.shape());
    Tensor x = start.mul(mask);
    Tensor right = convolved(known, taps).mul(mask);
    Tensor residual = right.sub(weight.mul(x).sub(convolved(x, taps)).mul(mask));
    Tensor direction = residual;
    Tensor square = squared(residual);
    double enough = ROAD_RESIDUAL * ROAD_RESIDUAL;
    for (int round = 0; round < ROAD_ROUNDS; round++) {
      if (round % 10 == 0 && torch.max(square).item_double() < enough) {
        break;
      }
      Tensor image = weight.mul(direction).sub(convolved(direction, taps)).mul(mask);
      Tensor length =
          direction.mul(image).sum(new long[] {1, 2, 3}, true, new ScalarTypeOptional());
      Tensor step = ratio(square, length);
      Tensor nextX = x.add(direction.mul(step));
      Tensor nextResidual = residual.sub(image.mul(step));
      Tensor nextSquare = squared(nextResidual);
      Tensor nextDirection = nextResidual.add(direction.mul(ratio(nextSquare, square)));
      x = nextX;
      residual = nextResidual;
      square = nextSquare;
      direction = nextDirection;
    }
    Tensor noise = Numbers.normal(rows, flat.shape(), ROAD_NOISE, generator);
    return known.add(x.add(noise).mul(mask)).reshape(shape);
  }

  private static Tensor squared(Tensor flat) {
    return flat.square().sum(new long[] {1, 2, 3}, true, new ScalarTypeOptional());
  }

  /** Zero where there is nothing left to do. */
  private static Tensor ratio(Tensor above, Tensor below) {
    Tensor nothing = below.le(new Scalar(0));
    return above.div(below.masked_fill(nothing, new Scalar(1))).masked_fill(nothing, new Scalar(0));
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Fill fill && fill.kind == kind && fill.number == number;
  }

  @Override
  public int hashCode() {
    return kind.hashCode() * 31 + Double.hashCode(number);
  }

  @Override
  public String toString() {
    return argument().toString();
  }
}
