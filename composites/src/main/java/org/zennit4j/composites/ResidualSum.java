/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.composites;

import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.zennit4j.graph.DataFlow;
import org.zennit4j.graph.Program;
import org.zennit4j.graph.ProgramEditor;
import org.zennit4j.graph.Region;
import org.zennit4j.registry.Entry;

/**
 * Makes a layer of type Sum of every operator that adds up branches which depend on the input:
 * {@code add} and {@code sub}, also with alpha and with shapes that are broadcast, {@code lerp},
 * {@code addcmul} with a constant factor, and the sum or mean over the axis along which branches
 * were stacked. It is named {@code <module>.canonizer_sum}, from the second one in a module on
 * {@code .canonizer_sum#1}, ... Without it each summand gets the whole relevance of the sum.
 *
 * <p>Multiplications and divisions by something constant that is not zero, next before or behind
 * such a sum, become layers of that type too, named {@code .canonizer_scale}: relevance passes them
 * unscaled. A difference of something and its own mean or maximum, as in normalisations, is left.
 */
public record ResidualSum() implements Canonizer {
  static final String SUFFIX = "canonizer_sum";
  private static final String SCALE = "canonizer_scale";

  @Override
  public Program apply(Program program) {
    Branches branches = new Branches(program.dataFlow());
    List<Region> sums = program.regions().stream().filter(branches::isSum).toList();
    Set<Region> scalings = new HashSet<>();
    sums.forEach(sum -> scalings.addAll(branches.scalings(sum)));
    Set<Region> found = new HashSet<>(sums);
    try (ProgramEditor editor = program.edit()) {
      Map<String, Integer> counts = new HashMap<>();
      for (Region region : program.regions()) {
        boolean sum = found.contains(region);
        if ((sum || scalings.contains(region)) && region.layer().functional()) {
          String name = name(region.path(), sum ? SUFFIX : SCALE);
          int k = counts.merge(name, 1, Integer::sum) - 1;
          String className = sum ? "zennit.layer.Sum" : "zennit4j.layer.Scale";
          String layer = name + (k == 0 ? "" : "#" + k);
          editor.label(region, layer, className, Set.of(Types.SUM), List.of());
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
    return name(path, SUFFIX);
  }

  private static String name(String path, String suffix) {
    return path.isEmpty() ? suffix : path + "." + suffix;
  }

  /** Whether an operator is a sum of two branches as Zennit's canonizer for ResNets knows it. */
  static boolean isPlainSum(Region region, DataFlow flow) {
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
