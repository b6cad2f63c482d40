/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.composites;

import java.util.Set;
import org.zennit4j.bindings.Region;

/** What operators are, for the composites that give each of them a rule. */
final class Operators {
  private static final Set<String> ACTIVATIONS =
      Set.of(
          "relu",
          "relu6",
          "leaky_relu",
          "prelu",
          "rrelu",
          "elu",
          "celu",
          "selu",
          "gelu",
          "silu",
          "mish",
          "hardswish",
          "hardtanh",
          "hardsigmoid",
          "sigmoid",
          "tanh",
          "softplus",
          "softsign",
          "log_sigmoid",
          "threshold",
          "hardshrink",
          "softshrink");

  private static final Set<String> FUNCTIONS =
      Set.of(
          "erf",
          "erfc",
          "exp",
          "expm1",
          "log",
          "log1p",
          "log2",
          "log10",
          "sqrt",
          "rsqrt",
          "reciprocal",
          "pow",
          "square",
          "abs",
          "neg",
          "sin",
          "cos",
          "tan",
          "sinh",
          "cosh",
          "atan",
          "asin",
          "acos",
          "clamp",
          "clamp_min",
          "clamp_max",
          "clip",
          "logit");

  static final Set<String> SOFTMAX = Set.of("softmax", "_softmax", "log_softmax", "_log_softmax");

  static final Set<String> NORMALIZATION =
      Set.of(
          "layer_norm",
          "native_layer_norm",
          "group_norm",
          "native_group_norm",
          "instance_norm",
          "batch_norm",
          "native_batch_norm",
          "_native_batch_norm_legit_no_training",
          "rms_norm",
          "_fused_rms_norm");

  static final Set<String> ELEMENTWISE_PRODUCT =
      Set.of("mul", "multiply", "div", "divide", "true_divide", "glu");

  static final Set<String> MATRIX_PRODUCT =
      Set.of(
          "matmul",
          "bmm",
          "mm",
          "mv",
          "dot",
          "einsum",
          "tensordot",
          "bilinear",
          "linear",
          "addmm",
          "addbmm",
          "baddbmm",
          "addmv",
          "addcmul",
          "conv1d",
          "conv2d",
          "conv3d",
          "_convolution",
          "convolution",
          "_convolution_mode",
          "conv_transpose1d",
          "conv_transpose2d",
          "conv_transpose3d");

  /** Sums and means, with or without weights, and sizes: homogeneous of degree one. */
  static final Set<String> SHARING =
      Set.of(
          "add",
          "sub",
          "subtract",
          "rsub",
          "mean",
          "sum",
          "cumsum",
          "nansum",
          "var_mean",
          "std_mean",
          "avg_pool1d",
          "avg_pool2d",
          "avg_pool3d",
          "adaptive_avg_pool1d",
          "adaptive_avg_pool2d",
          "adaptive_avg_pool3d",
          "_adaptive_avg_pool2d",
          "_adaptive_avg_pool3d",
          "upsample_linear1d",
          "upsample_bilinear2d",
          "_upsample_bilinear2d_aa",
          "upsample_trilinear3d",
          "upsample_bicubic2d",
          "_upsample_bicubic2d_aa",
          "col2im",
          "fold",
          "norm",
          "linalg_norm",
          "linalg_vector_norm",
          "frobenius_norm",
          "std",
          "lp_pool1d",
          "lp_pool2d");

  static final Set<String> ATTENTION = Set.of("scaled_dot_product_attention");

  static final String MULTI_HEAD_ATTENTION = "_native_multi_head_attention";

  private Operators() {}

  /** The operator's name without its namespace and without the underscore of in-place twins. */
  static String plainName(Region operator) {
    return plainName(operator.operators().get(0));
  }

  static String plainName(String qualified) {
    String plain = qualified.substring(qualified.indexOf("::") + 2);
    return plain.endsWith("_") && !plain.startsWith("__")
        ? plain.substring(0, plain.length() - 1)
        : plain;
  }

  static boolean isActivation(Region operator) {
    return ACTIVATIONS.contains(plainName(operator));
  }

  /** Whether each value of the result is a function of one value of the argument. */
  static boolean isElementwise(Region operator) {
    return isElementwise(plainName(operator));
  }

  static boolean isElementwise(String plainName) {
    return ACTIVATIONS.contains(plainName) || FUNCTIONS.contains(plainName);
  }
}
