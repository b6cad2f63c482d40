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
 * Gives rules by name where a name matches, else by type.
 *
 * @param nameMap names to rules
 * @param layerMap types to rules
 * @param canonizers run before, in order
 * @param functional whether functional operators are layers too
 * @param strict whether an unknown name or type is an error; otherwise it is a finding
 */
public record NameLayerMapComposite(
    List<MapEntry> nameMap,
    List<MapEntry> layerMap,
    List<Canonizer> canonizers,
    boolean functional,
    boolean strict)
    implements Composite {
  /**
   * Copies the lists.
   *
   * @param nameMap {@link #nameMap()}
   * @param layerMap {@link #layerMap()}
   * @param canonizers {@link #canonizers()}
   * @param functional {@link #functional()}
   * @param strict {@link #strict()}
   */
  public NameLayerMapComposite {
    nameMap = List.copyOf(nameMap);
    layerMap = List.copyOf(layerMap);
    canonizers = List.copyOf(canonizers);
  }

  /**
   * A strict composite without canonizers.
   *
   * @param nameMap names to rules
   * @param layerMap types to rules
   */
  public NameLayerMapComposite(List<MapEntry> nameMap, List<MapEntry> layerMap) {
    this(nameMap, layerMap, List.of(), false, true);
  }

  @Override
  public Optional<Rule> rule(Context context, String name, Layer layer) {
    Optional<Rule> named = NameMapComposite.first(nameMap, name);
    return named.isPresent() ? named : LayerMapComposite.first(layerMap, layer);
  }

  @Override
  public List<String> check(Program program) {
    List<String> findings = new ArrayList<>(NameMapComposite.check(nameMap, program, strict));
    findings.addAll(Names.unknownTypes(layerMap, program, strict));
    return findings;
  }

  @Override
  public Composite withCanonizers(List<Canonizer> others) {
    return new NameLayerMapComposite(nameMap, layerMap, others, functional, strict);
  }

  @Override
  public Composite withFunctional(boolean other) {
    return new NameLayerMapComposite(nameMap, layerMap, canonizers, other, strict);
  }
}
