/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.composites;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.zennit4j.bindings.internal.NearestNames;
import org.zennit4j.graph.DataFlow;
import org.zennit4j.graph.Layer;
import org.zennit4j.graph.Program;
import org.zennit4j.graph.Region;
import org.zennit4j.registry.Argument;
import org.zennit4j.registry.Entry;

/**
 * Merges batch normalisations into the linear modules that are named, as Zennit's canonizer of that
 * name.
 *
 * @param pairs which normalisation goes into which modules
 */
public record NamedMergeBatchNorm(List<Pair> pairs) implements Canonizer {
  /**
   * A normalisation and the modules before it.
   *
   * @param linears names of linear modules, each followed by the normalisation
   * @param norm the normalisation's name
   */
  public record Pair(List<String> linears, String norm) {
    /**
     * Copies the list.
     *
     * @param linears {@link #linears()}
     * @param norm {@link #norm()}
     */
    public Pair {
      linears = List.copyOf(linears);
    }
  }

  /**
   * Copies the list.
   *
   * @param pairs {@link #pairs()}
   */
  public NamedMergeBatchNorm {
    pairs = List.copyOf(pairs);
  }

  @Override
  public Program apply(Program program) {
    DataFlow flow = program.dataFlow();
    Map<Region, Region> matches = new LinkedHashMap<>();
    for (Pair pair : pairs) {
      List<Layer> linears = pair.linears().stream().map(n -> layer(program, n)).toList();
      SequentialMergeBatchNorm.match(
          program, flow, matches, linears, layer(program, pair.norm()), name());
    }
    return SequentialMergeBatchNorm.merged(program, matches);
  }

  private Layer layer(Program program, String name) {
    return program
        .layer(name)
        .orElseThrow(
            () ->
                new CompositeException(
                    name()
                        + ": there is no module '"
                        + name
                        + "'; the nearest: "
                        + NearestNames.list(
                            name, program.layers().stream().map(Layer::name).toList())));
  }

  @Override
  public String name() {
    return "named_merge_batch_norm";
  }

  @Override
  public Map<String, Object> arguments() {
    return Map.of("name_map", pairs);
  }

  /** The canonizer by name. */
  static Entry<Canonizer> entry() {
    return Entry.of(
        "named_merge_batch_norm",
        NamedMergeBatchNorm.class,
        "merges batch normalisations that are named",
        v -> new NamedMergeBatchNorm(v.list("name_map", Pair.class)),
        Argument.needed("name_map", Argument.Kind.NAME_PAIRS));
  }
}
