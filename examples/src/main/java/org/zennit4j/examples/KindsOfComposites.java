/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.examples;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.zennit4j.bindings.LibTorch;
import org.zennit4j.composites.Canonizers;
import org.zennit4j.composites.Composite;
import org.zennit4j.composites.CompositeException;
import org.zennit4j.composites.Composites;
import org.zennit4j.composites.LayerMapComposite;
import org.zennit4j.composites.MapEntry;
import org.zennit4j.composites.MixedComposite;
import org.zennit4j.composites.NameLayerMapComposite;
import org.zennit4j.composites.NameMapComposite;
import org.zennit4j.composites.Plan;
import org.zennit4j.composites.PresetArguments;
import org.zennit4j.composites.SpecialFirstLayerMapComposite;
import org.zennit4j.composites.Types;
import org.zennit4j.model.ScriptModel;
import org.zennit4j.rules.AlphaBeta;
import org.zennit4j.rules.Bound;
import org.zennit4j.rules.Epsilon;
import org.zennit4j.rules.Gamma;
import org.zennit4j.rules.Norm;
import org.zennit4j.rules.Pass;
import org.zennit4j.rules.Stabilizer;
import org.zennit4j.rules.ZBox;
import org.zennit4j.rules.ZPlus;
import org.zennit4j.rules.ZeroParams;

/** All ways to say which layer gets which rule. */
public final class KindsOfComposites {
  private KindsOfComposites() {}

  static Map<String, Composite> all() {
    Map<String, Composite> all = new LinkedHashMap<>();

    // A preset with arguments.
    PresetArguments arguments =
        PresetArguments.defaults()
            .withEpsilon(Stabilizer.of(0.01))
            .withGamma(0.1)
            .withBounds(Bound.of(0), Bound.of(1))
            .withZeroParams(ZeroParams.of("bias"));
    all.put("preset", Composites.epsilonGammaBox(arguments));

    // By type.
    List<MapEntry> layerMap =
        List.of(
            MapEntry.of(new Pass(), Types.ACTIVATION, Types.BATCH_NORM),
            MapEntry.of(new Norm(), Types.SUM, Types.AVG_POOL),
            MapEntry.of(new ZPlus(), Types.CONVOLUTION),
            MapEntry.of(new Epsilon(), Types.TORCH_LINEAR));
    all.put("layer_map", new LayerMapComposite(layerMap));

    // By type, and the first layer otherwise.
    List<MapEntry> firstMap = List.of(MapEntry.of(new ZBox(0, 1), Types.CONVOLUTION));
    all.put("special_first_layer_map", new SpecialFirstLayerMapComposite(layerMap, firstMap));

    // By name; a star stands for any text.
    List<MapEntry> nameMap =
        List.of(
            MapEntry.of(new Gamma(0.25), "features.0"),
            MapEntry.of(new AlphaBeta(2, 1), "features.4", "features.8"),
            MapEntry.of(new Epsilon(), "classifier*"));
    all.put("name_map", new NameMapComposite(nameMap));

    // By name where a name matches, else by type.
    all.put("name_layer_map", new NameLayerMapComposite(nameMap, layerMap));

    // Several; the first one that has a rule for a layer wins.
    all.put(
        "mixed",
        new MixedComposite(new NameMapComposite(nameMap), Composites.epsilonPlusFlat())
            .withCanonizers(Canonizers.mergeBatchNorm()));
    return all;
  }

  /**
   * Prints the rules of each composite, and what a strict one says to a wrong name.
   *
   * @param args the Fashion-MNIST network
   */
  public static void main(String[] args) {
    LibTorch.load();
    try (ScriptModel model = ScriptModel.load(Path.of(args[0]))) {
      all()
          .forEach(
              (kind, composite) -> {
                try (Plan plan = Plan.of(model, composite)) {
                  System.out.println(kind + " " + plan.rules());
                }
              });
      Composite wrong = new NameMapComposite(List.of(MapEntry.of(new Epsilon(), "features.0x")));
      try (Plan plan = Plan.of(model, wrong)) {
        System.out.println(plan.rules());
      } catch (CompositeException e) {
        System.out.println(e.getMessage());
      }
    }
  }
}
