/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.rules;

import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.zennit4j.bindings.internal.Vectors;

/**
 * A bound of an input: a number, a number for each channel, or a tensor that is spread to the
 * input's shape.
 *
 * <p>Missing dimensions are appended at the end, so that (1, C) fits (B, C, H, W); a larger batch
 * than the input's is cut, as in Zennit. A tensor belongs to the caller and must stay open as long
 * as rules with this bound are used.
 */
public final class Bound {
  private final double number;
  private final Tensor tensor;
  private final List<Double> channels;

  private Bound(double number, Tensor tensor, List<Double> channels) {
    this.number = number;
    this.tensor = tensor;
    this.channels = channels;
  }

  /**
   * A number for all values.
   *
   * @param number the bound
   * @return the bound
   */
  public static Bound of(double number) {
    return new Bound(number, null, List.of());
  }

  /**
   * A number for each channel, the input's axis 1.
   *
   * @param channels the bounds, at least one
   * @return the bound
   * @throws RuleException if there is none
   */
  public static Bound of(List<Double> channels) {
    if (channels.isEmpty()) {
      throw new RuleException("a bound for each channel needs at least one number");
    }
    return new Bound(Double.NaN, null, List.copyOf(channels));
  }

  /**
   * A tensor.
   *
   * @param tensor of a shape that can be spread to the input's
   * @return the bound
   */
  public static Bound of(Tensor tensor) {
    return new Bound(Double.NaN, Objects.requireNonNull(tensor, "tensor"), List.of());
  }

  /**
   * Whether the bound is one number.
   *
   * @return false for a number for each channel and for a tensor
   */
  public boolean isNumber() {
    return tensor == null && channels.isEmpty();
  }

  /**
   * The number.
   *
   * @return NaN for a number for each channel and for a tensor
   */
  public double number() {
    return number;
  }

  /**
   * The numbers for the channels.
   *
   * @return none for one number and for a tensor
   */
  public List<Double> channels() {
    return channels;
  }

  /**
   * The tensor.
   *
   * @return null for numbers
   */
  public Tensor tensor() {
    return tensor;
  }

  /**
   * The bound in the shape, dtype and device of an input.
   *
   * @param input the input
   * @return a tensor in the caller's innermost scope
   * @throws RuleException if the bound does not fit
   */
  public Tensor like(Tensor input) {
    if (isNumber()) {
      return torch.full_like(input.detach(), new Scalar(number));
    }
    Tensor given = tensor == null ? Vectors.of(channels).unsqueeze(0) : tensor;
    Tensor spread = given.to(input.scalar_type()).to(input.device(), input.scalar_type());
    while (spread.dim() < input.dim()) {
      spread = spread.unsqueeze(-1);
    }
    if (spread.dim() > 0 && spread.size(0) > input.size(0)) {
      spread = spread.narrow(0, 0, input.size(0));
    }
    try {
      return spread.expand_as(input);
    } catch (RuntimeException e) {
      throw new RuleException(
          "zbox: a bound of shape "
              + Arrays.toString(given.shape())
              + " does not fit an input of shape "
              + Arrays.toString(input.shape()));
    }
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Bound bound
        && Double.compare(number, bound.number) == 0
        && channels.equals(bound.channels)
        && Objects.equals(tensor, bound.tensor);
  }

  @Override
  public int hashCode() {
    return Objects.hash(number, channels, tensor);
  }

  @Override
  public String toString() {
    if (tensor != null) {
      return "tensor" + Arrays.toString(tensor.shape());
    }
    return isNumber() ? Double.toString(number) : channels.toString();
  }
}
