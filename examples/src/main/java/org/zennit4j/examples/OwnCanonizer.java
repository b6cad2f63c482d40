/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.examples;

import java.nio.file.Path;
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

  /**
   * Prints what is left.
   *
   * @param args a model
   */
  public static void main(String[] args) {
    LibTorch.load();
    try (ScriptModel model = ScriptModel.load(Path.of(args[0]));
        Plan plan =
            Plan.of(model, Composites.epsilonPlus().withCanonizers(without("torch.nn.Dropout")))) {
      Program program = plan.program();
      System.out.println(
          program.regions().stream().filter(r -> r.operators().contains("aten::dropout")).count());
    }
  }
}
