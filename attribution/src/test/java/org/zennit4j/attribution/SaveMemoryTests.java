/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.attribution;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.zennit4j.testing.TensorSubject.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.JitModule;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.zennit4j.bindings.ClosedException;
import org.zennit4j.bindings.Zennit4jException;
import org.zennit4j.composites.Canonizers;
import org.zennit4j.composites.Composite;
import org.zennit4j.composites.Composites;
import org.zennit4j.composites.EmptyComposite;
import org.zennit4j.composites.Layout;
import org.zennit4j.composites.Plan;
import org.zennit4j.composites.PlanMemory;
import org.zennit4j.composites.PlanOptions;
import org.zennit4j.model.ScriptModel;
import org.zennit4j.testing.ForkedJvm;
import org.zennit4j.testing.ModelBuilder;
import org.zennit4j.testing.ModelBuilder.Conv;
import org.zennit4j.testing.NativeLeaks;
import org.zennit4j.testing.SeededWeights;

/** A plan that saves memory gives the same bits, and needs less. */
@ExtendWith(NativeLeaks.class)
class SaveMemoryTests {
  private static final PlanOptions SAVING = PlanOptions.defaults().withSaveMemory(true);

  /**
   * A network of random steps: convolutions, residual sums, concatenations, values that are used
   * again much later, some of them several times.
   */
  private static JitModule network(ScalarType dtype, long seed) {
    Random random = new Random(seed);
    ModelBuilder b = new ModelBuilder(dtype, seed);
    Map<String, JitModule> modules = new LinkedHashMap<>();
    StringBuilder source = new StringBuilder("def forward(self, x):\n");
    String last = "x";
    List<String> earlier = new ArrayList<>();
    int steps = 6 + random.nextInt(16);
    for (int i = 0; i < steps; i++) {
      String y = "y" + i;
      String block = "b" + i;
      String old = earlier.isEmpty() ? "x" : earlier.get(random.nextInt(earlier.size()));
      JitModule conv = b.conv(2, 4, 4, 3, Conv.PLAIN.withPadding(1));
      switch (random.nextInt(5)) {
        case 0 -> {
          modules.put(block, conv);
          source.append("    %s = torch.relu(self.%s.forward(%s))\n".formatted(y, block, last));
        }
        case 1 -> {
          modules.put(
              block,
              b.sequential(conv, b.batchNorm(2, 4), b.relu(), b.conv(2, 4, 4, 1, Conv.PLAIN)));
          source.append(
              "    %s = torch.relu(self.%s.forward(%s) + %s)\n".formatted(y, block, last, last));
        }
        case 2 -> {
          modules.put(block, b.conv(2, 8, 4, 1, Conv.PLAIN));
          source.append(
              "    %s = self.%s.forward(torch.cat([%s, %s], 1))\n".formatted(y, block, last, old));
        }
        case 3 ->
            source.append(
                "    %s = torch.relu(%s * 0.5 + %s) - %s * 0.25 + torch.tanh(%s)\n"
                    .formatted(y, last, old, old, old));
        default -> {
          modules.put(
              block,
              b.sequential(
                  conv, b.relu(), b.conv(2, 4, 4, 3, Conv.PLAIN.withPadding(1)), b.relu()));
          source.append("    %s = self.%s.forward(%s)\n".formatted(y, block, last));
        }
      }
      earlier.add(y);
      last = y;
    }
    modules.put("head", b.linear(4, 3));
    source.append("    return self.head.forward(%s.mean([2, 3]))\n".formatted(last));
    return b.module("nets.Random", modules, source.toString());
  }

  private static List<Composite> composites() {
    return List.of(
        new EmptyComposite(),
        Composites.epsilonPlus()
            .withCanonizers(Canonizers.mergeBatchNorm(), Canonizers.residualSum()),
        Composites.epsilonPlusFlat().withFunctional(true),
        Composites.epsilonAlpha2Beta1(),
        Composites.epsilonGammaBox(-3, 3).withCanonizers(Canonizers.residualSum()),
        Composites.guidedBackprop().withFunctional(true));
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12})
  void randomNetworksGiveTheSameBits(long seed) {
    AttributionOptions layers =
        AttributionOptions.defaults().withLayers(layer -> layer.name().equals("b2"));
    for (ScalarType dtype : List.of(ScalarType.Double, ScalarType.Float)) {
      Tensor x = SeededWeights.normal(seed, dtype, 2, 4, 6, 6);
      try (ScriptModel model = ScriptModel.of(network(dtype, seed))) {
        for (Composite composite : composites()) {
          try (Plan plain = Plan.of(model, composite);
              Plan saving = Plan.of(model, composite, SAVING);
              Attribution a = new Gradient(plain).attribute(List.of(x), Target.classes(1), layers);
              Attribution b =
                  new Gradient(saving).attribute(List.of(x), Target.classes(1), layers);
              Attribution c = new Gradient(saving).attribute(x, Target.classes(1))) {
            assertThat(b.output()).isBitEqualTo(a.output());
            assertThat(b.relevance()).isBitEqualTo(a.relevance());
            assertThat(c.relevance()).isBitEqualTo(a.relevance());
            assertThat(b.layers()).hasSameSizeAs(a.layers());
            for (int i = 0; i < a.layers().size(); i++) {
              assertThat(b.layers().get(i).outputs().get(0))
                  .isBitEqualTo(a.layers().get(i).outputs().get(0));
            }
          }
        }
      }
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "fashion_cnn.pt",
        "fashion_vit.pt",
        "fashion_vit_scripted.pt",
        "fashion_vit_sdpa.pt"
      })
  void realNetworksGiveTheSameBits(String file) {
    Path path = Path.of("../examples/models", file);
    try (ScriptModel model = ScriptModel.load(path)) {
      Tensor x = SeededWeights.normal(3, model.dtype(), 2, 1, 28, 28);
      for (Composite composite : List.of(Composites.epsilonPlus(), Composites.attnLrp())) {
        for (Layout layout : List.of(Layout.CONTIGUOUS, Layout.CHANNELS_LAST)) {
          try (Plan plain = Plan.of(model, composite, layout);
              Plan saving = Plan.of(model, composite, SAVING.withLayout(layout));
              Attribution a = new Gradient(plain).attribute(x, Target.classes(1));
              Attribution b = new Gradient(saving).attribute(x, Target.classes(1))) {
            assertThat(b.output()).isBitEqualTo(a.output());
            assertThat(b.relevance()).isBitEqualTo(a.relevance());
            assertThat(b.warnings()).isEqualTo(a.warnings());
          }
        }
      }
    }
  }

  @Test
  void theRelevanceCanStillBeDifferentiated() {
    Tensor x = SeededWeights.normal(1, ScalarType.Double, 1, 4, 6, 6).requires_grad_(true);
    AttributionOptions graph = AttributionOptions.defaults().withCreateGraph(true);
    try (ScriptModel model = ScriptModel.of(network(ScalarType.Double, 3));
        Plan plain = Plan.of(model, Composites.epsilonPlus());
        Plan saving = Plan.of(model, Composites.epsilonPlus(), SAVING);
        Attribution a = new Gradient(plain).attribute(List.of(x), Target.classes(1), graph);
        Attribution b = new Gradient(saving).attribute(List.of(x), Target.classes(1), graph)) {
      assertThat(derivative(b, x)).isBitEqualTo(derivative(a, x));
    }
  }

  private static Tensor derivative(Attribution attribution, Tensor x) {
    Tensor loss = attribution.relevance().mul(attribution.relevance()).sum();
    return new Tensor(
        torch
            .grad(
                new org.bytedeco.pytorch.TensorVector(loss),
                new org.bytedeco.pytorch.TensorVector(x))
            .get(0));
  }

  @Test
  void anErrorNamesTheLayerInsideOfAPart() {
    ModelBuilder b = new ModelBuilder(ScalarType.Double, 3);
    List<JitModule> parts = new ArrayList<>();
    for (int i = 0; i < 6; i++) {
      parts.add(b.linear(5, 5));
      parts.add(b.relu());
    }
    org.zennit4j.rules.Rule failing =
        new org.zennit4j.rules.BasicRule(
            "failing",
            List.of(
                new org.zennit4j.rules.BasicRule.Modification(
                    x -> x, org.zennit4j.rules.ParameterModifier.identity())),
            (relevance, outputs) -> {
              throw new IllegalStateException("no luck");
            },
            (inputs, gradients) -> inputs.get(0));
    Composite composite =
        (context, name, layer) ->
            name.equals("2") ? java.util.Optional.of(failing) : java.util.Optional.empty();
    Tensor x = SeededWeights.normal(1, ScalarType.Double, 1, 5);
    try (ScriptModel model = ScriptModel.of(b.sequential(parts.toArray(JitModule[]::new)));
        Plan plan = Plan.of(model, composite, SAVING)) {
      assertThatThrownBy(() -> new Gradient(plan).attribute(x))
          .isInstanceOf(Zennit4jException.class)
          .hasMessageContaining("layer '2'")
          .hasMessageContaining("no luck");
    }
  }

  @Test
  void aPlanTellsWhatItHolds() {
    ModelBuilder b = new ModelBuilder(ScalarType.Float, 3);
    Plan closed;
    try (ScriptModel model =
        ScriptModel.of(
            b.sequential(
                b.conv(2, 3, 8, 3, Conv.PLAIN),
                b.batchNorm(2, 8),
                b.relu(),
                b.conv(2, 8, 8, 3, Conv.PLAIN)))) {
      long first = 4L * 8 * 3 * 9;
      long second = 4L * 8 * 8 * 9;
      try (Plan plan = Plan.gradient(model)) {
        PlanMemory memory = plan.memory();
        assertThat(memory.weights()).isEqualTo(first + second + 4 * 8 * (2 + 4));
        assertThat(memory.own()).isZero();
        assertThat(memory.total()).isEqualTo(memory.weights());
      }
      try (Plan plan =
          Plan.of(model, Composites.epsilonPlus().withCanonizers(Canonizers.mergeBatchNorm()))) {
        // The first layer's weight and bias, and what the normalisation has instead of its own.
        assertThat(plan.memory().canonized()).isBetween(first + 4 * 8, first + 6 * 4 * 8);
        assertThat(plan.memory().prepared()).isZero();
        Tensor x = SeededWeights.normal(1, ScalarType.Float, 1, 3, 8, 8);
        new Gradient(plan).attribute(x, Target.output()).close();
        // The positive parts of weights and biases; the input of the first layer has both signs, so
        // that the negative part is there too, and both together once more.
        long prepared = plan.memory().prepared();
        assertThat(prepared).isEqualTo(4 * first + second + 2 * 4 * 8);
        new Gradient(plan).attribute(x, Target.output()).close();
        assertThat(plan.memory().prepared()).isEqualTo(prepared);
        closed = plan;
      }
      Plan gone = closed;
      assertThatThrownBy(gone::memory).isInstanceOf(ClosedException.class);
    }
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  void aPassNeedsLessMemory() throws Exception {
    double plain = peak(false);
    double saving = peak(true);
    assertThat(saving).as("%.0f MB instead of %.0f MB", saving, plain).isLessThan(0.7 * plain);
  }

  private static double peak(boolean saving) throws Exception {
    Process process =
        ForkedJvm.of(SaveMemoryTests.class, List.of("-Xmx256m"), String.valueOf(saving))
            .redirectErrorStream(true)
            .start();
    List<String> lines = process.inputReader().lines().toList();
    assertThat(process.waitFor()).as(String.join("\n", lines)).isZero();
    return Double.parseDouble(lines.get(lines.size() - 1));
  }

  /**
   * Prints how much a pass adds to the process, in MB.
   *
   * @param arguments whether memory is saved
   */
  public static void main(String[] arguments) throws Exception {
    ModelBuilder b = new ModelBuilder(ScalarType.Float, 3);
    List<JitModule> parts = new ArrayList<>(List.of(b.conv(2, 1, 8, 3, Conv.PLAIN.withPadding(1))));
    for (int i = 0; i < 20; i++) {
      parts.add(b.relu());
      parts.add(b.conv(2, 8, 8, 3, Conv.PLAIN.withPadding(1)));
    }
    boolean saves = Boolean.parseBoolean(arguments[0]);
    try (ScriptModel model = ScriptModel.of(b.sequential(parts.toArray(JitModule[]::new)));
        Plan plan = Plan.of(model, Composites.epsilonPlus(), SAVING.withSaveMemory(saves));
        PointerScope scope = new PointerScope()) {
      new Gradient(plan).attribute(torch.ones(1, 1, 32, 32), Target.output()).close();
      Tensor x = torch.ones(4, 1, 512, 512);
      long before = status("VmRSS");
      new Gradient(plan).attribute(x, Target.output()).close();
      System.out.println((status("VmHWM") - before) / 1024.0);
    }
  }

  private static long status(String key) throws Exception {
    return Files.readAllLines(Path.of("/proc/self/status")).stream()
        .filter(line -> line.startsWith(key))
        .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")))
        .findFirst()
        .orElseThrow();
  }
}
