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
import org.bytedeco.pytorch.global.torch;
import org.zennit4j.attribution.Attribution;
import org.zennit4j.attribution.AttributionOptions;
import org.zennit4j.attribution.Gradient;
import org.zennit4j.attribution.Target;
import org.zennit4j.bindings.LibTorch;
import org.zennit4j.composites.Composites;
import org.zennit4j.model.ScriptModel;

/** A network that looks at an image and at four numbers: one map for each of them. */
public final class SeveralInputs {
  private SeveralInputs() {}

  /**
   * Prints how much each input counts.
   *
   * @param args a network with two inputs
   */
  public static void main(String[] args) {
    LibTorch.load();
    try (PointerScope scope = new PointerScope();
        ScriptModel model = ScriptModel.load(Path.of(args[0]));
        Gradient gradient = new Gradient(model, Composites.epsilonPlus())) {
      Tensor image = torch.rand(2, 3, 5, 5).to(model.dtype());
      Tensor numbers = torch.rand(2, 4).to(model.dtype());
      // The first floating tensor of the result is explained, here the only one.
      AttributionOptions options = AttributionOptions.defaults().withOutputSelector(outputs -> 0);
      try (Attribution a =
          gradient.attribute(List.of(image, numbers), Target.classes(2, 4), options)) {
        for (Tensor relevance : a.relevances()) {
          System.out.println(
              Arrays.toString(relevance.shape()) + " " + relevance.abs().sum().item_double());
        }
      }
    }
  }
}
