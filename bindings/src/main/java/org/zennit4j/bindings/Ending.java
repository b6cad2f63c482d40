/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.bindings;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.Set;
import org.zennit4j.bindings.Operators.Trait;

/**
 * What a model ends in, by its program, not by values: whether its first output are logits or
 * something that was made of them, reshaping, casts and dropout after that aside.
 *
 * @param kind what the output is
 * @param operators the softmax, log-softmax or sigmoid operators, perhaps several in branches; none
 *     if the kind is {@link Kind#LOGITS}
 */
public record Ending(Kind kind, Set<Region> operators) {
  /** What the first output of a model is. */
  public enum Kind {
    /** Probabilities of classes that exclude each other. */
    SOFTMAX,
    /** Their logarithms. */
    LOG_SOFTMAX,
    /** Probabilities, each for itself. */
    SIGMOID,
    /** Logits, or something else. */
    LOGITS
  }

  /**
   * Copies the set.
   *
   * @param kind {@link #kind()}
   * @param operators {@link #operators()}
   */
  public Ending {
    operators = java.util.Collections.unmodifiableSet(new LinkedHashSet<>(operators));
  }

  /**
   * Finds out what a network ends in.
   *
   * @param program the network
   * @return the ending; logits if branches end in different ways
   */
  public static Ending of(Program program) {
    ValueFlow flow = new ValueFlow(program);
    Set<Region> found = new LinkedHashSet<>();
    Set<Kind> kinds = new LinkedHashSet<>();
    Set<Integer> seen = new HashSet<>();
    Deque<Region> open = new ArrayDeque<>(flow.output());
    while (!open.isEmpty()) {
      Region operator = open.remove();
      if (!seen.add(operator.id()) || !flow.dependsOnInput(operator)) {
        continue;
      }
      Operators.Info info = Operators.of(operator);
      Kind kind = kind(info);
      if (kind != Kind.LOGITS) {
        found.add(operator);
        kinds.add(kind);
      } else if (info.is(Trait.AFTER_SOFTMAX)) {
        for (int i = 0; i < flow.arguments(operator); i++) {
          open.addAll(flow.producers(operator, i));
        }
      } else {
        kinds.add(Kind.LOGITS);
      }
    }
    boolean one = kinds.size() == 1 && !found.isEmpty();
    return one ? new Ending(kinds.iterator().next(), found) : new Ending(Kind.LOGITS, Set.of());
  }

  private static Kind kind(Operators.Info info) {
    if (info.is(Operators.Kind.SOFTMAX)) {
      return Kind.SOFTMAX;
    }
    if (info.is(Operators.Kind.LOG_SOFTMAX)) {
      return Kind.LOG_SOFTMAX;
    }
    return info.name().equals("sigmoid") ? Kind.SIGMOID : Kind.LOGITS;
  }

  /**
   * Whether relevance would start at values that depend on all classes.
   *
   * @return true for softmax and log-softmax
   */
  public boolean mixesClasses() {
    return kind == Kind.SOFTMAX || kind == Kind.LOG_SOFTMAX;
  }
}
