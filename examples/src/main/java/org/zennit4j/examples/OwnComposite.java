/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.examples;

import java.nio.file.Path;
import java.util.Optional;
import org.zennit4j.bindings.LibTorch;
import org.zennit4j.composites.Canonizers;
import org.zennit4j.composites.Composite;
import org.zennit4j.composites.CompositeRegistry;
import org.zennit4j.composites.Composites;
import org.zennit4j.composites.Plan;
import org.zennit4j.composites.PresetArguments;
import org.zennit4j.composites.Types;
import org.zennit4j.model.ScriptModel;
import org.zennit4j.rules.AlphaBeta;
import org.zennit4j.rules.Epsilon;
import org.zennit4j.rules.Pass;

/** Composites of one's own: a lambda, and a name for it. */
public final class OwnComposite {
  private OwnComposite() {}

  static Composite deepAlphaBeta() {
    Composite rules =
        (context, name, layer) -> {
          if (layer.matches(Types.ACTIVATION) || layer.matches(Types.BATCH_NORM)) {
            return Optional.of(new Pass());
          }
          if (layer.matches(Types.LINEAR)) {
            boolean first = context.get("first") == null;
            context.put("first", name);
            return Optional.of(first ? new Epsilon() : new AlphaBeta(2, 1));
          }
          return Optional.empty();
        };
    return rules.withCanonizers(Canonizers.mergeBatchNorm());
  }

  /**
   * Prints which layer gets which rule.
   *
   * @param args a model
   */
  public static void main(String[] args) {
    LibTorch.load();
    CompositeRegistry registry =
        CompositeRegistry.standard().with("deep_alpha_beta", arguments -> deepAlphaBeta());
    try (ScriptModel model = ScriptModel.load(Path.of(args[0]));
        Plan own = Plan.of(model, registry.create("deep_alpha_beta", PresetArguments.defaults()));
        Plan preset = Plan.of(model, Composites.epsilonGammaBox(-1, 1))) {
      own.rules().forEach((name, rule) -> System.out.println(name + " " + rule.name()));
      preset.findings().forEach(System.out::println);
    }
  }
}
