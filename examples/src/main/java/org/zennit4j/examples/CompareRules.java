/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.examples;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.zennit4j.attribution.Attribution;
import org.zennit4j.attribution.AttributionOptions;
import org.zennit4j.attribution.Gradient;
import org.zennit4j.attribution.Target;
import org.zennit4j.bindings.LibTorch;
import org.zennit4j.composites.Canonizers;
import org.zennit4j.composites.Composite;
import org.zennit4j.composites.Composites;
import org.zennit4j.composites.MapEntry;
import org.zennit4j.composites.PresetArguments;
import org.zennit4j.composites.Types;
import org.zennit4j.images.Heatmap;
import org.zennit4j.images.Panels;
import org.zennit4j.images.Preprocessing;
import org.zennit4j.images.RgbImage;
import org.zennit4j.model.ScriptModel;
import org.zennit4j.rules.AlphaBeta;
import org.zennit4j.rules.Epsilon;
import org.zennit4j.rules.Flat;
import org.zennit4j.rules.Gamma;
import org.zennit4j.rules.Rule;
import org.zennit4j.rules.WSquare;
import org.zennit4j.rules.ZBox;
import org.zennit4j.rules.ZPlus;
import org.zennit4j.runtime.LayerRelevance;

/**
 * What one rule does at one depth: the rule of the first convolution changes while all others are
 * ZPlus, then the rule of all others changes while the first one has Flat. A second picture shows
 * the relevance on its way from the last block to the pixels.
 */
public final class CompareRules {
  private CompareRules() {}

  /** Rules for the first convolution. */
  static Map<String, Rule> first() {
    Map<String, Rule> rules = new LinkedHashMap<>();
    rules.put("first: ZPlus", new ZPlus());
    rules.put("first: ZBox(-1, 1)", new ZBox(-1, 1));
    rules.put("first: WSquare", new WSquare());
    rules.put("first: Flat", new Flat());
    return rules;
  }

  /** Rules for all other convolutions. */
  static Map<String, Rule> others() {
    Map<String, Rule> rules = new LinkedHashMap<>();
    rules.put("others: Epsilon", new Epsilon());
    rules.put("others: Gamma(0.25)", new Gamma(0.25));
    rules.put("others: ZPlus", new ZPlus());
    rules.put("others: AlphaBeta(2, 1)", new AlphaBeta(2, 1));
    return rules;
  }

  private static Composite composite(Rule first, Rule others) {
    return Composites.epsilonPlusFlat(
            PresetArguments.defaults()
                .withFirstMap(List.of(new MapEntry(List.of(Types.CONVOLUTION), first)))
                .withLayerMap(List.of(new MapEntry(List.of(Types.CONVOLUTION), others))))
        .withCanonizers(Canonizers.mergeBatchNorm(), Canonizers.residualSum())
        .withFunctional(true);
  }

  private static Panels depths(ScriptModel model, Tensor input) {
    String[] layers = {"features.8.2", "features.6.0", "features.4.0", "features.2.0"};
    Panels panels = Panels.empty().withColumns(layers.length + 1).withMinimumSide(224);
    try (Gradient gradient = new Gradient(model, composite(new Flat(), new ZPlus()));
        Attribution a =
            gradient.attribute(
                List.of(input), Target.top1(), AttributionOptions.defaults().withLayers(layers))) {
      for (String layer : layers) {
        LayerRelevance there = a.at(layer).orElseThrow();
        panels = panels.with(layer, Heatmap.of(there.outputs().get(0)).picture());
      }
      return panels.with("pixels", Heatmap.of(a.relevance()).picture());
    }
  }

  /**
   * Writes two pictures.
   *
   * @param args EfficientNet-Lite0, a photograph, the picture of the rules, the picture of the
   *     depths
   */
  public static void main(String[] args) {
    LibTorch.load();
    Preprocessing preprocessing = Preprocessing.EFFICIENTNET_LITE0;
    Panels panels = Panels.empty().withColumns(4);
    try (PointerScope scope = new PointerScope();
        ScriptModel model = ScriptModel.load(Path.of(args[0]))) {
      Tensor input = preprocessing.toTensor(RgbImage.read(Path.of(args[1])));
      Map<String, Composite> all = new LinkedHashMap<>();
      first().forEach((title, rule) -> all.put(title, composite(rule, new ZPlus())));
      others().forEach((title, rule) -> all.put(title, composite(new Flat(), rule)));
      for (Map.Entry<String, Composite> entry : all.entrySet()) {
        try (Gradient gradient = new Gradient(model, entry.getValue());
            Attribution a = gradient.attribute(input, Target.top1())) {
          panels = panels.with(entry.getKey(), Heatmap.of(a.relevance()).picture());
        }
      }
      panels.draw().writePng(Path.of(args[2]));
      depths(model, input).draw().writePng(Path.of(args[3]));
    }
  }
}
