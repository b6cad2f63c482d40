/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.composites;

import java.util.List;
import java.util.Optional;
import org.zennit4j.graph.Layer;
import org.zennit4j.graph.Program;
import org.zennit4j.rules.Rule;

/**
 * Decides which layer of a network gets which rule.
 *
 * <p>Immutable and thread-safe. Layers are asked about in the order of registration, containers and
 * the root ("") included, canonizers applied; functional operators, where they take part, after all
 * modules in the order of execution. A composite of one's own is a lambda over (context, name,
 * layer).
 */
@FunctionalInterface
public interface Composite {
  /**
   * Chooses the rule of a layer.
   *
   * @param context what this composite remembers about this network
   * @param name the layer's name
   * @param layer the layer
   * @return the rule, or empty for the plain gradient
   */
  Optional<Rule> rule(Context context, String name, Layer layer);

  /**
   * The canonizers that run before the rules are chosen, in order.
   *
   * @return perhaps none
   */
  default List<Canonizer> canonizers() {
    return List.of();
  }

  /**
   * Whether functional operators are layers too.
   *
   * @return false by default, as in Zennit
   */
  default boolean functional() {
    return false;
  }

  /**
   * Whether the operators inside of a module with a type, such as the activation in a batch
   * normalisation of one's own class, are layers where the module itself gets no rule; see {@link
   * Program#innerLayers()}. Encoder layers that run as one operator without a derivative are taken
   * apart then ({@link DecomposeAttention}).
   *
   * @return false by default: such a module passes its gradient then
   */
  default boolean looksInside() {
    return false;
  }

  /**
   * Compares the composite with a network.
   *
   * @param program the network, canonizers applied
   * @return findings, such as names that no layer has
   * @throws CompositeException if the composite is strict about them
   */
  default List<String> check(Program program) {
    return List.of();
  }

  /**
   * The same rules with other canonizers.
   *
   * @param canonizers what to run before, in order
   * @return a new composite
   */
  default Composite withCanonizers(Canonizer... canonizers) {
    return withCanonizers(List.of(canonizers));
  }

  /**
   * The same rules with other canonizers.
   *
   * @param canonizers what to run before, in order
   * @return a new composite
   */
  default Composite withCanonizers(List<Canonizer> canonizers) {
    return new Adjusted(this, canonizers, functional());
  }

  /**
   * The same rules, with or without functional operators.
   *
   * @param functional whether functional operators are layers too
   * @return a new composite
   */
  default Composite withFunctional(boolean functional) {
    return new Adjusted(this, canonizers(), functional);
  }
}
