/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.composites;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.zennit4j.graph.DataFlow;
import org.zennit4j.graph.Program;
import org.zennit4j.graph.ProgramEditor;
import org.zennit4j.graph.Region;
import org.zennit4j.registry.Entry;

/**
 * Makes a layer of type Sum of every addition of two tensors that both depend on the input. It is
 * named {@code <module>.canonizer_sum}, from the second one in a module on {@code
 * .canonizer_sum#1}, ... Without it each summand gets the whole relevance of the sum. Summands
 * whose shapes differ when the network runs keep their gradient.
 */
public record ResidualSum() implements Canonizer {
  static final String SUFFIX = "canonizer_sum";

  @Override
  public Program apply(Program program) {
    DataFlow flow = program.dataFlow();
    try (ProgramEditor editor = program.edit()) {
      Map<String, Integer> counts = new HashMap<>();
      for (Region region : program.regions()) {
        if (isSum(region, flow) && region.layer().functional()) {
          int k = counts.merge(region.path(), 1, Integer::sum) - 1;
          label(editor, region, sumName(region.path()) + (k == 0 ? "" : "#" + k), List.of());
        }
      }
      return editor.isEmpty() ? program : editor.apply();
    }
  }

  /** Makes a layer of type Sum of an operator. */
  static void label(ProgramEditor editor, Region sum, String name, List<Integer> order) {
    editor.label(sum, name, "zennit.layer.Sum", Set.of("Sum"), order);
  }

  static String sumName(String path) {
    return path.isEmpty() ? SUFFIX : path + "." + SUFFIX;
  }

  static boolean isSum(Region region, DataFlow flow) {
    return region.isOperator()
        && region.operators().get(0).equals("aten::add")
        && flow.dependsOnInput(region, 0)
        && flow.dependsOnInput(region, 1)
        && region.number("alpha").orElse(0) == 1;
  }

  @Override
  public String name() {
    return "residual_sum";
  }

  /** The canonizer by name. */
  static Entry<Canonizer> entry() {
    return Entry.of(
        "residual_sum", ResidualSum.class, "makes sums of additions", v -> new ResidualSum());
  }
}
