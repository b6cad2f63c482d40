/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.composites;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.zennit4j.graph.DataFlow;
import org.zennit4j.graph.Layer;
import org.zennit4j.graph.Operators;
import org.zennit4j.graph.Operators.Trait;
import org.zennit4j.graph.Program;
import org.zennit4j.graph.Region;

/**
 * Where the kernel layers of a network stand: linear layers and convolutions, modules and
 * functional operators with constant weights, in the order of execution, and which of them are
 * input layers.
 *
 * <p>An input layer is one that the network's input reaches only through reshaping, padding,
 * slicing, casts, dropout and constant affine steps, batch normalisations included. Immutable and
 * thread-safe.
 */
public final class Positions {

  private static final String CACHED = Positions.class.getName();

  private final List<Layer> kernels;
  private final Set<String> inputs;
  private final Set<String> affine;

  private Positions(List<Layer> kernels, Set<String> inputs, Set<String> affine) {
    this.kernels = List.copyOf(kernels);
    this.inputs = Collections.unmodifiableSet(inputs);
    this.affine = Collections.unmodifiableSet(affine);
  }

  /**
   * Finds the positions in a network.
   *
   * @param program the network, canonizers applied
   * @return the positions
   */
  public static Positions of(Program program) {
    return new Search(program).find();
  }

  /** The positions in the network that a composite is asked about, found once. */
  static Positions of(Context context) {
    Positions found = (Positions) context.get(CACHED);
    if (found == null) {
      found = of(context.program());
      context.put(CACHED, found);
    }
    return found;
  }

  /**
   * The kernel layers, in the order of execution.
   *
   * @return linear layers and convolutions, each once
   */
  public List<Layer> kernels() {
    return kernels;
  }

  /**
   * The names of the input layers.
   *
   * @return names among {@link #kernels()}, in that order
   */
  public Set<String> inputs() {
    return inputs;
  }

  /**
   * The names of the layers that are constant affine steps before an input layer: batch
   * normalisations, and additions and multiplications with constants.
   *
   * @return perhaps none
   */
  public Set<String> affine() {
    return affine;
  }

  /**
   * The layer that a composite is asked about for an operator: the module if its type says what it
   * is, otherwise the operator itself.
   *
   * @param operator an operator's call site
   * @return the layer
   */
  public static Layer layerOf(Region operator) {
    return callOf(operator).layer();
  }

  /**
   * The call of {@link #layerOf}.
   *
   * @param operator an operator's call site
   * @return the call of the module, or the operator itself
   */
  public static Region callOf(Region operator) {
    Optional<Region> parent = operator.parent();
    return operator.isOperator()
            && parent.isPresent()
            && !parent.get().layer().types().isEmpty()
            && !operator.layer().matches(Types.SUM)
        ? parent.get()
        : operator;
  }

  private static final class Search {
    private final DataFlow flow;
    private final Map<Integer, Boolean> known = new HashMap<>();

    Search(Program program) {
      this.flow = program.dataFlow();
    }

    Positions find() {
      Map<String, Layer> kernels = new LinkedHashMap<>();
      Set<String> inputs = new LinkedHashSet<>();
      Set<String> affine = new LinkedHashSet<>();
      Set<Integer> seen = new LinkedHashSet<>();
      for (Region operator : flow.operators()) {
        Region call = callOf(operator);
        Layer layer = call.layer();
        if (!layer.matches(Types.LINEAR) || !seen.add(call.id())) {
          continue;
        }
        kernels.putIfAbsent(layer.name(), layer);
        if (reachedByInputOnly(call)) {
          inputs.add(layer.name());
          steps(call, affine, new LinkedHashSet<>());
        }
      }
      return new Positions(new ArrayList<>(kernels.values()), inputs, affine);
    }

    /** Whether all that depends on the input in a call's arguments is the input, handed on. */
    private boolean reachedByInputOnly(Region call) {
      boolean any = false;
      for (int i = 0; i < flow.arguments(call); i++) {
        if (!flow.dependsOnInput(call, i)) {
          continue;
        }
        any = true;
        for (Region producer : flow.producers(call, i)) {
          if (flow.dependsOnInput(producer) && !handsOn(producer)) {
            return false;
          }
        }
      }
      return any;
    }

    private boolean handsOn(Region operator) {
      Boolean before = known.get(operator.id());
      if (before != null) {
        return before;
      }
      known.put(operator.id(), false);
      boolean result =
          (isHandingOn(operator) || isAffine(operator)) && reachedByInputOnly(operator);
      known.put(operator.id(), result);
      return result;
    }

    private void steps(Region call, Set<String> affine, Set<Integer> visited) {
      for (int i = 0; i < flow.arguments(call); i++) {
        for (Region producer : flow.producers(call, i)) {
          if (flow.dependsOnInput(producer) && visited.add(producer.id())) {
            if (isAffine(producer)) {
              affine.add(layerOf(producer).name());
            }
            steps(producer, affine, visited);
          }
        }
      }
    }

    private static boolean isHandingOn(Region operator) {
      return Operators.of(operator).is(Trait.HANDS_ON);
    }

    private boolean isAffine(Region operator) {
      if (operator.batchNorm().isPresent()) {
        return true;
      }
      Operators.Info info = Operators.of(operator);
      int dependent = -1;
      for (int i = 0; i < flow.arguments(operator); i++) {
        if (flow.dependsOnInput(operator, i)) {
          if (dependent >= 0) {
            return false;
          }
          dependent = i;
        }
      }
      return info.is(Trait.AFFINE) || (info.is(Operators.Kind.QUOTIENT) && dependent == 0);
    }
  }
}
