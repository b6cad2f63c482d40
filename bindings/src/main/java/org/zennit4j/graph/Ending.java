/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.graph;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.OptionalDouble;
import java.util.Set;

/**
 * What a network ends in, by its program, not by values: whether its first output are logits or
 * something that was made of them, reshaping, casts and dropout after that aside.
 */
public enum Ending {
  /** Probabilities that add up to 1. */
  SOFTMAX,
  /** Logarithms of such probabilities. */
  LOG_SOFTMAX,
  /** Probabilities, each for itself. */
  SIGMOID,
  /** Logits or something else. */
  OTHER;

  /**
   * Looks at a program.
   *
   * @param program any open program
   * @return what it ends in
   */
  public static Ending of(Program program) {
    return search(program).ending;
  }

  /**
   * The operators that make it so.
   *
   * @param program any open program
   * @return the calls of softmax, log-softmax or sigmoid, several where branches are put together;
   *     none for {@link #OTHER}
   */
  public static Set<Region> operators(Program program) {
    return search(program).operators;
  }

  private record Found(Ending ending, Set<Region> operators) {}

  /**
   * A softmax in one branch is enough to be told of; sigmoids count where all branches end in one.
   */
  private static Found search(Program program) {
    DataFlow flow = program.dataFlow();
    Set<Region> found = new LinkedHashSet<>();
    Set<Ending> endings = new LinkedHashSet<>();
    Set<Integer> seen = new HashSet<>();
    Deque<Step> open = new ArrayDeque<>();
    flow.output().forEach(last -> open.add(new Step(last, null)));
    while (!open.isEmpty()) {
      Step step = open.remove();
      Region operator = step.operator();
      if (!seen.add(operator.id()) || !flow.dependsOnInput(operator)) {
        continue;
      }
      boolean inverse = isInverse(operator);
      if (passes(operator) || (inverse && step.inverse() == null)) {
        Region pending = inverse ? operator : step.inverse();
        flow.producers(operator, 0).forEach(source -> open.add(new Step(source, pending)));
        continue;
      }
      Ending ending = step.ending();
      endings.add(ending);
      if (ending != OTHER) {
        found.add(operator);
        if (step.inverse() != null) {
          found.add(step.inverse());
        }
      }
    }
    if (endings.contains(SOFTMAX) || endings.contains(LOG_SOFTMAX)) {
      return new Found(endings.contains(SOFTMAX) ? SOFTMAX : LOG_SOFTMAX, found);
    }
    boolean sigmoids = endings.size() == 1 && endings.contains(SIGMOID);
    return sigmoids ? new Found(SIGMOID, found) : new Found(OTHER, Set.of());
  }

  /**
   * An operator on the way back from the end.
   *
   * @param inverse the exponential or logarithm that follows it, or null
   */
  private record Step(Region operator, Region inverse) {
    Ending ending() {
      Ending own = of(Operators.of(operator));
      if (inverse == null) {
        return own;
      }
      boolean exponential = Operators.of(inverse).name().equals("exp");
      if (exponential) {
        return own == LOG_SOFTMAX ? SOFTMAX : OTHER;
      }
      return own == SOFTMAX ? LOG_SOFTMAX : OTHER;
    }
  }

  private static boolean isInverse(Region operator) {
    String name = Operators.of(operator).name();
    return name.equals("exp") || name.equals("log");
  }

  /** Whether an operator hands its first argument on, or multiplies by one or adds zero. */
  private static boolean passes(Region operator) {
    Operators.Info info = Operators.of(operator);
    if (info.is(Operators.Trait.AFTER_SOFTMAX)) {
      return true;
    }
    OptionalDouble other = operator.number("other");
    boolean times = info.is(Operators.Kind.PRODUCT, Operators.Kind.QUOTIENT);
    return (times && other.equals(OptionalDouble.of(1)))
        || (info.is(Operators.Kind.SUM) && other.equals(OptionalDouble.of(0)));
  }

  private static Ending of(Operators.Info operator) {
    if (operator.is(Operators.Kind.SOFTMAX)) {
      return SOFTMAX;
    }
    if (operator.is(Operators.Kind.LOG_SOFTMAX)) {
      return LOG_SOFTMAX;
    }
    return operator.name().equals("sigmoid") ? SIGMOID : OTHER;
  }

  /**
   * Whether each output depends on all classes.
   *
   * @return true for softmax and log-softmax
   */
  public boolean mixesClasses() {
    return this == SOFTMAX || this == LOG_SOFTMAX;
  }

  /**
   * Makes a program that ends before it, in logits.
   *
   * @param program any open program
   * @return the changed program, to be closed by the caller; the given one if there is no such end
   */
  public static Program without(Program program) {
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
