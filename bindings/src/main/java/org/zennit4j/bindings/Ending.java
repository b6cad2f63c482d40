/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.bindings;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;

/** What a network ends in, as far as its program tells. */
public enum Ending {
  /** Probabilities that add up to 1. */
  SOFTMAX,
  /** Logarithms of such probabilities. */
  LOG_SOFTMAX,
  /** Probabilities, each for itself. */
  SIGMOID,
  /** Logits or something else. */
  OTHER;

  private static final Map<String, Ending> OPERATORS =
      Map.of(
          "aten::softmax", SOFTMAX,
          "aten::_softmax", SOFTMAX,
          "aten::log_softmax", LOG_SOFTMAX,
          "aten::_log_softmax", LOG_SOFTMAX,
          "aten::sigmoid", SIGMOID);

  /** What may follow. */
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

  /**
   * Looks at a program.
   *
   * @param program any open program
   * @return what it ends in
   */
  public static Ending of(Program program) {
    return operators(program).stream()
        .findFirst()
        .map(region -> OPERATORS.get(region.operators().get(0)))
        .orElse(OTHER);
  }

  /** The operators that make it so. */
  private static Set<Region> operators(Program program) {
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
      if (OPERATORS.containsKey(name)) {
        found.add(operator);
      } else if (AFTER.contains(name)) {
        open.addAll(flow.producers(operator, 0));
      }
    }
    return found;
  }

  /**
   * Makes a model that ends before it, in logits.
   *
   * @param model any open model
   * @return an independent model, to be closed by the caller
   */
  public static ScriptModel remove(ScriptModel model) {
    return model.rewritten(Ending::without);
  }

  private static Program without(Program program) {
    Program current = program;
    for (Set<Region> found = operators(current); !found.isEmpty(); found = operators(current)) {
      try (ProgramEditor editor = current.edit()) {
        found.forEach(editor::bypass);
        Program next = editor.apply();
        current = current == program ? next : next.owning(current);
      }
    }
    return current;
  }

  /**
   * What a finding says about it.
   *
   * @return one sentence without a full stop, "" for {@link #OTHER}
   */
  public String finding() {
    return switch (this) {
      case SOFTMAX ->
          "the model ends in a softmax: relevance would start at probabilities, which depend on all classes; explain a"
              + " model without it";
      case LOG_SOFTMAX ->
          "the model ends in a log-softmax: relevance would start at values that depend on all classes; explain a"
              + " model without it";
      case SIGMOID ->
          "the model ends in a sigmoid: relevance would start at probabilities, whose gradient vanishes where the model"
              + " is sure; explain a model without it";
      case OTHER -> "";
    };
  }
}
