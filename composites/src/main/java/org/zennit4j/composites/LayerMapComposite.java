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
 * Gives rules by the type of a layer; the first entry that matches wins.
 *
 * @param layerMap types to rules
 * @param canonizers run before, in order
 * @param functional whether functional operators are layers too
 * @param strict whether an unknown type is an error; otherwise it is a finding
 */
public record LayerMapComposite(
    List<MapEntry> layerMap, List<Canonizer> canonizers, boolean functional, boolean strict)
    implements Composite {
  /**
   * Copies the lists.
   *
   * @param layerMap {@link #layerMap()}
   * @param canonizers {@link #canonizers()}
   * @param functional {@link #functional()}
   * @param strict {@link #strict()}
   */
  public LayerMapComposite {
    layerMap = List.copyOf(layerMap);
    canonizers = List.copyOf(canonizers);
  }

  /**
   * A strict composite without canonizers.
   *
   * @param layerMap types to rules
   */
  public LayerMapComposite(List<MapEntry> layerMap) {
    this(layerMap, List.of(), false, true);
  }

  @Override
  public Optional<Rule> rule(Context context, String name, Layer layer) {
    return first(layerMap, layer);
  }

  static Optional<Rule> first(List<MapEntry> entries, Layer layer) {
    return entries.stream().filter(e -> e.matchesType(layer)).map(MapEntry::rule).findFirst();
  }

  @Override
  public List<String> check(Program program) {
    return Names.unknownTypes(layerMap, program, strict);
  }

  @Override
  public Composite withCanonizers(List<Canonizer> others) {
    return new LayerMapComposite(layerMap, others, functional, strict);
  }

  @Override
  public Composite withFunctional(boolean other) {
    return new LayerMapComposite(layerMap, canonizers, other, strict);
  }
}
