/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.composites;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.zennit4j.graph.DataFlow;
import org.zennit4j.graph.Layer;
import org.zennit4j.graph.Program;
import org.zennit4j.graph.ProgramEditor;
import org.zennit4j.graph.Region;
import org.zennit4j.registry.Entry;

/**
 * Merges batch normalisations into the linear module that is registered right before them, as
 * Zennit's canonizer of that name. A pair that does not follow each other when the network runs is
 * refused: merging it would change what the network computes. A normalisation of another axis than
 * that of the layer's outputs stays as it is, where Zennit merges it all the same.
 */
public record SequentialMergeBatchNorm() implements Canonizer {
  @Override
  public Program apply(Program program) {
    DataFlow flow = program.dataFlow();
    Map<Region, BatchNormMerge.Partner> pairs = new LinkedHashMap<>();
    List<Layer> leaves = program.layers().stream().filter(Layer::leaf).toList();
    for (int i = 1; i < leaves.size(); i++) {
      if (leaves.get(i - 1).matches(Types.LINEAR) && leaves.get(i).matches(Types.BATCH_NORM)) {
        match(program, flow, pairs, List.of(leaves.get(i - 1)), leaves.get(i), name());
      }
    }
    return merged(program, pairs);
  }

  /** Merges pairs of normalisations and linear operators, all of which were found to match. */
  static Program merged(Program program, Map<Region, BatchNormMerge.Partner> pairs) {
    if (pairs.isEmpty()) {
      return program;
    }
    try (ProgramEditor editor = program.edit()) {
      pairs.forEach((norm, partner) -> BatchNormMerge.merge(editor, partner, norm));
      return editor.apply();
    }
  }

  /**
   * Finds the operators into which a normalisation at all its calls is merged, among the layers
   * that are named before it, or refuses.
   */
  static void match(
      Program program,
      DataFlow flow,
      Map<Region, BatchNormMerge.Partner> pairs,
      List<Layer> linears,
      Layer norm,
      String canonizer) {
    for (Region call : program.regions(norm)) {
      Region region = normalization(program, call);
      if (region.batchNorm().isEmpty()) {
        if (region.operators().isEmpty()) {
          continue;
        }
        throw new CompositeException(
            canonizer + ": '" + norm.name() + "' is no batch normalisation in evaluation mode");
      }
      Optional<BatchNormMerge.Partner> partner = BatchNormMerge.partner(program, region, flow);
      if (partner.isEmpty() || !belongs(partner.get().linear(), linears)) {
        throw new CompositeException(
            canonizer
                + ": '"
                + norm.name()
                + "' cannot be merged into '"
                + String.join("', '", linears.stream().map(Layer::name).toList())
                + "', since it does not normalise that layer's output alone; use merge_batch_norm");
      }
      if (partner.get().agrees()) {
        pairs.put(region, partner.get());
      }
    }
  }

  /** A class may normalise and then do more, such as activate: what normalises is merged. */
  private static Region normalization(Program program, Region call) {
    if (call.batchNorm().isPresent()) {
      return call;
    }
    List<Region> inside =
        program.regions().stream()
            .filter(region -> region.isOperator() && region.batchNorm().isPresent())
            .filter(region -> BatchNormMerge.isWithin(region, call))
            .toList();
    return inside.size() == 1 ? inside.get(0) : call;
  }

  private static boolean belongs(Region operator, List<Layer> layers) {
    for (Optional<Region> r = Optional.of(operator); r.isPresent(); r = r.get().parent()) {
      if (layers.contains(r.get().layer())) {
        return true;
      }
    }
    return false;
  }

  @Override
  public String name() {
    return "sequential_merge_batch_norm";
  }

  /** The canonizer by name. */
  static Entry<Canonizer> entry() {
    return Entry.of(
        "sequential_merge_batch_norm",
        SequentialMergeBatchNorm.class,
        "merges batch normalisations in the order of registration",
        v -> new SequentialMergeBatchNorm());
  }
}
