/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.analyzers;

import java.util.Set;
import org.zennit4j.bindings.Ending;
import org.zennit4j.bindings.Program;
import org.zennit4j.bindings.ProgramEditor;
import org.zennit4j.bindings.Region;
import org.zennit4j.bindings.ScriptModel;

/** Finds the softmax or log-softmax that a model ends in, by its program, not by values. */
final class TrailingSoftmax {
  private TrailingSoftmax() {}

  /** The operators, often none. */
  static Set<Region> in(Program program) {
    Ending ending = Ending.of(program);
    return ending.mixesClasses() ? ending.operators() : Set.of();
  }

  /** A model that ends before its softmax, or an equal one if it has none. */
  static ScriptModel remove(ScriptModel model) {
    return model.rewritten(TrailingSoftmax::remove);
  }

  private static Program remove(Program program) {
    Program current = program;
    for (Set<Region> found = in(current); !found.isEmpty(); found = in(current)) {
      try (ProgramEditor editor = current.edit()) {
        found.forEach(editor::bypass);
        Program next = editor.apply();
        current = current == program ? next : next.owning(current);
      }
    }
    return current;
  }
}
