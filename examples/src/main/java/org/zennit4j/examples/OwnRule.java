/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.examples;

import java.nio.file.Path;
import java.util.List;
import java.util.function.UnaryOperator;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.zennit4j.attribution.Attribution;
import org.zennit4j.attribution.Gradient;
import org.zennit4j.attribution.Target;
import org.zennit4j.bindings.LibTorch;
import org.zennit4j.composites.Composite;
import org.zennit4j.composites.LayerMapComposite;
import org.zennit4j.composites.MapEntry;
import org.zennit4j.composites.Types;
import org.zennit4j.model.ScriptModel;
import org.zennit4j.rules.BasicRule;
import org.zennit4j.rules.BasicRule.Modification;
import org.zennit4j.rules.Epsilon;
import org.zennit4j.rules.ParameterModifier;
import org.zennit4j.rules.Pass;
import org.zennit4j.rules.Rule;
import org.zennit4j.rules.Stabilizer;

/** A rule of one's own: LRP-gamma as first published, for inputs that are never negative. */
public final class OwnRule {
  private OwnRule() {}

  static Rule gamma(double gamma) {
    Stabilizer stabilizer = Stabilizer.of(1e-6);
    ParameterModifier favourPositive =
        (p, name) -> p.add(p.clamp_min(new Scalar(0)), new Scalar(gamma));
    return new BasicRule(
        "own_gamma",
        List.of(new Modification(UnaryOperator.identity(), favourPositive)),
        (relevance, outputs) -> List.of(relevance.div(stabilizer.apply(outputs.get(0)))),
        (inputs, gradients) -> inputs.get(0).mul(gradients.get(0)));
  }

  /**
   * Explains a series with the rule.
   *
   * @param args the ECG network
   */
  public static void main(String[] args) {
    LibTorch.load();
    try (PointerScope scope = new PointerScope();
        ScriptModel model = ScriptModel.load(Path.of(args[0]))) {
      Composite composite =
          new LayerMapComposite(
              List.of(
                  MapEntry.of(new Pass(), Types.ACTIVATION, Types.BATCH_NORM),
                  MapEntry.of(gamma(0.25), Types.CONVOLUTION),
                  MapEntry.of(new Epsilon(), Types.TORCH_LINEAR)));
      Tensor beat = torch.rand(new long[] {1, 1, 256});
      try (Gradient gradient = new Gradient(model, composite);
          Attribution attribution = gradient.attribute(beat, Target.classes(1))) {
        System.out.println(attribution.rules().keySet());
        System.out.println("sum " + attribution.relevance().sum().item_double());
      }
    }
  }
}
