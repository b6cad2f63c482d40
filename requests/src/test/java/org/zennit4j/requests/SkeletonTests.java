/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.requests;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.DeviceOptional;
import org.bytedeco.pytorch.JitModule;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.zennit4j.attribution.Attribution;
import org.zennit4j.attribution.Gradient;
import org.zennit4j.attribution.Target;
import org.zennit4j.bindings.LibTorch;
import org.zennit4j.composites.Canonizers;
import org.zennit4j.composites.Composite;
import org.zennit4j.composites.Composites;
import org.zennit4j.composites.Plan;
import org.zennit4j.model.ScriptModel;
import org.zennit4j.testing.SeededWeights;

/**
 * Real convolutional architectures with seeded weights: relevance is finite, and a network gives
 * the same one scripted and traced, with canonizers and functional operators as {@code explain}
 * sets them, and without.
 */
class SkeletonTests {
  private static final Path FOLDER = Path.of("src/test/resources/skeletons");

  @BeforeAll
  static void load() {
    LibTorch.load();
  }

  static List<String> networks() throws IOException {
    try (Stream<Path> files = Files.list(FOLDER)) {
      return files
          .map(f -> f.getFileName().toString())
          .filter(f -> f.endsWith(".traced.pt"))
          .map(f -> f.substring(0, f.indexOf('.')))
          .filter(n -> !n.equals("vit_b_16") && !n.equals("swin_t"))
          .sorted()
          .toList();
    }
  }

  private static Map<String, Composite> composites() {
    Map<String, Composite> result = new LinkedHashMap<>();
    List<Composite> all =
        List.of(
            Composites.epsilonPlusFlat(),
            Composites.epsilonAlpha2Beta1(),
            Composites.epsilonGammaBox(-3, 3),
            Composites.guidedBackprop());
    List<String> names =
        List.of(
            "epsilon_plus_flat", "epsilon_alpha2_beta1", "epsilon_gamma_box", "guided_backprop");
    for (int i = 0; i < all.size(); i++) {
      Composite one = all.get(i);
      result.put(names.get(i) + " as it is", one);
      result.put(
          names.get(i) + " canonized, functional",
          one.withCanonizers(Canonizers.mergeBatchNorm(), Canonizers.residualSum())
              .withFunctional(true));
    }
    return result;
  }

  /** The relevance of each composite; kept by the caller's scope. */
  private static Map<String, Tensor> maps(String network, String form) {
    String file = FOLDER.resolve(network + "." + form + ".pt").toString();
    JitModule module = torch.load(file, new DeviceOptional(new Device("cpu")), true);
    SeededWeights.fill(module, 1);
    // The smallest that the networks allow.
    long size = network.equals("inception_v3") ? 75 : 64;
    Tensor input = SeededWeights.normal(2, ScalarType.Float, 1, 3, size, size);
    Map<String, Tensor> maps = new LinkedHashMap<>();
    try (ScriptModel model = ScriptModel.of(module)) {
      composites()
          .forEach(
              (name, composite) -> {
                try (Plan plan = Plan.of(model, composite);
                    Attribution result = new Gradient(plan).attribute(input, Target.top1())) {
                  maps.put(name, result.takeRelevance());
                }
              });
    }
    return maps;
  }

  @ParameterizedTest
  @MethodSource("networks")
  void mapsAreFiniteAndTheSameScriptedAndTraced(String network) {
    try (PointerScope scope = new PointerScope()) {
      Map<String, Tensor> traced = maps(network, "traced");
      Map<String, Tensor> scripted = maps(network, "scripted");
      List<String> wrong = new ArrayList<>();
      traced.forEach(
          (name, map) -> {
            Tensor other = scripted.get(name);
            double largest = map.abs().max().item_double();
            double difference = map.sub(other).abs().max().item_double();
            if (!map.equal(other) || !Double.isFinite(largest) || largest == 0) {
              wrong.add(name + ": largest " + largest + ", difference " + difference);
            }
          });
      assertThat(wrong).as(network).isEmpty();
    }
  }

  /**
   * Behind normalisations without a rule the relevance of ZPlus cancels itself, and what is left is
   * rounding; convolution networks keep theirs.
   */
  @ParameterizedTest
  @CsvSource({"convnext_tiny,true", "swin_t,true", "resnet18,false", "vgg16_bn,false"})
  void aMapOfRoundingErrorsIsNamed(String network, boolean noise) {
    try (PointerScope scope = new PointerScope()) {
      String file = FOLDER.resolve(network + ".traced.pt").toString();
      JitModule module = torch.load(file, new DeviceOptional(new Device("cpu")), true);
      SeededWeights.fill(module, 1);
      Tensor input = SeededWeights.normal(2, ScalarType.Float, 1, 3, 224, 224);
      Composite composite =
          Composites.epsilonPlusFlat()
              .withCanonizers(Canonizers.mergeBatchNorm(), Canonizers.residualSum())
              .withFunctional(true);
      try (ScriptModel model = ScriptModel.of(module);
          Plan plan = Plan.of(model, composite);
          Attribution result = new Gradient(plan).attribute(input, Target.top1())) {
        assertThat(result.warnings().stream().anyMatch(w -> w.contains("probably noise")))
            .as("%s: %s", network, result.warnings())
            .isEqualTo(noise);
      }
    }
  }
}
