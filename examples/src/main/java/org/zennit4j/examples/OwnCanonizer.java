/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.examples;

import java.nio.file.Path;
import java.util.Map;
import org.zennit4j.bindings.LibTorch;
import org.zennit4j.composites.Canonizer;
import org.zennit4j.composites.Composites;
import org.zennit4j.composites.Plan;
import org.zennit4j.graph.Program;
import org.zennit4j.graph.ProgramEditor;
import org.zennit4j.graph.Region;
import org.zennit4j.model.ScriptModel;

/** A canonizer of one's own: leaves out modules of a class, such as dropout. */
public final class OwnCanonizer {
  private OwnCanonizer() {}

  static Canonizer without(String className) {
    return program -> {
      try (ProgramEditor editor = program.edit()) {
        for (Region region : program.regions()) {
          if (region.layer().matches(className)) {
            editor.bypass(region);
          }
        }
        return editor.isEmpty() ? program : editor.apply();
      }
    };
  }

  /** Softplus(beta x) / beta in the place of each ReLU: a gradient without kinks. */
  static Canonizer softplus(double beta) {
    return program -> {
      try (ProgramEditor editor = program.edit()) {
        for (Region region : program.regions()) {
          if (region.layer().matches("torch.nn.ReLU")) {
            editor.replace(region, w -> w.call("aten::softplus", w.argument(0), beta));
          }
        }
        return editor.isEmpty() ? program : editor.apply();
      }
    };
  }

  private static long count(Program program, String operator) {
    return program.regions().stream()
        .filter(region -> region.isOperator() && region.operators().contains(operator))
        .count();
  }

  /**
   * Prints what was there and what is left.
   *
   * @param args a model
   */
  public static void main(String[] args) {
    LibTorch.load();
    Map<String, Canonizer> canonizers =
        Map.of("aten::dropout", without("torch.nn.Dropout"), "aten::softplus", softplus(10));
    try (ScriptModel model = ScriptModel.load(Path.of(args[0]))) {
      canonizers.forEach(
          (operator, canonizer) -> {
            try (Plan plan = Plan.of(model, Composites.epsilonPlus().withCanonizers(canonizer))) {
              long before = count(model.program(), operator);
              System.out.println(
                  operator + " " + before + " -> " + count(plan.program(), operator));
            }
          });
    }
  }
}
