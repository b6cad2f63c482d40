/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.composites;

import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.zennit4j.graph.DataFlow;
import org.zennit4j.graph.OperatorCall;
import org.zennit4j.graph.Operators;
import org.zennit4j.graph.Operators.Kind;
import org.zennit4j.graph.Operators.Trait;
import org.zennit4j.graph.Region;

/**
 * Which operators of a network add up branches, and which ones only scale a branch before it is
 * added, or a sum behind it, by what does not depend on the input.
 */
final class Branches {
  private final DataFlow flow;
  private final Map<Integer, Boolean> dependent = new HashMap<>();

  Branches(DataFlow flow) {
    this.flow = flow;
  }

  /**
   * Whether an operator adds up branches, each with a weight of its own perhaps: {@code add},
   * {@code sub}, {@code lerp}..., or the sum or mean over the axis along which they were stacked.
   */
  boolean isSum(Region region) {
    if (!(region instanceof OperatorCall call)) {
      return false;
    }
    return switch (Operators.of(region).name()) {
      case "add", "rsub" -> isOfTwo(call);
      case "sub" -> isOfTwo(call) && !isCentring(call);
      case "lerp" -> depends(call, 0) && depends(call, 1) && !depends(call, 2);
      case "addcmul" -> depends(call, 0) && depends(call, 1) != depends(call, 2);
      case "addcdiv" -> depends(call, 0) && depends(call, 1) && !depends(call, 2);
      case "sum", "mean" -> depends(call, 0) && isOverBranches(call);
      default -> false;
    };
  }

  /** Whether an argument's values depend on the input, not its shape alone, as zeros_like's do. */
  private boolean depends(Region region, int argument) {
    return flow.dependsOnInput(region, argument)
        && (flow.isModelInput(region, argument)
            || flow.producers(region, argument).stream().anyMatch(this::depends));
  }

  private boolean depends(Region producer) {
    Operators.Info info = Operators.of(producer);
    if (!flow.dependsOnInput(producer) || info.is(Trait.NO_VALUES)) {
      return false;
    }
    Boolean known = dependent.get(producer.id());
    if (known == null) {
      dependent.put(producer.id(), false); // in a loop, what it starts with decides
      known = false;
      for (int i = info.is(Kind.FACTORY) ? 1 : 0; i < flow.arguments(producer) && !known; i++) {
        known = depends(producer, i);
      }
      dependent.put(producer.id(), known);
    }
    return known;
  }

  /** Lists are added as well, but not with an alpha. */
  private boolean isOfTwo(OperatorCall call) {
    return depends(call, 0)
        && depends(call, 1)
        && call.arguments().contains("alpha")
        && call.number("alpha").orElse(1) != 0;
  }

  /** Normalisations subtract a mean or maximum of the very thing: no branch. */
  private boolean isCentring(Region difference) {
    Set<Region> minuend = flow.producers(difference, 0);
    boolean input = flow.isModelInput(difference, 0);
    Set<Region> seen = new HashSet<>();
    return flow.producers(difference, 1).stream()
        .anyMatch(region -> isStatistic(region, minuend, input, seen));
  }

  private boolean isStatistic(Region region, Set<Region> of, boolean input, Set<Region> seen) {
    Operators.Info info = Operators.of(region);
    if (!seen.add(region)) {
      return false;
    }
    if (info.is(Kind.MEAN, Kind.REDUCTION)) {
      return flow.producers(region, 0).stream().anyMatch(of::contains)
          || (input && flow.isModelInput(region, 0));
    }
    return info.is(Trait.HANDS_ON)
        && flow.producers(region, 0).stream()
            .anyMatch(producer -> isStatistic(producer, of, input, seen));
  }

  private boolean isOverBranches(OperatorCall call) {
    Optional<Region> stacked = flow.producer(call, 0);
    while (stacked.isPresent() && isScaling(stacked.get())) {
      stacked = flow.producer(stacked.get(), dependent(stacked.get()));
    }
    return stacked.isPresent()
        && isStack(stacked.get())
        && flow.dependentElements(stacked.get(), 0) != 1
        && reduces(call, (long) stacked.get().number("dim").orElse(0));
  }

  /** A stack, or what is the same: a concatenation of elements with an axis of their own. */
  private boolean isStack(Region region) {
    String name = Operators.of(region).name();
    if (!name.equals("cat")) {
      return name.equals("stack");
    }
    if (flow.dependentElements(region, 0) < 0) {
      // What a loop collects: any of it may stand anywhere.
      Set<Region> any = flow.producers(region, 0);
      return !any.isEmpty() && any.stream().allMatch(element -> hasOwnAxis(element, region));
    }
    int count = 0;
    for (Set<Region> made = flow.producers(region, 0, 0);
        !made.isEmpty();
        made = flow.producers(region, 0, ++count)) {
      if (!made.stream().allMatch(element -> hasOwnAxis(element, region))) {
        return false;
      }
    }
    return count > 1;
  }

  private static boolean hasOwnAxis(Region element, Region concatenation) {
    return Operators.of(element).name().equals("unsqueeze")
        && element.number("dim").equals(concatenation.number("dim"));
  }

  private static boolean reduces(OperatorCall call, long axis) {
    if (!call.arguments().contains("dim") || call.constant("dim").isEmpty()) {
      return !call.arguments().contains("dim");
    }
    if (call.constant("dim").get().isNone()) {
      return true;
    }
    List<Long> axes =
        call.integers("dim")
            .orElseGet(() -> call.number("dim").stream().mapToObj(d -> (long) d).toList());
    return axes.contains(axis);
  }

  /** The scalings that stand before or behind a sum, one after another, with casts between. */
  Set<Region> scalings(Region sum) {
    Set<Region> found = new HashSet<>();
    Set<Region> seen = new HashSet<>();
    for (int i = 0; i < flow.arguments(sum); i++) {
      before(flow.producers(sum, i), found, seen);
    }
    behind(sum, found, seen);
    return found;
  }

  private void before(Set<Region> producers, Set<Region> found, Set<Region> seen) {
    for (Region producer : producers) {
      boolean scaling = isScaling(producer);
      boolean stack = Set.of("stack", "cat").contains(Operators.of(producer).name());
      boolean passes = scaling || stack || Operators.of(producer).is(Trait.CASTS);
      if (flow.dependsOnInput(producer) && passes && seen.add(producer)) {
        if (scaling) {
          found.add(producer);
        }
        before(flow.producers(producer, scaling ? dependent(producer) : 0), found, seen);
      }
    }
  }

  private void behind(Region operator, Set<Region> found, Set<Region> seen) {
    for (Region user : flow.consumers(operator)) {
      boolean scaling = isScaling(user);
      if ((scaling || Operators.of(user).is(Trait.CASTS)) && seen.add(user)) {
        if (scaling) {
          found.add(user);
        }
        behind(user, found, seen);
      }
    }
  }

  /** Whether an operator multiplies one branch by something constant that is not zero. */
  boolean isScaling(Region region) {
    if (!(region instanceof OperatorCall call) || dependent(call) < 0) {
      return false;
    }
    return switch (Operators.of(region).name()) {
      case "neg" -> true;
      case "mul" -> !isZero(call);
      case "div" ->
          dependent(call) == 0
              && call.constant("rounding_mode").map(mode -> mode.isNone()).orElse(true);
      default -> false;
    };
  }

  /** The only argument that depends on the input; -1 if there are several or none. */
  private int dependent(Region region) {
    int dependent = -1;
    for (int i = 0; i < flow.arguments(region); i++) {
      if (depends(region, i)) {
        if (dependent >= 0) {
          return -1;
        }
        dependent = i;
      }
    }
    return dependent;
  }

  private static boolean isZero(OperatorCall product) {
    try (PointerScope scope = new PointerScope()) {
      for (Tensor factor : product.parameters().values()) {
        if (factor.count_nonzero().item_long() == 0) {
          return true;
        }
      }
    }
    return product.number("other").orElse(1) == 0;
  }
}
