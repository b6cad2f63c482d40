/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.composites;

import java.util.List;
import java.util.Set;
import org.zennit4j.graph.Layer;

/**
 * The names of layer types, as Zennit has them. A map may also use {@code torch.nn.} and a class of
 * PyTorch, or a whole class name.
 */
public final class Types {
  /** Any linear or convolutional layer. */
  public static final String LINEAR = "Linear";

  /** Any convolution, transposed ones included. */
  public static final String CONVOLUTION = "Convolution";

  /** Convolutions that are not transposed. */
  public static final String CONVOLUTION_STANDARD = "ConvolutionStandard";

  /** Transposed convolutions. */
  public static final String CONVOLUTION_TRANSPOSE = "ConvolutionTranspose";

  /** Batch normalisations. */
  public static final String BATCH_NORM = "BatchNorm";

  /** Average poolings, adaptive ones included. */
  public static final String AVG_POOL = "AvgPool";

  /** Maximum poolings, adaptive ones included. */
  public static final String MAX_POOL = "MaxPool";

  /** Elementwise activations; not softmax, Mish or GLU. */
  public static final String ACTIVATION = "Activation";

  /** Sums that a canonizer made. */
  public static final String SUM = "Sum";

  /** PyTorch's fully connected layer. */
  public static final String TORCH_LINEAR = "torch.nn.Linear";

  /** PyTorch's ReLU. */
  public static final String TORCH_RELU = "torch.nn.ReLU";

  static final List<String> ALL =
      List.of(
          LINEAR,
          CONVOLUTION,
          CONVOLUTION_STANDARD,
          CONVOLUTION_TRANSPOSE,
          BATCH_NORM,
          AVG_POOL,
          MAX_POOL,
          ACTIVATION,
          SUM,
          TORCH_LINEAR,
          TORCH_RELU);

  private Types() {}

  /**
   * The names of all types.
   *
   * @return such as {@code Linear}
   */
  public static List<String> names() {
    return ALL;
  }

  /**
   * A type with those that Zennit holds it to belong to, for {@code LoadOptions.withClassTypes}.
   *
   * @param type such as {@code Convolution}
   * @return such as {@code Linear}, {@code Convolution} and {@code ConvolutionStandard}
   */
  public static Set<String> withParents(String type) {
    return Layer.typesWith(type);
  }
}
