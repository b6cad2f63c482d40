/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.composites;

import java.util.List;
import java.util.Optional;
import org.zennit4j.graph.Layer;
import org.zennit4j.rules.Rule;

/**
 * Gives no rules: the plain gradient of the canonized network.
 *
 * @param canonizers run before, in order
 */
public record EmptyComposite(List<Canonizer> canonizers) implements Composite {
  /**
   * Copies the list.
   *
   * @param canonizers {@link #canonizers()}
   */
  public EmptyComposite {
    canonizers = List.copyOf(canonizers);
  }

  /** Without canonizers. */
  public EmptyComposite() {
    this(List.of());
  }

  @Override
  public Optional<Rule> rule(Context context, String name, Layer layer) {
    return Optional.empty();
  }

  @Override
  public Composite withCanonizers(List<Canonizer> others) {
    return new EmptyComposite(others);
  }
}
