/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.composites;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.zennit4j.graph.DataFlow;
import org.zennit4j.graph.OperatorCall;
import org.zennit4j.graph.Operators;
import org.zennit4j.graph.Operators.Trait;
import org.zennit4j.graph.Region;

/**
 * The softmaxes of a network that are written as operators: exponentials divided by, or multiplied
 * with the inverse of, their own sum over one axis. Constant factors, masks and what only changes
 * the shape may stand between.
 */
final class WrittenSoftmax {
  private final DataFlow flow;
  private final Map<Integer, OptionalLong> axes = new HashMap<>();
  private final Map<Integer, Region> results = new HashMap<>();

  WrittenSoftmax(DataFlow flow) {
    this.flow = flow;
    for (Region operator : flow.operators()) {
      switch (Operators.of(operator).name()) {
        case "div" -> find(operator, 0, 1, /* inverse= */ false);
        case "mul" -> {
          find(operator, 0, 1, /* inverse= */ true);
          find(operator, 1, 0, /* inverse= */ true);
        }
        default -> {}
      }
    }
  }

  /** The axis over which what an exponential makes is divided by its sum; empty for others. */
  OptionalLong axis(Region exponential) {
    return axes.getOrDefault(exponential.id(), OptionalLong.empty());
  }

  /** Whether an operator gives the weights of such a softmax. */
  boolean isResult(Region operator) {
    return results.containsKey(operator.id());
  }

  /** The exponential behind weights of such a softmax; empty for other operators. */
  Optional<Region> exponentialOf(Region result) {
    return Optional.ofNullable(results.get(result.id()));
  }

  private void find(Region operator, int weight, int size, boolean inverse) {
    if (flow.arguments(operator) < 2
        || !flow.dependsOnInput(operator, 0)
        || !flow.dependsOnInput(operator, 1)) {
      return;
    }
    Optional<Region> exponential = exponential(flow.producer(operator, weight));
    Optional<Region> sum = sum(flow.producer(operator, size), inverse);
    if (exponential.isEmpty() || sum.isEmpty()) {
      return;
    }
    OptionalLong axis = axisOf(sum.get());
    boolean own = exponential.equals(exponential(flow.producer(sum.get(), 0)));
    if (own && axis.isPresent()) {
      // Two softmaxes of the same exponentials over different axes are left as they are.
      axes.merge(exponential.get().id(), axis, (a, b) -> a.equals(b) ? a : OptionalLong.empty());
      results.put(operator.id(), exponential.get());
    }
  }

  /** Back to an exponential, past masks and constant factors. */
  private Optional<Region> exponential(Optional<Region> from) {
    Optional<Region> at = from;
    while (at.isPresent() && !Operators.of(at.get()).name().equals("exp")) {
      at = isScaling(at.get()) ? before(at.get()) : Optional.empty();
    }
    return at;
  }

  /** Back to a sum, past shapes, a small number that is added, and the inverse if there is one. */
  private Optional<Region> sum(Optional<Region> from, boolean inverse) {
    Optional<Region> at = from;
    boolean inverted = false;
    while (at.isPresent() && !Operators.of(at.get()).name().equals("sum")) {
      Region region = at.get();
      boolean turns = isInverse(region);
      inverted |= turns;
      boolean passes =
          turns
              || isScaling(region)
              || Operators.of(region).is(Trait.HANDS_ON)
              || (flow.dependentArguments(region).size() == 1
                  && (Operators.of(region).name().equals("add")
                      || Operators.of(region).name().startsWith("clamp")));
      at = passes ? before(region) : Optional.empty();
    }
    return inverted == inverse ? at : Optional.empty();
  }

  private boolean isInverse(Region region) {
    return switch (Operators.of(region).name()) {
      case "reciprocal" -> true;
      case "pow" -> region.number("exponent").orElse(1) == -1;
      case "div" -> !flow.dependsOnInput(region, 0) && flow.dependsOnInput(region, 1);
      default -> false;
    };
  }

  private boolean isScaling(Region region) {
    String name = Operators.of(region).name();
    return flow.dependentArguments(region).size() == 1
        && (Operators.of(region).is(Trait.CASTS)
            || List.of("mul", "masked_fill").contains(name)
            || (name.equals("div") && flow.dependsOnInput(region, 0)));
  }

  private Optional<Region> before(Region region) {
    List<Integer> dependent = flow.dependentArguments(region);
    return dependent.isEmpty() ? Optional.empty() : flow.producer(region, dependent.get(0));
  }

  /** The only axis of a sum. */
  private static OptionalLong axisOf(Region sum) {
    if (!(sum instanceof OperatorCall call) || !call.arguments().contains("dim")) {
      return OptionalLong.empty();
    }
    List<Long> dims = call.integers("dim").orElse(List.of());
    return dims.size() == 1 ? OptionalLong.of(dims.get(0)) : OptionalLong.empty();
  }
}
