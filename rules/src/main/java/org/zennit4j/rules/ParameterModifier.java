/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.rules;

import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;

/** Changes a layer's parameters for one of a rule's passes over the layer. Thread-safe. */
@FunctionalInterface
public interface ParameterModifier {
  /**
   * Changes a parameter.
   *
   * @param parameter the layer's own tensor, not to be written to
   * @param name its name, such as {@code weight} or {@code bias}
   * @return the same shape; the parameter itself if nothing changes
   */
  Tensor apply(Tensor parameter, String name);

  /**
   * Changes nothing.
   *
   * @return the parameters as they are
   */
  static ParameterModifier identity() {
    return (parameter, name) -> parameter;
  }

  /**
   * Keeps the positive part, {@code max(p, 0)}.
   *
   * @return the modifier
   */
  static ParameterModifier positive() {
    return (parameter, name) -> parameter.clamp_min(new Scalar(0));
  }

  /**
   * Keeps the negative part, {@code min(p, 0)}.
   *
   * @return the modifier
   */
  static ParameterModifier negative() {
    return (parameter, name) -> parameter.clamp_max(new Scalar(0));
  }

  /**
   * Zeroes the parameters that match, and leaves the others to this modifier.
   *
   * @param zero which ones
   * @return the combined modifier
   */
  default ParameterModifier zeroing(ZeroParams zero) {
    if (zero.names().isEmpty()) {
      return this;
    }
    return (parameter, name) ->
        zero.matches(name)
            ? org.bytedeco.pytorch.global.torch.zeros_like(parameter)
            : apply(parameter, name);
  }

  /**
   * Zeroes the bias, and leaves the other parameters to this modifier.
   *
   * @return the combined modifier
   */
  default ParameterModifier withoutBias() {
    return zeroing(ZeroParams.of("bias"));
  }
}
