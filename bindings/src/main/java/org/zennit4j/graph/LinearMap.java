/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.graph;

import java.util.Arrays;
import java.util.Optional;
import org.bytedeco.javacpp.BoolPointer;
import org.bytedeco.pytorch.LongArrayRefOptional;
import org.bytedeco.pytorch.T_TensorTensorTensor_T;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;

/**
 * A layer that is one linear map of its input, with zero padding inside: a matrix product, or a
 * convolution of one to three dimensions, transposed or not.
 *
 * <p>Forward {@code z = W x + b}; adjoint {@code W^T g}. Works on any weight of the same shape, so
 * that a rule can use modified ones. Immutable; the tensors belong to the program.
 */
public final class LinearMap {
  private final Tensor weight;
  private final Tensor bias;
  private final long[] stride;
  private final long[] padding;
  private final long[] dilation;
  private final long[] outputPadding;
  private final long groups;
  private final boolean transposed;

  /** Further zeros at the end of each spatial dimension, or null. */
  private final long[] trailing;

  private LinearMap(
      Tensor weight,
      Tensor bias,
      long[] stride,
      long[] padding,
      long[] dilation,
      boolean transposed,
      long[] outputPadding,
      long groups,
      long[] trailing) {
    this.weight = weight;
    this.bias = bias;
    this.stride = stride;
    this.padding = padding;
    this.dilation = dilation;
    this.transposed = transposed;
    this.outputPadding = outputPadding;
    this.groups = groups;
    this.trailing = trailing;
  }

  static LinearMap dense(Tensor weight, Tensor bias) {
    return new LinearMap(weight, bias, null, null, null, false, null, 1, null);
  }

  static LinearMap convolution(
      Tensor weight,
      Tensor bias,
      long[] stride,
      long[] padding,
      long[] dilation,
      boolean transposed,
      long[] outputPadding,
      long groups) {
    int dimensions = (int) weight.dim() - 2;
    return new LinearMap(
        weight,
        bias,
        spread(stride, dimensions),
        spread(padding, dimensions),
        spread(dilation, dimensions),
        transposed,
        spread(outputPadding, dimensions),
        groups,
        null);
  }

  /**
   * The same convolution with more zeros at the end of each spatial dimension than at its
   * beginning, as the padding {@code same} of an even kernel needs them.
   *
   * @param zeros how many more, in the order of the dimensions
   */
  LinearMap withTrailing(long[] zeros) {
    return new LinearMap(
        weight,
        bias,
        stride,
        padding,
        dilation,
        transposed,
        outputPadding,
        groups,
        Arrays.stream(zeros).allMatch(z -> z == 0) ? null : zeros);
  }

  private Tensor extended(Tensor input) {
    if (trailing == null) {
      return input;
    }
    long[] pad = new long[2 * trailing.length];
    for (int i = 0; i < trailing.length; i++) {
      pad[2 * (trailing.length - 1 - i) + 1] = trailing[i];
    }
    return torch.constant_pad_nd(input, pad);
  }

  private static long[] spread(long[] values, int dimensions) {
    if (values.length == dimensions) {
      return values;
    }
    long[] result = new long[dimensions];
    Arrays.fill(result, values.length == 0 ? 0 : values[0]);
    return result;
  }

  /**
   * The weight: (out, in) for a matrix product, (out, in / groups, kernel...) for a convolution,
   * (in, out / groups, kernel...) for a transposed one.
   *
   * @return the tensor, owned by the program
   */
  public Tensor weight() {
    return weight;
  }

  /**
   * The bias, of shape (out).
   *
   * @return the tensor, owned by the program, or empty
   */
  public Optional<Tensor> bias() {
    return Optional.ofNullable(bias);
  }

  /**
   * Whether the map is a convolution.
   *
   * @return false for a matrix product
   */
  public boolean isConvolution() {
    return stride != null;
  }

  /**
   * Whether the map is a transposed convolution.
   *
   * @return true for a transposed convolution
   */
  public boolean isTransposed() {
    return transposed;
  }

  /**
   * The number of groups.
   *
   * @return 1 for a matrix product
   */
  public long groups() {
    return groups;
  }

  /**
   * The stride of each spatial dimension.
   *
   * @return a copy; empty for a matrix product
   */
  public long[] stride() {
    return stride == null ? new long[0] : stride.clone();
  }

  /**
   * Whether an input has a batch dimension in front; convolutions also take single samples.
   *
   * @param input the input
   * @return true if it has
   */
  public boolean batched(Tensor input) {
    return !isConvolution() || input.dim() == weight.dim();
  }

  /**
   * The map with other parameters.
   *
   * @param input (batch, channels, space...) or (..., in)
   * @param w a weight of the shape of {@link #weight()}
   * @param b a bias, or null for none
   * @return the output, in the caller's innermost scope
   */
  public Tensor forward(Tensor input, Tensor w, Tensor b) {
    if (!isConvolution()) {
      return b == null ? torch.linear(input, w) : torch.linear(input, w, new TensorOptional(b));
    }
    TensorOptional optional = b == null ? new TensorOptional() : new TensorOptional(b);
    if (!batched(input)) {
      Tensor single = extended(torch.unsqueeze(input, 0));
      return torch
          .convolution(
              single, w, optional, stride, padding, dilation, transposed, outputPadding, groups)
          .squeeze(0);
    }
    return torch.convolution(
        extended(input), w, optional, stride, padding, dilation, transposed, outputPadding, groups);
  }

  /**
   * The transposed map with another weight: the vector-Jacobian product.
   *
   * @param gradient of the output's shape
   * @param input a tensor of the input's shape; its values are not read
   * @param w a weight of the shape of {@link #weight()}
   * @return of the input's shape, in the caller's innermost scope
   */
  public Tensor adjoint(Tensor gradient, Tensor input, Tensor w) {
    if (!isConvolution()) {
      return torch.matmul(gradient, w);
    }
    if (!batched(input)) {
      return adjoint(torch.unsqueeze(gradient, 0), torch.unsqueeze(input, 0), w).squeeze(0);
    }
    try (BoolPointer mask = new BoolPointer(3)) {
      mask.put(0, true).put(1, false).put(2, false);
      T_TensorTensorTensor_T result =
          torch.convolution_backward(
              gradient,
              extended(input),
              w,
              new LongArrayRefOptional(),
              stride,
              padding,
              dilation,
              transposed,
              outputPadding,
              groups,
              mask);
      Tensor found = new Tensor(result.get0());
      for (int i = 0; trailing != null && i < trailing.length; i++) {
        found = found.narrow(i + 2, 0, input.size(i + 2));
      }
      return found;
    }
  }
}
