/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.analyzers;

import java.util.Set;
import java.util.function.UnaryOperator;
import org.zennit4j.graph.Ending;
import org.zennit4j.graph.Program;
import org.zennit4j.graph.Region;
import org.zennit4j.model.ScriptModel;

/** Finds the softmax or log-softmax that a model ends in, by its program, not by values. */
final class TrailingSoftmax {
  private TrailingSoftmax() {}

  /** The operators, often none. */
  static Set<Region> in(Program program) {
    return Ending.of(program).mixesClasses() ? Ending.operators(program) : Set.of();
  }

  /** A model that ends before its softmax, or an equal one if it has none. */
  static ScriptModel remove(ScriptModel model) {
    return Ending.of(model.program()).mixesClasses()
        ? model.withoutEnding()
        : model.rewritten(UnaryOperator.identity());
  }
}
