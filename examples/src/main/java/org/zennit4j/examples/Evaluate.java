/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.examples;

import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.zennit4j.attribution.Attribution;
import org.zennit4j.attribution.Gradient;
import org.zennit4j.attribution.Target;
import org.zennit4j.composites.Composites;
import org.zennit4j.composites.Plan;
import org.zennit4j.metrics.Maps;
import org.zennit4j.metrics.Metric;
import org.zennit4j.metrics.Metrics;
import org.zennit4j.metrics.Result;
import org.zennit4j.metrics.Scorer;
import org.zennit4j.metrics.Subject;
import org.zennit4j.model.ScriptModel;

/** Measures whether the maps of a composite are right. */
public final class Evaluate {
  private Evaluate() {}

  /** LRP of any model, as a function from inputs to maps. */
  static Maps lrp(ScriptModel model) {
    Plan plan = Plan.of(model, Composites.epsilonPlus());
    Gradient attributor = new Gradient(plan);
    return new Maps() {
      @Override
      public Tensor of(Tensor inputs, int[] classes) {
        try (Attribution found = attributor.attribute(inputs, Target.classes(classes))) {
          return found.relevance().clone();
        }
      }

      @Override
      public void close() {
        attributor.close();
        plan.close();
      }
    };
  }

  /**
   * Prints three metrics.
   *
   * @param args a model that takes pictures of 28 x 28
   */
  public static void main(String[] args) {
    Path file = Path.of(args.length > 0 ? args[0] : "examples/models/fashion_cnn.pt");
    try (PointerScope scope = new PointerScope();
        ScriptModel model = ScriptModel.load(file);
        Maps explainer = lrp(model)) {
      Tensor inputs = torch.rand(8, 1, 28, 28);
      int[] classes = Target.topClasses(model.run(inputs).get(0));
      Tensor maps = explainer.of(inputs, classes);
      measure(model, inputs, classes, maps, explainer);
    }
  }

  private static void measure(
      ScriptModel model, Tensor inputs, int[] classes, Tensor maps, Maps explainer) {
    Subject subject =
        Subject.of(Scorer.of(model), inputs, classes, maps)
            .withExplainer(explainer)
            .withMethod(model, Evaluate::lrp);
    for (String name : List.of("pixel_flipping", "max_sensitivity", "parameter_randomization")) {
      Metric metric = Metrics.registry().get(name).create(Map.of());
      Result result = metric.evaluate(subject);
      System.out.printf(
          Locale.ROOT, "%s: %.3f, %s%n", name, result.median(), metric.direction().words());
    }
  }
}
