/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.rules;

import java.util.Map;
import org.zennit4j.graph.Region;
import org.zennit4j.runtime.LayerFunction;

/**
 * How the relevance of a layer's outputs becomes the relevance of its inputs.
 *
 * <p>A rule is an immutable, thread-safe value; what it needs for one layer it prepares in {@link
 * #bind}. Own rules implement this interface or, easier, declare a {@link BasicRule}.
 */
public interface Rule {
  /**
   * The rule's name as in requests, such as {@code epsilon}.
   *
   * @return lower case, words joined by underscores
   */
  String name();

  /**
   * The rule's arguments as in requests.
   *
   * @return argument to value: numbers, strings, lists, {@link Stabilizer}s, {@link ZeroParams},
   *     tensors
   */
  default Map<String, Object> arguments() {
    return Map.of();
  }

  /**
   * The same rule where biases count as zero, so that no relevance is given to them. A diagnosis
   * asks for it to tell what biases take from what else is lost; it belongs to the rule, since
   * nobody else knows how a rule treats its layer's parameters.
   *
   * @return a rule; this one where biases get no relevance anyway or the rule does not know how
   */
  default Rule withoutBias() {
    return this;
  }

  /**
   * Whether a layer passes on all the relevance that reaches it, but for what its biases and the
   * stabilizer take. A promise of the rule's formula, which no measurement can replace: sums may
   * agree by chance, or differ because of the stabilizer.
   *
   * @return false where the rule does not promise it
   */
  default boolean keepsSums() {
    return false;
  }

  /**
   * Prepares the rule for one call site.
   *
   * @param region the call site
   * @return what takes the place of the layer's gradient; closed with the plan
   * @throws RuleException if the rule cannot explain this layer
   */
  LayerFunction bind(Region region);
}
