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
import org.bytedeco.pytorch.global.torch;
import org.zennit4j.attribution.Attribution;
import org.zennit4j.attribution.Attributor;
import org.zennit4j.attribution.Baseline;
import org.zennit4j.attribution.Gradient;
import org.zennit4j.attribution.IntegratedGradients;
import org.zennit4j.attribution.Occlusion;
import org.zennit4j.attribution.SmoothGrad;
import org.zennit4j.attribution.Target;
import org.zennit4j.bindings.LibTorch;
import org.zennit4j.composites.Plan;
import org.zennit4j.model.ScriptModel;

/** The four attributors, each with its settings. */
public final class Attributors {
  private Attributors() {}

  static Map<String, Attributor> all(Plan plan) {
    Map<String, Attributor> all = new LinkedHashMap<>();
    all.put("gradient", new Gradient(plan));
    all.put(
        "smooth_grad",
        new SmoothGrad(
            plan,
            SmoothGrad.Settings.defaults()
                .withNoiseLevel(0.1)
                .withNIter(20)
                .withSeed(42)
                .withBatchSize(5)));
    all.put(
        "integrated_gradients",
        new IntegratedGradients(
            plan,
            IntegratedGradients.Settings.defaults()
                .withNIter(20)
                .withBaseline(Baseline.zeros())
                .withBatchSize(5)));
    all.put(
        "occlusion",
        new Occlusion(
            plan,
            Occlusion.Settings.defaults()
                .withWindow(List.of(4, 4))
                .withStride(List.of(4, 4))
                .withFill(0)
                .withBatchSize(7)));
    return all;
  }

  /**
   * Prints the sum of each map.
   *
   * @param args the Fashion-MNIST network
   */
  public static void main(String[] args) {
    LibTorch.load();
    try (PointerScope scope = new PointerScope();
        ScriptModel model = ScriptModel.load(Path.of(args[0]));
        Plan plan = Plan.gradient(model)) {
      torch.manual_seed(1);
      Tensor images = torch.rand(2, 1, 28, 28);
      all(plan)
          .forEach(
              (name, attributor) -> {
                // Occlusion measures the value of the class; the others start with one.
                Target target = name.equals("occlusion") ? Target.logit(3) : Target.classes(3);
                try (Attribution a = attributor.attribute(images, target)) {
                  System.out.println(name + " " + a.relevance().sum().item_double());
                }
              });
    }
  }
}
