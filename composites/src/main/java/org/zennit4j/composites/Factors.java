/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.composites;

import java.util.HashSet;
import java.util.OptionalInt;
import java.util.Set;
import java.util.function.Predicate;
import org.zennit4j.bindings.Region;
import org.zennit4j.bindings.ValueFlow;

/**
 * Which factor of a product carries the signal, told by where the factors come from: a factor that
 * a softmax, a sigmoid or the inverse of a size makes only weighs the other one. However a network
 * is written, with modules, functions or operators, the data flow is the same.
 */
final class Factors {
  /** What a factor may pass without becoming something else. */
  private static final Set<String> CASTS =
      Set.of(
          "contiguous",
          "clone",
          "alias",
          "to",
          "type_as",
          "_to_copy",
          "float",
          "double",
          "half",
          "dropout",
          "feature_dropout",
          "native_dropout",
          "view",
          "reshape",
          "view_as",
          "reshape_as",
          "flatten",
          "unflatten",
          "permute",
          "transpose",
          "unsqueeze",
          "squeeze",
          "expand",
          "expand_as",
          "broadcast_to",
          "repeat",
          "repeat_interleave",
          "t",
          "movedim");

  private static final Set<String> PARTS =
      Set.of(
          "chunk",
          "split",
          "split_with_sizes",
          "unbind",
          "tensor_split",
          "unsafe_chunk",
          "unsafe_split");

  private static final Set<String> AFFINE = Set.of("mul", "div", "add", "sub", "rsub", "neg");

  private static final Set<String> SCALING = Set.of("mul", "div", "neg");

  /** Bounded and not zero at zero. */
  private static final Set<String> SIGMOIDS = Set.of("sigmoid", "hardsigmoid");

  private static final Set<String> INVERSES = Set.of("rsqrt", "reciprocal");

  private final ValueFlow flow;

  Factors(ValueFlow flow) {
    this.flow = flow;
  }

  /**
   * The factor that gets all relevance.
   *
   * @param product a product of two factors that both depend on the input
   * @param constantWeights whether attention weights and gates count as constant, as in CP-LRP
   * @return its number, or empty for equal parts
   */
  OptionalInt signal(Region product, boolean constantWeights) {
    String name = Operators.plainName(product);
    if (name.equals("div") || name.equals("divide") || name.equals("true_divide")) {
      return OptionalInt.of(0);
    }
    boolean elementwise = name.equals("mul") || name.equals("multiply");
    for (int k = 0; k < 2; k++) {
      int other = 1 - k;
      boolean weighs =
          (constantWeights && comesFrom(product, other, Factors::isSoftmax))
              || (elementwise
                  && (comesFrom(product, other, this::isInverse)
                      || isGateOf(product, other, k)
                      || comesFrom(product, other, Factors::isSigmoid)
                      || (constantWeights && comesFrom(product, other, Factors::isActivation))));
      if (weighs) {
        return OptionalInt.of(k);
      }
    }
    return OptionalInt.empty();
  }

  private static boolean isSoftmax(Region operator) {
    return Set.of("softmax", "_softmax").contains(Operators.plainName(operator));
  }

  private static boolean isSigmoid(Region operator) {
    return SIGMOIDS.contains(Operators.plainName(operator));
  }

  private static boolean isActivation(Region operator) {
    return Operators.isActivation(operator);
  }

  /** 1 / x, however it is written. */
  private boolean isInverse(Region operator) {
    String name = Operators.plainName(operator);
    return INVERSES.contains(name)
        || (name.equals("pow") && operator.number("exponent").orElse(1) < 0)
        || (name.equals("div")
            && !flow.dependsOnInput(operator, 0)
            && flow.dependsOnInput(operator, 1));
  }

  /** Whether a factor is what a kind of operator makes, but for constant factors and summands. */
  private boolean comesFrom(Region product, int argument, Predicate<Region> kind) {
    Set<Region> sources = new HashSet<>();
    boolean whole = collect(product, argument, sources, new HashSet<>(), this::isAffine, kind);
    return whole && !sources.isEmpty() && sources.stream().allMatch(kind);
  }

  /**
   * Whether a factor is an elementwise function of the other one: then their product is an
   * activation that was written by hand.
   */
  private boolean isGateOf(Region product, int gate, int signal) {
    Set<Region> ofSignal = new HashSet<>();
    Set<Region> ofGate = new HashSet<>();
    Set<Integer> passed = new HashSet<>();
    boolean plain =
        collect(product, signal, ofSignal, new HashSet<>(), this::isScaling, r -> false);
    boolean function = collect(product, gate, ofGate, passed, this::isElementwise, r -> false);
    return plain == function
        && ofSignal.equals(ofGate)
        && (plain ? !ofSignal.isEmpty() : true)
        && ofGate.stream().noneMatch(r -> PARTS.contains(Operators.plainName(r)))
        && passed.size() > 0;
  }

  /**
   * Walks back from an argument to the operators where the walk has to stop.
   *
   * @return false if the model's own input is among them
   */
  private boolean collect(
      Region call,
      int argument,
      Set<Region> sources,
      Set<Integer> nonlinear,
      Predicate<Region> passes,
      Predicate<Region> stops) {
    boolean whole = !flow.isModelInput(call, argument);
    for (Region producer : flow.producers(call, argument)) {
      if (!flow.dependsOnInput(producer)) {
        continue;
      }
      String name = Operators.plainName(producer);
      boolean casts = CASTS.contains(name);
      if (stops.test(producer) || !(casts || passes.test(producer))) {
        sources.add(producer);
        continue;
      }
      if (!casts && !isScaling(producer)) {
        nonlinear.add(producer.id());
      }
      for (int i = 0; i < flow.arguments(producer); i++) {
        if (flow.dependsOnInput(producer, i)) {
          whole &= collect(producer, i, sources, nonlinear, passes, stops);
        }
      }
    }
    return whole;
  }

  private boolean isAffine(Region operator) {
    String name = Operators.plainName(operator);
    return name.startsWith("clamp") || (AFFINE.contains(name) && dependents(operator) == 1);
  }

  private boolean isScaling(Region operator) {
    String name = Operators.plainName(operator);
    return SCALING.contains(name)
        && dependents(operator) == 1
        && (flow.dependsOnInput(operator, 0) || !name.equals("div"));
  }

  private boolean isElementwise(Region operator) {
    return Operators.isElementwise(operator) || AFFINE.contains(Operators.plainName(operator));
  }

  private int dependents(Region operator) {
    int count = 0;
    for (int i = 0; i < flow.arguments(operator); i++) {
      count += flow.dependsOnInput(operator, i) ? 1 : 0;
    }
    return count;
  }
}
