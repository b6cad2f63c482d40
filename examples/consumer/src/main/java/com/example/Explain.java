/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package com.example;

import java.nio.file.Path;
import org.bytedeco.pytorch.Tensor;
import org.zennit4j.attribution.Attribution;
import org.zennit4j.attribution.Gradient;
import org.zennit4j.attribution.Target;
import org.zennit4j.bindings.LibTorch;
import org.zennit4j.model.ScriptModel;
import org.zennit4j.composites.Canonizers;
import org.zennit4j.composites.Composites;
import org.zennit4j.composites.Plan;
import org.zennit4j.images.Heatmap;
import org.zennit4j.images.Preprocessing;
import org.zennit4j.images.RgbImage;

/** Explains a photograph: prints the class and writes the heatmap over the photograph. */
public final class Explain {
  private Explain() {}

  /**
   * Writes a heatmap.
   *
   * @param args model, photograph, picture to write
   */
  public static void main(String[] args) {
    LibTorch.load();
    Preprocessing preprocessing = Preprocessing.EFFICIENTNET_LITE0;
    RgbImage photo = RgbImage.read(Path.of(args[1]));
    // Where several operations make tensors, a scope frees them together.
    try (Tensor input = preprocessing.toTensor(photo);
        ScriptModel model = ScriptModel.load(Path.of(args[0]));
        Plan plan =
            Plan.of(
                model,
                Composites.epsilonPlusFlat()
                    .withCanonizers(Canonizers.mergeBatchNorm(), Canonizers.residualSum()));
        Attribution attribution = new Gradient(plan).attribute(input, Target.top1())) {
      System.out.println("class " + Target.topClasses(attribution.output())[0]);
      Heatmap.of(attribution.relevance())
          .overlay(preprocessing.photo(photo), 0.5)
          .writePng(Path.of(args[2]));
    }
  }
}
