/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.rules;

import java.util.Arrays;
import java.util.List;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.zennit4j.bindings.internal.Vectors;

/**
 * The sign of an input with respect to a threshold: +1 where it reaches the threshold, else -1.
 *
 * <p>A tensor belongs to the caller and must stay open as long as it is used.
 *
 * @param number the threshold, where there are no others
 * @param tensor a threshold that broadcasts to the input, or null; one dimension counts as the
 *     channels of an input of more than two
 * @param channels a threshold for each channel; empty for none
 */
public record SignThreshold(double number, Tensor tensor, List<Double> channels) {
  /**
   * Copies the list.
   *
   * @param number {@link #number()}
   * @param tensor {@link #tensor()}
   * @param channels {@link #channels()}
   */
  public SignThreshold {
    channels = List.copyOf(channels);
  }

  /**
   * A number or a tensor.
   *
   * @param number {@link #number()}
   * @param tensor {@link #tensor()}
   */
  public SignThreshold(double number, Tensor tensor) {
    this(number, tensor, List.of());
  }

  /**
   * A number.
   *
   * @param number the threshold
   * @return the threshold
   */
  public static SignThreshold of(double number) {
    return new SignThreshold(number, null);
  }

  /**
   * A tensor.
   *
   * @param tensor broadcasts to the input
   * @return the threshold
   */
  public static SignThreshold of(Tensor tensor) {
    return new SignThreshold(Double.NaN, tensor);
  }

  /**
   * A number for each channel.
   *
   * @param channels the thresholds, at least one
   * @return the threshold
   * @throws RuleException if there is none
   */
  public static SignThreshold of(List<Double> channels) {
    if (channels.isEmpty()) {
      throw new RuleException("a threshold for each channel needs at least one number");
    }
    return new SignThreshold(Double.NaN, null, channels);
  }

  /**
   * Whether the threshold is one number.
   *
   * @return false for a number for each channel and for a tensor
   */
  public boolean isNumber() {
    return tensor == null && channels.isEmpty();
  }

  /**
   * The sign of an input.
   *
   * @param x any shape
   * @return of that shape and dtype, +1 and -1, in the caller's innermost scope
   * @throws RuleException if a tensor does not broadcast to the input
   */
  public Tensor sign(Tensor x) {
    Tensor detached = x.detach();
    Tensor reached;
    if (isNumber()) {
      reached = detached.ge(new Scalar(number));
    } else {
      reached = detached.ge(like(detached));
    }
    return reached.to(x.scalar_type()).mul_(new Scalar(2)).sub_(new Scalar(1));
  }

  private Tensor like(Tensor x) {
    Tensor given = tensor == null ? Vectors.of(channels) : tensor;
    Tensor mu = given.to(x.device(), x.scalar_type());
    if (mu.dim() == 1 && x.dim() > 2 && mu.size(0) == x.size(1)) {
      long[] shape = new long[(int) x.dim() - 1];
      Arrays.fill(shape, 1);
      shape[0] = mu.size(0);
      mu = mu.reshape(shape);
    }
    try {
      return mu.expand_as(x);
    } catch (RuntimeException e) {
      throw new RuleException(
          "mu of shape "
              + Arrays.toString(given.shape())
              + " does not broadcast to an input of shape "
              + Arrays.toString(x.shape()));
    }
  }

  @Override
  public String toString() {
    if (tensor != null) {
      return "tensor" + Arrays.toString(tensor.shape());
    }
    return isNumber() ? Double.toString(number) : channels.toString();
  }
}
