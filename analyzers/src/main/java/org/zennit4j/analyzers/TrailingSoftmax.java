/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.analyzers;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.Set;
import org.zennit4j.bindings.Program;
import org.zennit4j.bindings.ProgramEditor;
import org.zennit4j.bindings.Region;
import org.zennit4j.bindings.ScriptModel;
import org.zennit4j.bindings.ValueFlow;

/** Finds the softmax or log-softmax that a model ends in, by its program, not by values. */
final class TrailingSoftmax {
  private static final Set<String> SOFTMAX =
      Set.of("aten::softmax", "aten::log_softmax", "aten::_softmax", "aten::_log_softmax");

  /** What may follow it. */
  private static final Set<String> AFTER =
      Set.of(
          "aten::reshape",
          "aten::view",
          "aten::flatten",
          "aten::unflatten",
          "aten::squeeze",
          "aten::unsqueeze",
          "aten::to",
          "aten::_to_copy",
          "aten::type_as",
          "aten::float",
          "aten::double",
          "aten::half",
          "aten::contiguous",
          "aten::clone",
          "aten::detach",
          "aten::alias",
          "aten::dropout",
          "aten::dropout_",
          "aten::feature_dropout");

  private TrailingSoftmax() {}

  /** The operators, often none. */
  static Set<Region> in(Program program) {
    ValueFlow flow = new ValueFlow(program);
    Set<Region> found = new LinkedHashSet<>();
    Set<Integer> seen = new HashSet<>();
    Deque<Region> open = new ArrayDeque<>(flow.output());
    while (!open.isEmpty()) {
      Region operator = open.remove();
      if (!seen.add(operator.id())) {
        continue;
      }
      String name = operator.operators().get(0);
      if (SOFTMAX.contains(name)) {
        found.add(operator);
      } else if (AFTER.contains(name)) {
        open.addAll(flow.producers(operator, 0));
      }
    }
    return found;
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
