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
import org.zennit4j.analyzers.Analyzer;
import org.zennit4j.analyzers.MethodAnalyzer;
import org.zennit4j.analyzers.MethodOptions;
import org.zennit4j.bindings.LibTorch;
import org.zennit4j.images.Heatmap;
import org.zennit4j.images.Panels;
import org.zennit4j.images.Preprocessing;
import org.zennit4j.images.RgbImage;
import org.zennit4j.model.ScriptModel;

/** A photograph explained by eight of SignXAI's methods, in one picture. */
public final class CompareMethods {
  private CompareMethods() {}

  static Map<String, MethodOptions> methods() {
    Map<String, MethodOptions> all = new LinkedHashMap<>();
    all.put("gradient_x_sign", MethodOptions.none());
    all.put("smoothgrad_samples_10", MethodOptions.none());
    all.put("guided_backprop", MethodOptions.none());
    all.put("grad_cam", MethodOptions.none());
    all.put("guided_grad_cam", MethodOptions.none());
    all.put("flatlrp_alpha_1_beta_0", MethodOptions.none());
    all.put("zblrp_gamma", MethodOptions.of("low", -1).with("high", 1));
    all.put("lrpsign_z_plus", MethodOptions.none());
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
    Panels panels = Panels.empty().withColumns(3).with("photograph", preprocessing.photo(photo));
    try (PointerScope scope = new PointerScope();
        ScriptModel model = ScriptModel.load(Path.of(args[0]))) {
      Tensor input = preprocessing.toTensor(photo);
      for (Map.Entry<String, MethodOptions> entry : methods().entrySet()) {
        try (Analyzer method = new MethodAnalyzer(model, entry.getKey(), entry.getValue())) {
          panels = panels.with(entry.getKey(), Heatmap.of(method.analyze(input)).picture());
        }
      }
    }
    panels.draw().writePng(Path.of(args[2]));
  }
}
