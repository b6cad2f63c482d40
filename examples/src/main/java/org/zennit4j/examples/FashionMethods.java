/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.examples;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.zennit4j.analyzers.Analyzer;
import org.zennit4j.analyzers.LRPSequential;
import org.zennit4j.attribution.Attribution;
import org.zennit4j.attribution.Target;
import org.zennit4j.bindings.LibTorch;
import org.zennit4j.images.ColorOrder;
import org.zennit4j.images.Heatmap;
import org.zennit4j.images.Panels;
import org.zennit4j.images.Preprocessing;
import org.zennit4j.images.RgbImage;
import org.zennit4j.model.ScriptModel;

/** A batch of small pictures, explained at once. */
public final class FashionMethods {
  private static final List<String> CLASSES =
      List.of(
          "T-shirt",
          "trouser",
          "pullover",
          "dress",
          "coat",
          "sandal",
          "shirt",
          "sneaker",
          "bag",
          "ankle boot");

  private FashionMethods() {}

  /**
   * Writes a picture: above what the network sees, below what it looks at.
   *
   * @param args the Fashion-MNIST network, the picture to write, pictures of 28x28 pixels
   */
  public static void main(String[] args) {
    LibTorch.load();
    Preprocessing preprocessing = Preprocessing.UNIT.withColorOrder(ColorOrder.GREY);
    List<RgbImage> photos =
        Arrays.stream(args).skip(2).map(file -> RgbImage.read(Path.of(file))).toList();
    try (PointerScope scope = new PointerScope();
        ScriptModel model = ScriptModel.load(Path.of(args[0]));
        // Pixels lie between 0 and 1, as zbox expects.
        Analyzer method = new LRPSequential(model, "zbox", "alphabeta", "epsilon")) {
      Tensor batch = preprocessing.toTensor(photos);
      try (Attribution a = method.attribute(batch)) {
        int[] found = Target.topClasses(a.output());
        Panels panels = Panels.empty().withColumns(photos.size());
        for (int i = 0; i < photos.size(); i++) {
          panels = panels.with(CLASSES.get(found[i]), photos.get(i));
        }
        for (Heatmap heatmap : Heatmap.ofBatch(a.relevance())) {
          panels = panels.with("", heatmap.picture());
        }
        panels.draw().writePng(Path.of(args[1]));
        System.out.println(Arrays.stream(found).mapToObj(CLASSES::get).toList());
      }
    }
  }
}
