/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.attribution;

import java.util.List;
import org.bytedeco.pytorch.Tensor;

/**
 * What stands for "nothing there" in an input: where the path of integrated gradients begins, and
 * what occlusion fills in. A function of one's own is a lambda; it must be thread-safe.
 */
@FunctionalInterface
public interface Baseline {
  /**
   * Makes the baseline of an input.
   *
   * @param input the clean input, not to be changed
   * @param index the input's position among the model's arguments
   * @return a tensor that can be spread to the input's shape (a batch of one serves all samples),
   *     in the caller's innermost scope
   */
  Tensor of(Tensor input, int index);

  /**
   * Zeros, the default.
   *
   * @return the baseline
   */
  static Baseline zeros() {
    return number(0);
  }

  /**
   * A number for all values.
   *
   * @param value the number
   * @return the baseline
   */
  static Baseline number(double value) {
    return new Baselines.Constant(value);
  }

  /**
   * Given tensors.
   *
   * @param tensors one for each input; they belong to the caller and must stay open as long as they
   *     are used
   * @return the baseline
   */
  static Baseline tensors(Tensor... tensors) {
    return new Baselines.Tensors(List.of(tensors));
  }
}
