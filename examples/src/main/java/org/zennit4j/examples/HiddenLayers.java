/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.examples;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.zennit4j.attribution.Attribution;
import org.zennit4j.attribution.AttributionOptions;
import org.zennit4j.attribution.Gradient;
import org.zennit4j.attribution.Target;
import org.zennit4j.bindings.LibTorch;
import org.zennit4j.composites.Canonizers;
import org.zennit4j.composites.Composites;
import org.zennit4j.composites.Plan;
import org.zennit4j.model.ScriptModel;
import org.zennit4j.runtime.HookHandle;
import org.zennit4j.runtime.LayerRelevance;
import org.zennit4j.runtime.ModuleHook;

/** Relevance at hidden layers, and relevance of one channel alone. */
public final class HiddenLayers {
  private HiddenLayers() {}

  /** Lets only one channel of a layer pass relevance on. */
  static ModuleHook onlyChannel(long channel) {
    return new ModuleHook() {
      @Override
      public List<Tensor> backwardPre(Call call, List<Tensor> gradOutput) {
        Tensor mask = torch.zeros_like(gradOutput.get(0));
        mask.select(1, channel).fill_(new Scalar(1));
        return List.of(gradOutput.get(0).mul(mask));
      }
    };
  }

  /**
   * Prints relevances.
   *
   * @param args the Fashion-MNIST network, a layer's name
   */
  public static void main(String[] args) {
    LibTorch.load();
    String name = args[1];
    try (PointerScope scope = new PointerScope();
        ScriptModel model = ScriptModel.load(Path.of(args[0]));
        Plan plan =
            Plan.of(
                model, Composites.epsilonPlusFlat().withCanonizers(Canonizers.mergeBatchNorm()))) {
      Tensor image = torch.rand(new long[] {1, 1, 28, 28});
      Gradient gradient = new Gradient(plan);
      AttributionOptions options = AttributionOptions.defaults().withLayers(name);
      try (Attribution attribution =
          gradient.attribute(List.of(image), Target.classes(3), options)) {
        LayerRelevance layer = attribution.at(name).orElseThrow();
        System.out.println("arrives " + Arrays.toString(layer.outputs().get(0).shape()));
        System.out.println("passed on " + layer.inputs().get(0).sum().item_double());
      }
      options = options.withLayers(layer -> layer.name().matches("features\\.\\d+"));
      try (Attribution attribution =
          gradient.attribute(List.of(image), Target.classes(3), options)) {
        for (LayerRelevance layer : attribution.layers()) {
          double passed = layer.inputs().get(0).sum().item_double();
          System.out.println(layer.layer() + " passed on " + passed);
        }
      }
      try (HookHandle handle = model.registerHook(name, onlyChannel(0));
          Attribution attribution = gradient.attribute(image, Target.classes(3))) {
        System.out.println("of channel 0 " + attribution.relevance().sum().item_double());
      }
    }
  }
}
