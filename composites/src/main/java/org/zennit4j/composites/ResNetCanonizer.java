/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.composites;

import java.util.List;
import java.util.Set;
import org.zennit4j.graph.DataFlow;
import org.zennit4j.graph.Program;
import org.zennit4j.graph.ProgramEditor;
import org.zennit4j.graph.Region;
import org.zennit4j.registry.Entry;

/**
 * Zennit's canonizer for torchvision's ResNets: merges batch normalisations as registered, and
 * makes a Sum layer of each block's addition, {@code <block>.canonizer_sum}, the identity being its
 * first input.
 */
public record ResNetCanonizer() implements Canonizer {
  private static final Set<String> BLOCKS =
      Set.of("torchvision.models.resnet.BasicBlock", "torchvision.models.resnet.Bottleneck");

  @Override
  public Program apply(Program program) {
    Program merged = new SequentialMergeBatchNorm().apply(program);
    DataFlow flow = merged.dataFlow();
    try (ProgramEditor editor = merged.edit()) {
      for (Region region : merged.regions()) {
        boolean inBlock =
            region.parent().isPresent()
                && BLOCKS.contains(region.parent().get().layer().className());
        if (inBlock && region.layer().functional() && ResidualSum.isPlainSum(region, flow)) {
          ResidualSum.label(editor, region, ResidualSum.sumName(region.path()), List.of(1, 0));
        }
      }
      if (editor.isEmpty()) {
        return merged;
      }
      Program result = editor.apply();
      return merged == program ? result : result.owning(merged);
    }
  }

  @Override
  public String name() {
    return "resnet";
  }

  /** The canonizer by name. */
  static Entry<Canonizer> entry() {
    return Entry.of(
        "resnet", ResNetCanonizer.class, "Zennit's for ResNets", v -> new ResNetCanonizer());
  }
}
