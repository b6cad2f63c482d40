/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.rules;

import java.util.Arrays;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * A bound of an input: a number, or a tensor that is spread to the input's shape.
 *
 * <p>Missing dimensions are appended at the end, so that (1, C) fits (B, C, H, W); a larger batch
 * than the input's is cut, as in Zennit. A tensor belongs to the caller and must stay open as long
 * as rules with this bound are used.
 */
public final class Bound {
  private final double number;
  private final Tensor tensor;

  private Bound(double number, Tensor tensor) {
    this.number = number;
    this.tensor = tensor;
  }

  /**
   * A number for all values.
   *
   * @param number the bound
   * @return the bound
   */
  public static Bound of(double number) {
    return new Bound(number, null);
  }

  /**
   * A tensor.
   *
   * @param tensor of a shape that can be spread to the input's
   * @return the bound
   */
  public static Bound of(Tensor tensor) {
    return new Bound(Double.NaN, tensor);
  }

  /**
   * Whether the bound is one number.
   *
   * @return false for a tensor
   */
  public boolean isNumber() {
    return tensor == null;
  }

  /**
   * The number.
   *
   * @return NaN for a tensor
   */
  public double number() {
    return number;
  }

  /**
   * The bound in the shape, dtype and device of an input.
   *
   * @param input the input
   * @return a tensor in the caller's innermost scope
   * @throws RuleException if the bound does not fit
   */
  public Tensor like(Tensor input) {
    if (tensor == null) {
      return torch.full_like(input.detach(), new Scalar(number));
    }
    Tensor spread = tensor.to(input.scalar_type()).to(input.device(), input.scalar_type());
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
              + Arrays.toString(tensor.shape())
              + " does not fit an input of shape "
              + Arrays.toString(input.shape()));
    }
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Bound bound
        && Double.compare(number, bound.number) == 0
        && java.util.Objects.equals(tensor, bound.tensor);
  }

  @Override
  public int hashCode() {
    return Double.hashCode(number) * 31 + (tensor == null ? 0 : tensor.hashCode());
  }

  @Override
  public String toString() {
    return tensor == null ? Double.toString(number) : "tensor" + Arrays.toString(tensor.shape());
  }
}
