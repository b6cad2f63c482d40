/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.examples;

import java.nio.file.Path;
import java.util.Arrays;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.zennit4j.attribution.Attribution;
import org.zennit4j.attribution.Gradient;
import org.zennit4j.attribution.Target;
import org.zennit4j.bindings.LibTorch;
import org.zennit4j.composites.Canonizers;
import org.zennit4j.composites.Composites;
import org.zennit4j.composites.Plan;
import org.zennit4j.model.ScriptModel;

/** The five lines of the README, in a program. */
public final class FiveLines {
  private FiveLines() {}

  /**
   * Explains the output of {@code model.pt} in the current folder.
   *
   * @param args the input's shape
   */
  public static void main(String[] args) {
    LibTorch.load();
    try (Tensor input = torch.rand(Arrays.stream(args).mapToLong(Long::parseLong).toArray())) {
      explain(input);
    }
  }

  static void explain(Tensor input) {
    try (ScriptModel model = ScriptModel.load(Path.of("model.pt"));
        Plan plan =
            Plan.of(
                model,
                Composites.epsilonPlusFlat()
                    .withCanonizers(Canonizers.mergeBatchNorm(), Canonizers.residualSum()));
        Attribution a = new Gradient(plan).attribute(input, Target.top1())) {
      show(a.output(), a.relevance());
    }
  }

  private static void show(Tensor output, Tensor relevance) {
    System.out.println("output " + Arrays.toString(output.shape()));
    System.out.println("relevance " + Arrays.toString(relevance.shape()));
  }
}
