/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.composites;

import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import org.zennit4j.graph.DataFlow;
import org.zennit4j.graph.Program;
import org.zennit4j.graph.ProgramEditor;
import org.zennit4j.graph.Region;
import org.zennit4j.registry.Entry;

/**
 * Merges each batch normalisation into the linear layer whose output it alone uses, wherever both
 * are registered, module or functional, also where axes are moved between the two. A normalisation
 * that follows anything else stays as it is. The merged layer remains as one that hands on its
 * input.
 */
public record MergeBatchNorm() implements Canonizer {
  @Override
  public Program apply(Program program) {
    DataFlow flow = program.dataFlow();
    try (ProgramEditor editor = program.edit()) {
      Set<Integer> merged = new HashSet<>();
      for (Region region : program.regions()) {
        boolean inside = region.parent().isPresent() && merged.contains(region.parent().get().id());
        if (inside) {
          merged.add(region.id());
          continue;
        }
        if (region.batchNorm().isPresent()) {
          Optional<BatchNormMerge.Partner> partner = BatchNormMerge.partner(program, region, flow);
          if (partner.isPresent() && partner.get().agrees()) {
            BatchNormMerge.merge(editor, partner.get(), region);
            merged.add(region.id());
          }
        }
      }
      return editor.isEmpty() ? program : editor.apply();
    }
  }

  @Override
  public String name() {
    return "merge_batch_norm";
  }

  /** The canonizer by name. */
  static Entry<Canonizer> entry() {
    return Entry.of(
        "merge_batch_norm",
        MergeBatchNorm.class,
        "merges batch normalisations by data flow",
        v -> new MergeBatchNorm());
  }
}
