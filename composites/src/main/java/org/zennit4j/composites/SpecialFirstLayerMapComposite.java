/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.composites;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.zennit4j.graph.Layer;
import org.zennit4j.graph.Program;
import org.zennit4j.rules.Rule;

/**
 * Gives rules by the type of a layer, and others to the first layer that the first map matches.
 * First means first registered, as in Zennit.
 *
 * @param layerMap types to rules
 * @param firstMap types to rules, for one layer
 * @param canonizers run before, in order
 * @param functional whether functional operators are layers too
 * @param strict whether an unknown type is an error; otherwise it is a finding
 */
public record SpecialFirstLayerMapComposite(
    List<MapEntry> layerMap,
    List<MapEntry> firstMap,
    List<Canonizer> canonizers,
    boolean functional,
    boolean strict)
    implements Composite {
  private static final String FOUND = "first layer found";

  /**
   * Copies the lists.
   *
   * @param layerMap {@link #layerMap()}
   * @param firstMap {@link #firstMap()}
   * @param canonizers {@link #canonizers()}
   * @param functional {@link #functional()}
   * @param strict {@link #strict()}
   */
  public SpecialFirstLayerMapComposite {
    layerMap = List.copyOf(layerMap);
    firstMap = List.copyOf(firstMap);
    canonizers = List.copyOf(canonizers);
  }

  /**
   * A strict composite without canonizers.
   *
   * @param layerMap types to rules
   * @param firstMap types to rules, for the first layer
   */
  public SpecialFirstLayerMapComposite(List<MapEntry> layerMap, List<MapEntry> firstMap) {
    this(layerMap, firstMap, List.of(), false, true);
  }

  @Override
  public Optional<Rule> rule(Context context, String name, Layer layer) {
    if (context.get(FOUND) == null) {
      Optional<Rule> rule = LayerMapComposite.first(firstMap, layer);
      if (rule.isPresent()) {
        context.put(FOUND, name);
        return rule;
      }
    }
    return LayerMapComposite.first(layerMap, layer);
  }

  @Override
  public List<String> check(Program program) {
    List<String> findings = new ArrayList<>(Names.unknownTypes(firstMap, program, strict));
    findings.addAll(Names.unknownTypes(layerMap, program, strict));
    return findings;
  }

  @Override
  public Composite withCanonizers(List<Canonizer> others) {
    return new SpecialFirstLayerMapComposite(layerMap, firstMap, others, functional, strict);
  }

  @Override
  public Composite withFunctional(boolean other) {
    return new SpecialFirstLayerMapComposite(layerMap, firstMap, canonizers, other, strict);
  }
}
