/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.examples;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.zennit4j.attribution.Attribution;
import org.zennit4j.attribution.Gradient;
import org.zennit4j.attribution.Target;
import org.zennit4j.bindings.LibTorch;
import org.zennit4j.composites.Canonizers;
import org.zennit4j.composites.Composite;
import org.zennit4j.composites.Composites;
import org.zennit4j.composites.EmptyComposite;
import org.zennit4j.images.Heatmap;
import org.zennit4j.images.Panels;
import org.zennit4j.images.Preprocessing;
import org.zennit4j.images.RgbImage;
import org.zennit4j.model.ScriptModel;

/** The same photograph under several composites, in one picture. */
public final class CompareComposites {
  private CompareComposites() {}

  static Map<String, Composite> composites() {
    Map<String, Composite> all = new LinkedHashMap<>();
    all.put("plain gradient", new EmptyComposite());
    all.put("guided_backprop", Composites.guidedBackprop());
    all.put("excitation_backprop", Composites.excitationBackprop());
    all.put("epsilon_plus", Composites.epsilonPlus());
    all.put("epsilon_plus_flat", Composites.epsilonPlusFlat());
    all.put("epsilon_alpha2_beta1_flat", Composites.epsilonAlpha2Beta1Flat());
    all.put("epsilon_gamma_box", Composites.epsilonGammaBox(-1, 1));
    return all;
  }

  /**
   * Writes a picture.
   *
   * @param args EfficientNet-Lite0, a photograph, the picture to write
   */
  public static void main(String[] args) {
    LibTorch.load();
    Preprocessing preprocessing = Preprocessing.EFFICIENTNET_LITE0;
    RgbImage photo = RgbImage.read(Path.of(args[1]));
    Panels panels = Panels.empty().withColumns(4).with("photograph", preprocessing.photo(photo));
    try (PointerScope scope = new PointerScope();
        ScriptModel model = ScriptModel.load(Path.of(args[0]))) {
      Tensor input = preprocessing.toTensor(photo);
      for (Map.Entry<String, Composite> entry : composites().entrySet()) {
        Composite composite =
            entry
                .getValue()
                .withCanonizers(Canonizers.mergeBatchNorm(), Canonizers.residualSum())
                .withFunctional(true);
        try (Gradient gradient = new Gradient(model, composite);
            Attribution a = gradient.attribute(input, Target.top1())) {
          panels = panels.with(entry.getKey(), Heatmap.of(a.relevance()).picture());
        }
      }
    }
    panels.draw().writePng(Path.of(args[2]));
  }
}
