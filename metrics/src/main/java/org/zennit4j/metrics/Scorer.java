/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.metrics;

import org.bytedeco.pytorch.Tensor;
import org.zennit4j.bindings.ShapeException;
import org.zennit4j.model.ScriptModel;

/** What a network says about a batch. Thread-safe. */
@FunctionalInterface
public interface Scorer {
  /**
   * Runs the network without recording anything.
   *
   * @param inputs a batch, of the network's dtype and device
   * @return of shape (batch, classes), in the caller's innermost scope
   */
  Tensor score(Tensor inputs);

  /**
   * The first output of a model with one input.
   *
   * @param model the model; stays open as long as the scorer is used
   * @return a scorer
   */
  static Scorer of(ScriptModel model) {
    return inputs -> {
      Tensor output = model.run(inputs).get(0);
      if (output.dim() != 2) {
        throw new ShapeException(
            "metrics need an output of shape (batch, classes), but the model gives "
                + java.util.Arrays.toString(output.shape()));
      }
      return output;
    };
  }
}
