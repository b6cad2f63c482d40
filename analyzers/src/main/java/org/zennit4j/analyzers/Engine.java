/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.analyzers;

import java.util.Optional;
import org.bytedeco.pytorch.Tensor;
import org.zennit4j.attribution.AttributionOptions;
import org.zennit4j.attribution.Target;
import org.zennit4j.composites.Plan;

/** Makes base maps, without modifiers. Immutable and thread-safe. */
interface Engine extends AutoCloseable {
  /**
   * Makes the map of a batch.
   *
   * @param x a finite batch in the model's dtype and on its device
   * @param target which outputs
   * @param options layers and progress
   * @return tensors in the caller's innermost scope
   */
  Explanation explain(Tensor x, Target target, AttributionOptions options);

  /** The plan that shows where a value stops being finite, if there is one. */
  default Optional<Plan> plan() {
    return Optional.empty();
  }

  @Override
  void close();
}
