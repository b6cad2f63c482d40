/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.composites;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;
import java.util.function.IntPredicate;
import java.util.function.Predicate;
import org.zennit4j.graph.DataFlow;
import org.zennit4j.graph.Operators;
import org.zennit4j.graph.Region;

/**
 * Which factor of a product carries the signal, told by where the factors come from: a factor that
 * a softmax, a sigmoid or the inverse of a size makes only weighs the other one. However a network
 * is written, with modules, functions or operators, the data flow is the same.
 */
final class Factors {

  private static final Set<String> SCALING = Set.of("mul", "div", "neg");

  /** Bounded and not zero at zero. */
  private static final Set<String> SIGMOIDS = Set.of("sigmoid", "hardsigmoid");

  private static final Set<String> LARGEST = Set.of("amax", "max");

  private static final Set<String> INVERSES = Set.of("rsqrt", "reciprocal");

  private final DataFlow flow;
  private final WrittenSoftmax softmaxes;

  Factors(DataFlow flow, WrittenSoftmax softmaxes) {
    this.flow = flow;
    this.softmaxes = softmaxes;
  }

  /**
   * The factor that gets all relevance.
   *
   * @param product a product of two factors that both depend on the input
   * @param constantWeights whether attention weights and gates count as constant, as in CP-LRP
   * @return its number, or empty for equal parts
   */
  OptionalInt signal(Region product, boolean constantWeights) {
    String name = Operators.of(product).name();
    if (name.equals("div")) {
      return OptionalInt.of(0);
    }
    if (name.equals("einsum")) {
      return listed(product, constantWeights);
    }
    OptionalInt signal = beside(k -> weighs(product, k, constantWeights));
    if (signal.isEmpty() && isProduct(name)) {
      signal = ofElementwise(product, constantWeights);
    }
    return signal;
  }

  /**
   * Whether a product of one factor that depends on the input and one that does not is a gate on
   * what a layer makes of constants, as in the first step of a GRU with biases: the signal is the
   * constant then.
   *
   * @param product a product
   * @return false where the constant only scales, such as a parameter or a number
   */
  boolean gatesConstant(Region product) {
    boolean ofTwo = flow.arguments(product) > 1 && flow.dependentArguments(product).size() == 1;
    if (!ofTwo || !isProduct(Operators.of(product).name())) {
      return false;
    }
    int gate = flow.dependsOnInput(product, 0) ? 0 : 1;
    return comesFrom(product, gate, Factors::isSigmoid) && isLayersOutput(product, 1 - gate);
  }

  /** Whether a constant is what a linear layer computes, perhaps a part of it. */
  private boolean isLayersOutput(Region product, int argument) {
    Set<Region> open = new HashSet<>(flow.producers(product, argument));
    Set<Region> seen = new HashSet<>();
    while (!open.isEmpty()) {
      Region next = open.iterator().next();
      open.remove(next);
      Operators.Info info = Operators.of(next);
      if (info.is(Operators.Kind.LINEAR) || info.is(Operators.Kind.CONVOLUTION)) {
        return true;
      }
      boolean takes = flow.arguments(next) > 0;
      if (seen.add(next)
          && takes
          && (info.is(Operators.Trait.MOVES) || info.is(Operators.Trait.PARTS))) {
        open.addAll(flow.producers(next, 0));
      }
    }
    return false;
  }

  private OptionalInt ofElementwise(Region product, boolean constantWeights) {
    List<IntPredicate> weighing = new ArrayList<>();
    weighing.add(k -> comesFrom(product, k, this::isInverse));
    weighing.add(k -> isGateOf(product, k, 1 - k));
    weighing.add(k -> comesFrom(product, k, Factors::isSigmoid));
    if (constantWeights) {
      weighing.add(k -> comesFrom(product, k, this::isActivation));
    }
    return weighing.stream()
        .map(Factors::beside)
        .filter(OptionalInt::isPresent)
        .findFirst()
        .orElse(OptionalInt.empty());
  }

  /** The factor beside the only one that weighs; empty if none or both do. */
  private static OptionalInt beside(IntPredicate weighs) {
    boolean first = weighs.test(0);
    return first == weighs.test(1) ? OptionalInt.empty() : OptionalInt.of(first ? 1 : 0);
  }

  private boolean isSoftmax(Region operator) {
    return Operators.of(operator).is(Operators.Kind.SOFTMAX) || softmaxes.isResult(operator);
  }

  private static boolean isSigmoid(Region operator) {
    return SIGMOIDS.contains(Operators.of(operator).name());
  }

  /** Of an operator whose factors are the elements of a list: the one beside the weights. */
  private OptionalInt listed(Region product, boolean constantWeights) {
    return beside(
        k ->
            comesFrom(
                flow.producers(product, 1, k), true, weights(constantWeights), this::isMixing));
  }

  private static boolean isProduct(String name) {
    return name.equals("mul");
  }

  /** An activation, or one that is written as a product. */
  private boolean isActivation(Region operator) {
    return Operators.of(operator).is(Operators.Trait.ACTIVATES)
        || (isProduct(Operators.of(operator).name())
            && flow.dependentArguments(operator).size() == 2
            && (isGateOf(operator, 0, 1) || isGateOf(operator, 1, 0)));
  }

  /** 1 / x, however it is written. */
  private boolean isInverse(Region operator) {
    String name = Operators.of(operator).name();
    return INVERSES.contains(name)
        || (name.equals("pow") && operator.number("exponent").orElse(1) < 0)
        || (name.equals("div")
            && !flow.dependsOnInput(operator, 0)
            && flow.dependsOnInput(operator, 1));
  }

  /** Whether a factor is what a kind of operator makes, but for constant factors and summands. */
  private boolean comesFrom(Region product, int argument, Predicate<Region> kind) {
    return comesFrom(product, argument, kind, this::isAffine);
  }

  /** Whether a factor is attention weights, perhaps with heads that were mixed (talking heads). */
  private boolean weighs(Region product, int argument, boolean constantWeights) {
    return comesFrom(product, argument, weights(constantWeights), this::isMixing);
  }

  private Predicate<Region> weights(boolean constantWeights) {
    return constantWeights ? this::isSoftmax : this::isGatingSoftmax;
  }

  /**
   * Whether an operator is a softmax that chooses as a gate does: its scores are what a linear map
   * makes, and no product of activations such as queries and keys. Of two choices it is a sigmoid.
   */
  private boolean isGatingSoftmax(Region operator) {
    if (!isSoftmax(operator)) {
      return false;
    }
    Walk scores = new Walk(this::isScoring, region -> false);
    scores.back(softmaxes.exponentialOf(operator).orElse(operator), 0);
    return !scores.reachesInput && scores.endsAt(this::isFreeMap);
  }

  /** What may stand between scores and their softmax: masks, biases, the largest one taken off. */
  private boolean isScoring(Region operator) {
    return isAffine(operator)
        || Operators.of(operator).is(Operators.Kind.SUM)
        || LARGEST.contains(Operators.of(operator).name())
        || Operators.of(operator).is(Operators.Trait.HANDS_ON);
  }

  /** Whether an operator is a linear map, and none of products (as talking heads are). */
  private boolean isFreeMap(Region operator) {
    Operators.Info info = Operators.of(operator);
    boolean maps =
        info.is(Operators.Kind.LINEAR)
            || info.is(Operators.Kind.CONVOLUTION)
            || info.is(Operators.Trait.CONTRACTS);
    List<Integer> dependent = flow.dependentArguments(operator);
    if (!maps || dependent.size() != 1 || isOfActivations(operator)) {
      return false;
    }
    Walk mapped = new Walk(this::isAffine, region -> false);
    mapped.back(operator, dependent.get(0));
    return mapped.ends.stream().noneMatch(this::isOfActivations);
  }

  /**
   * Whether an operator contracts activations with each other; what einsum holds is not looked at.
   */
  private boolean isOfActivations(Region operator) {
    Operators.Info info = Operators.of(operator);
    return info.is(Operators.Trait.CONTRACTS)
        && (info.name().equals("einsum") || flow.dependentArguments(operator).size() > 1);
  }

  private boolean isMixing(Region operator) {
    return isAffine(operator)
        || (Operators.of(operator).is(Operators.Trait.CONTRACTS)
            && flow.dependentArguments(operator).size() == 1);
  }

  private boolean comesFrom(
      Region product, int argument, Predicate<Region> kind, Predicate<Region> passes) {
    return comesFrom(
        flow.producers(product, argument), !flow.isModelInput(product, argument), kind, passes);
  }

  private boolean comesFrom(
      Set<Region> producers, boolean known, Predicate<Region> kind, Predicate<Region> passes) {
    Walk walk = new Walk(passes, kind);
    walk.back(producers);
    return known && !walk.reachesInput && walk.endsAt(kind);
  }

  /**
   * Whether a factor is an elementwise function of the other one: then their product is an
   * activation that was written by hand.
   */
  private boolean isGateOf(Region product, int gate, int signal) {
    Walk ofSignal = new Walk(this::isScaling, region -> false);
    ofSignal.back(product, signal);
    Walk ofGate = new Walk(this::isElementwise, region -> false);
    ofGate.back(product, gate);
    return ofGate.ends.equals(ofSignal.ends)
        && ofGate.reachesInput == ofSignal.reachesInput
        && ofGate.bends
        && ofGate.ends.stream().noneMatch(end -> Operators.of(end).is(Operators.Trait.PARTS));
  }

  /** Back from an argument, through some kinds of operators, to those where it has to end. */
  private final class Walk {
    private final Predicate<Region> passes;
    private final Predicate<Region> stops;
    private final Set<Region> visited = new HashSet<>();
    private final Set<Region> ends = new HashSet<>();
    private boolean reachesInput;

    /** Whether it passes something that is no multiplication by a constant. */
    private boolean bends;

    Walk(Predicate<Region> passes, Predicate<Region> stops) {
      this.passes = passes;
      this.stops = stops;
    }

    void back(Region call, int argument) {
      reachesInput |= flow.isModelInput(call, argument);
      back(flow.producers(call, argument));
    }

    void back(Set<Region> producers) {
      for (Region producer : producers) {
        if (flow.dependsOnInput(producer) && visited.add(producer)) {
          through(producer);
        }
      }
    }

    private void through(Region operator) {
      boolean casts = Operators.of(operator).is(Operators.Trait.CASTS);
      if (stops.test(operator) || !(casts || passes.test(operator))) {
        ends.add(operator);
        return;
      }
      bends |= !casts && !isScaling(operator);
      for (int i = 0; i < flow.arguments(operator); i++) {
        if (flow.dependsOnInput(operator, i)) {
          back(operator, i);
        }
      }
    }

    boolean endsAt(Predicate<Region> kind) {
      return !ends.isEmpty() && ends.stream().allMatch(kind);
    }
  }

  /** A sum, product or quotient. */
  private static boolean isLinear(Region operator) {
    Operators.Info info = Operators.of(operator);
    return info.is(Operators.Trait.AFFINE) || info.name().equals("div");
  }

  private boolean isAffine(Region operator) {
    String name = Operators.of(operator).name();
    return name.startsWith("clamp")
        || (isLinear(operator) && flow.dependentArguments(operator).size() == 1);
  }

  private boolean isScaling(Region operator) {
    String name = Operators.of(operator).name();
    return SCALING.contains(name)
        && flow.dependentArguments(operator).size() == 1
        && (flow.dependsOnInput(operator, 0) || !name.equals("div"));
  }

  private boolean isElementwise(Region operator) {
    return Operators.of(operator).is(Operators.Trait.ELEMENTWISE) || isLinear(operator);
  }
}
