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
 * A composite with other canonizers, or with functional operators.
 *
 * @param composite chooses the rules
 * @param canonizers run before
 * @param functional whether functional operators are layers too
 */
public record Adjusted(Composite composite, List<Canonizer> canonizers, boolean functional)
    implements Composite {
  /**
   * Copies the list.
   *
   * @param composite {@link #composite()}
   * @param canonizers {@link #canonizers()}
   * @param functional {@link #functional()}
   */
  public Adjusted {
    canonizers = List.copyOf(canonizers);
  }

  @Override
  public Optional<Rule> rule(Context context, String name, Layer layer) {
    return composite.rule(context, name, layer);
  }

  @Override
  public boolean looksInside() {
    return composite.looksInside();
  }

  @Override
  public List<String> check(Program program) {
    return composite.check(program);
  }

  @Override
  public Composite withCanonizers(List<Canonizer> others) {
    return new Adjusted(composite, others, functional);
  }

  @Override
  public Composite withFunctional(boolean other) {
    return new Adjusted(composite, canonizers, other);
  }
}
