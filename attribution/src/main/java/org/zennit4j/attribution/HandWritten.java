/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.attribution;

import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.zennit4j.graph.DataFlow;
import org.zennit4j.graph.Operators;
import org.zennit4j.graph.Operators.Kind;
import org.zennit4j.graph.Operators.Trait;
import org.zennit4j.graph.Region;

/**
 * Which operators choose between values element by element, as {@code where}, {@code maximum} or
 * the product with a mask, and whether all that they are given is made of one thing element by
 * element: then they are an activation that was written by hand.
 */
final class HandWritten {
  private static final Set<String> MASKING = Set.of("masked_fill", "index_put");

  private final DataFlow flow;
  private final Map<Integer, Boolean> carrying = new HashMap<>();

  HandWritten(DataFlow flow) {
    this.flow = flow;
  }

  /** Whether an operator picks one of two tensors at each place. */
  boolean chooses(Region operator) {
    return Operators.of(operator).is(Trait.CHOOSES) && operator.number("dim").isEmpty();
  }

  /** Whether an operator fills places that depend on the input. */
  boolean fills(Region operator) {
    return MASKING.contains(Operators.of(operator).name())
        && flow.arguments(operator) > 1
        && flow.dependsOnInput(operator, 1);
  }

  /** The number of arguments through which a gradient gets to the model's input. */
  int carrying(Region operator) {
    int count = 0;
    for (int i = 0; i < flow.arguments(operator); i++) {
      count += carries(operator, i) ? 1 : 0;
    }
    return count;
  }

  private boolean carries(Region operator, int argument) {
    if (!flow.dependsOnInput(operator, argument)) {
      return false;
    }
    return flow.isModelInput(operator, argument)
        || flow.producers(operator, argument).stream().anyMatch(this::carries);
  }

  private boolean carries(Region producer) {
    Operators.Info info = Operators.of(producer);
    if (info.is(Trait.NO_GRADIENT) || info.is(Trait.NO_VALUES) || !flow.dependsOnInput(producer)) {
      return false;
    }
    Boolean known = carrying.get(producer.id());
    if (known == null) {
      carrying.put(producer.id(), true); // in a loop
      known = carrying(producer) > 0;
      carrying.put(producer.id(), known);
    }
    return known;
  }

  /** Whether all that depends on the input is made of the same values, element by element. */
  boolean isOfOneSource(Region operator) {
    Walk first = null;
    for (int i = 0; i < flow.arguments(operator); i++) {
      if (!flow.dependsOnInput(operator, i)) {
        continue;
      }
      Walk walk = new Walk();
      walk.back(operator, i);
      if (walk.ends.isEmpty() && !walk.reachesInput) {
        continue;
      }
      if (first != null
          && !(first.ends.equals(walk.ends) && first.reachesInput == walk.reachesInput)) {
        return false;
      }
      first = walk;
    }
    return first != null && first.ends.size() + (first.reachesInput ? 1 : 0) == 1;
  }

  /** Back from an argument through what works element by element. */
  private final class Walk {
    final Set<Region> ends = new HashSet<>();
    private final Set<Region> seen = new HashSet<>();
    boolean reachesInput;

    void back(Region call, int argument) {
      reachesInput |= flow.isModelInput(call, argument);
      for (Region producer : flow.producers(call, argument)) {
        Operators.Info info = Operators.of(producer);
        boolean shapeOnly =
            info.is(Trait.NO_VALUES) || (info.is(Kind.FACTORY) && info.is(Trait.NO_GRADIENT));
        if (!flow.dependsOnInput(producer) || shapeOnly || !seen.add(producer)) {
          continue;
        }
        if (isElementwise(producer, info)) {
          for (int i = 0; i < flow.arguments(producer); i++) {
            if (flow.dependsOnInput(producer, i)) {
              back(producer, i);
            }
          }
        } else {
          ends.add(producer);
        }
      }
    }

    private boolean isElementwise(Region operator, Operators.Info info) {
      return info.is(Trait.ELEMENTWISE)
          || info.is(Trait.CASTS)
          || info.is(Trait.AFFINE)
          || info.is(Kind.QUOTIENT)
          || (info.is(Kind.METADATA) && info.is(Trait.NO_GRADIENT))
          || chooses(operator)
          || fills(operator);
    }
  }
}
