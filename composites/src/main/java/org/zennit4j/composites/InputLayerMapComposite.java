/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.composites;

import java.util.List;
import java.util.Optional;
import org.zennit4j.graph.Layer;
import org.zennit4j.graph.Program;
import org.zennit4j.rules.Rule;

/**
 * Gives one rule to all input layers, and rules by the type of a layer to the others.
 *
 * <p>Input layers are found on the executed network, see {@link Positions}; constant affine steps
 * before them hand on relevance unchanged.
 *
 * @param inputRule the rule of the input layers
 * @param layerMap types to rules
 * @param canonizers run before, in order
 * @param functional whether functional operators are layers too
 * @param strict whether an unknown type is an error; otherwise it is a finding
 */
public record InputLayerMapComposite(
    Rule inputRule,
    List<MapEntry> layerMap,
    List<Canonizer> canonizers,
    boolean functional,
    boolean strict)
    implements Composite {
  /**
   * Copies the lists.
   *
   * @param inputRule {@link #inputRule()}
   * @param layerMap {@link #layerMap()}
   * @param canonizers {@link #canonizers()}
   * @param functional {@link #functional()}
   * @param strict {@link #strict()}
   */
  public InputLayerMapComposite {
    layerMap = List.copyOf(layerMap);
    canonizers = List.copyOf(canonizers);
  }

  /**
   * A strict composite without canonizers, functional operators included.
   *
   * @param inputRule the rule of the input layers
   * @param layerMap types to rules
   */
  public InputLayerMapComposite(Rule inputRule, List<MapEntry> layerMap) {
    this(inputRule, layerMap, List.of(), true, true);
  }

  @Override
  public Optional<Rule> rule(Context context, String name, Layer layer) {
    Positions positions = Positions.of(context);
    if (positions.inputs().contains(name)) {
      return Optional.of(inputRule);
    }
    if (positions.affine().contains(name)) {
      return Optional.of(new ElementwisePass());
    }
    return LayerMapComposite.first(layerMap, layer);
  }

  @Override
  public List<String> check(Program program) {
    if (Positions.of(program).inputs().isEmpty()) {
      throw new CompositeException(KernelComposite.NO_INPUT_LAYER);
    }
    return Names.unknownTypes(layerMap, program, strict);
  }

  @Override
  public Composite withCanonizers(List<Canonizer> others) {
    return new InputLayerMapComposite(inputRule, layerMap, others, functional, strict);
  }

  @Override
  public Composite withFunctional(boolean other) {
    return new InputLayerMapComposite(inputRule, layerMap, canonizers, other, strict);
  }
}
