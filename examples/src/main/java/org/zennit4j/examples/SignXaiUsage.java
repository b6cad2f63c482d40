/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.examples;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.zennit4j.analyzers.AdvancedLRPAnalyzer;
import org.zennit4j.analyzers.Analyzer;
import org.zennit4j.analyzers.LRPAnalyzer;
import org.zennit4j.analyzers.LRPSequential;
import org.zennit4j.bindings.LibTorch;
import org.zennit4j.images.Panels;
import org.zennit4j.images.Preprocessing;
import org.zennit4j.images.RelevanceMaps;
import org.zennit4j.images.RgbImage;
import org.zennit4j.model.ScriptModel;

/** A photograph under SignXAI's analyzers, each map laid over it. */
public final class SignXaiUsage {
  private SignXaiUsage() {}

  static Map<String, Analyzer> analyzers(ScriptModel model) {
    Map<String, Analyzer> all = new LinkedHashMap<>();
    all.put("LRP-epsilon 0.1", new LRPAnalyzer(model, "epsilon", 0.1));
    all.put("alpha 1, beta 0", new AdvancedLRPAnalyzer(model, "alpha1beta0"));
    all.put("alpha 2, beta 1", new AdvancedLRPAnalyzer(model, "alpha2beta1"));
    all.put("sequential", new LRPSequential(model, "flat", "alphabeta", "epsilon"));
    return all;
  }

  static RgbImage overlay(RgbImage photo, Tensor relevance) {
    Tensor map = RelevanceMaps.aggregate(relevance).squeeze(0);
    Tensor heatmap = RelevanceMaps.relevanceToHeatmap(RelevanceMaps.normalizeRelevanceMap(map));
    Tensor pixels = photo.toTensor().to(heatmap.scalar_type()).div(new Scalar(255));
    return RgbImage.of(RelevanceMaps.overlayHeatmap(pixels, heatmap, 0.5));
  }

  /**
   * Writes four overlays side by side.
   *
   * @param args EfficientNet-Lite0, a photograph, the picture to write
   */
  public static void main(String[] args) {
    LibTorch.load();
    Preprocessing preprocessing = Preprocessing.EFFICIENTNET_LITE0;
    RgbImage photo = RgbImage.read(Path.of(args[1]));
    Panels panels = Panels.empty();
    try (PointerScope scope = new PointerScope();
        ScriptModel model = ScriptModel.load(Path.of(args[0]))) {
      Tensor input = preprocessing.toTensor(photo);
      for (Map.Entry<String, Analyzer> entry : analyzers(model).entrySet()) {
        try (Analyzer analyzer = entry.getValue()) {
          RgbImage picture = overlay(preprocessing.photo(photo), analyzer.analyze(input));
          panels = panels.with(entry.getKey(), picture);
        }
      }
    }
    panels.draw().writePng(Path.of(args[2]));
  }
}
