/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.examples;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.LongOptional;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.ScalarTypeOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.zennit4j.attribution.AttentionRollout;
import org.zennit4j.attribution.Attribution;
import org.zennit4j.attribution.AttributorSettings;
import org.zennit4j.attribution.Gradient;
import org.zennit4j.attribution.Target;
import org.zennit4j.bindings.LibTorch;
import org.zennit4j.composites.Canonizers;
import org.zennit4j.composites.Composite;
import org.zennit4j.composites.Composites;
import org.zennit4j.composites.EmptyComposite;
import org.zennit4j.composites.Plan;
import org.zennit4j.images.Heatmap;
import org.zennit4j.images.Panels;
import org.zennit4j.model.ScriptModel;
import org.zennit4j.requests.Npz;

/**
 * Which map names the pixels that the network uses? Patches are set to zero, the most relevant ones
 * first, and the probability of the class falls: the area under that curve is small for a good map.
 */
public final class Faithfulness {
  private static final int PATCH = 4;
  private static final int SIDE = 28;
  private static final int GRID = SIDE / PATCH;

  private Faithfulness() {}

  /** A composite, what to run with it, and whether the map is multiplied with the input. */
  private record Way(Composite composite, AttributorSettings attributor, boolean timesInput) {
    static Way of(Composite composite) {
      return new Way(composite, Gradient.settings(), false);
    }

    Tensor map(ScriptModel model, Tensor images) {
      try (Plan plan = Plan.of(model, composite);
          var runner = attributor.on(plan);
          Attribution a = runner.attribute(images, Target.top1())) {
        return timesInput ? a.relevance().mul(images) : a.relevance().clone();
      }
    }
  }

  private static Map<String, Way> ways(boolean attention) {
    Map<String, Way> all = new LinkedHashMap<>();
    all.put("attn_lrp", Way.of(Composites.attnLrp()));
    all.put("cp_lrp", Way.of(Composites.cpLrp()));
    all.put(
        "epsilon_plus_flat",
        Way.of(
            Composites.epsilonPlusFlat()
                .withCanonizers(Canonizers.mergeBatchNorm(), Canonizers.residualSum())
                .withFunctional(true)));
    all.put("gradient x input", new Way(new EmptyComposite(), Gradient.settings(), true));
    if (attention) {
      for (var weighting : AttentionRollout.Weighting.values()) {
        AttributorSettings settings = new AttentionRollout.Settings(weighting);
        all.put(settings.name(), new Way(Composites.attnLrp(), settings, false));
      }
    }
    return all;
  }

  /** The mean area under the curve of the probability of each image's class. */
  private static double area(ScriptModel model, Tensor images, Tensor map) {
    try (PointerScope scope = new PointerScope()) {
      long n = images.size(0);
      Tensor classes = model.run(images).get(0).argmax(new LongOptional(1), true);
      Tensor patches =
          map.sum(new long[] {1}, false, new ScalarTypeOptional())
              .reshape(n, GRID, PATCH, GRID, PATCH)
              .sum(new long[] {2, 4}, false, new ScalarTypeOptional())
              .reshape(n, GRID * GRID);
      Tensor order = patches.neg().argsort(1, false);
      Tensor left = torch.ones(n, GRID * GRID);
      double area = 0;
      double before = 0;
      for (int step = 0; step <= GRID * GRID; step++) {
        if (step > 0) {
          left.scatter_(1, order.narrow(1, step - 1, 1), new Scalar(0.0));
        }
        Tensor shown =
            left.reshape(n, 1, GRID, 1, GRID, 1)
                .expand(n, 1, GRID, PATCH, GRID, PATCH)
                .reshape(n, 1, SIDE, SIDE);
        Tensor scores = model.run(images.mul(shown)).get(0).softmax(1);
        double now = scores.gather(1, classes).mean().item_double();
        area += step == 0 ? 0 : (before + now) / 2 / (GRID * GRID);
        before = now;
      }
      return area;
    }
  }

  /**
   * Prints a number for each way, and draws their maps of some images.
   *
   * @param args a Fashion-MNIST network, the images, how many of them, "attention" where there is
   *     some, and a picture to write, if any
   */
  public static void main(String[] args) {
    LibTorch.load();
    try (PointerScope scope = new PointerScope();
        ScriptModel model = ScriptModel.load(Path.of(args[0]))) {
      Tensor images =
          Npz.read(Path.of(args[1]))
              .get("images")
              .toTensor()
              .narrow(0, 0, Long.parseLong(args[2]))
              .to(ScalarType.Float)
              .div(new Scalar(255));
      Map<String, Way> ways = ways(List.of(args).contains("attention"));
      Panels panels = Panels.empty().withColumns(ways.size()).withMinimumSide(112);
      Map<String, Tensor> maps = new LinkedHashMap<>();
      ways.forEach((name, way) -> maps.put(name, way.map(model, images)));
      maps.forEach(
          (name, map) ->
              System.out.printf(Locale.ROOT, "%-20s %.3f%n", name, area(model, images, map)));
      if (args.length > 4) {
        for (int image = 0; image < 4; image++) {
          for (Map.Entry<String, Tensor> entry : maps.entrySet()) {
            String title = image == 0 ? entry.getKey() : "";
            panels = panels.with(title, Heatmap.of(entry.getValue().narrow(0, image, 1)).picture());
          }
        }
        panels.draw().writePng(Path.of(args[4]));
      }
    }
  }
}
