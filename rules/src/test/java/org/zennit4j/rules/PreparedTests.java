/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.rules;

import static org.assertj.core.api.Assertions.assertThat;
import static org.zennit4j.testing.TestDevices.on;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.JitModule;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.zennit4j.graph.Region;
import org.zennit4j.model.ScriptModel;
import org.zennit4j.rules.Prepared.Part;
import org.zennit4j.runtime.LayerFunction;
import org.zennit4j.runtime.Propagation;
import org.zennit4j.runtime.PropagationOptions;
import org.zennit4j.testing.ModelBuilder;
import org.zennit4j.testing.NativeLeaks;
import org.zennit4j.testing.SeededWeights;

/** What fast paths keep, and when they take the short formula. */
@ExtendWith(NativeLeaks.class)
class PreparedTests {
  private final ModelBuilder b = new ModelBuilder(ScalarType.Double, 5);

  /** Keeps the fast path at hand. */
  private static final class Watched implements Rule {
    private final DeclaredRule rule;
    private LinearFunction fast;

    Watched(DeclaredRule rule) {
      this.rule = rule;
    }

    @Override
    public String name() {
      return rule.name();
    }

    @Override
    public LayerFunction bind(Region region) {
      fast = (LinearFunction) rule.fastPath(region.linearMap().orElseThrow());
      return fast;
    }

    Set<Part> parts() {
      return fast.keys().stream().map(Prepared.Key::part).collect(Collectors.toSet());
    }
  }

  static List<DeclaredRule> split() {
    return List.of(new ZPlus(), new AlphaBeta(1, 0));
  }

  static List<DeclaredRule> signed() {
    return List.of(new ZPlus(), new AlphaBeta(1, 0), new AlphaBeta(2, 1), new Gamma());
  }

  private static Set<Part> prepared(ScriptModel model, DeclaredRule rule, Tensor x, Tensor r) {
    Watched watched = new Watched(rule);
    try (Explainer explainer = new Explainer(model, "1", watched)) {
      explainer.explain(r, x);
      return watched.parts();
    }
  }

  /**
   * Without values nothing can be read, so that the program alone decides. A sigmoid stands for a
   * ReLU, which has no kernel for such tensors.
   */
  @ParameterizedTest
  @MethodSource("split")
  void behindASigmoidTheShortFormulaRunsOnDevicesThatAreNotRead(DeclaredRule rule) {
    Tensor x = on(SeededWeights.normal(1, ScalarType.Double, 2, 4), "meta");
    Tensor r = on(SeededWeights.normal(2, ScalarType.Double, 2, 3), "meta");
    JitModule linear = b.linear(4, 3);
    try (ScriptModel sigmoid =
            ScriptModel.of(b.sequential(b.expression("nets.S", "input.sigmoid()"), linear));
        ScriptModel sigmoidElsewhere = sigmoid.to("meta");
        ScriptModel tanh =
            ScriptModel.of(b.sequential(b.expression("nets.T", "input.tanh()"), linear));
        ScriptModel tanhElsewhere = tanh.to("meta")) {
      assertThat(prepared(sigmoidElsewhere, rule, x, r))
          .contains(Part.POSITIVE_WEIGHT)
          .doesNotContain(Part.NEGATIVE_WEIGHT);
      assertThat(prepared(tanhElsewhere, rule, x, r))
          .contains(Part.POSITIVE_WEIGHT, Part.NEGATIVE_WEIGHT);
    }
  }

  /** The tensor decides behind what the program does not know, here a threshold that is a ReLU. */
  @ParameterizedTest
  @MethodSource("signed")
  void programAndTensorLeadToTheSameBits(DeclaredRule rule) {
    JitModule linear = b.linear(6, 3);
    Tensor r = SeededWeights.normal(2, ScalarType.Double, 2, 3);
    Tensor plain = SeededWeights.normal(1, ScalarType.Double, 2, 6);
    List<Tensor> inputs = new ArrayList<>(List.of(plain, plain.abs()));
    for (double odd : new double[] {Double.NaN, Double.POSITIVE_INFINITY, -0.0}) {
      Tensor broken = plain.clone();
      broken.narrow(1, 2, 1).fill_(new Scalar(odd));
      inputs.add(broken);
    }
    try (ScriptModel known = ScriptModel.of(b.sequential(b.relu(), linear));
        ScriptModel unknown =
            ScriptModel.of(
                b.sequential(b.expression("nets.R", "torch.threshold(input, 0, 0)"), linear));
        Explainer byProgram = new Explainer(known, "1", rule);
        Explainer byTensor = new Explainer(unknown, "1", rule)) {
      for (Tensor x : inputs) {
        Tensor expected = byTensor.explain(r, x);
        Tensor found = byProgram.explain(r, x);
        assertThat(torch.allclose(found, expected, 0, 0, /* equal_nan= */ true)).isTrue();
      }
    }
  }

  private static List<String> warnings(ScriptModel model, LayerFunction function, Tensor x) {
    Region region = model.program().regions(model.program().layer("0").orElseThrow()).get(0);
    try (PointerScope scope = new PointerScope();
        Propagation pass =
            new Propagation(
                model.program(), Map.of(region.id(), function), PropagationOptions.defaults())) {
      Tensor output = pass.record(List.of(x)).get(0);
      pass.backward(List.of(output.detach()));
      return List.copyOf(pass.findings());
    }
  }

  @Test
  void aNinthShapeIsReportedAndComputedAnew() {
    try (ScriptModel model =
        ScriptModel.of(b.sequential(b.conv(1, 1, 2, 3, ModelBuilder.Conv.PLAIN)))) {
      Watched rule = new Watched(new WSquare());
      Region region = model.program().regions(model.program().layer("0").orElseThrow()).get(0);
      try (LayerFunction function = rule.bind(region)) {
        for (int i = 0; i < Prepared.SHAPES; i++) {
          Tensor x = SeededWeights.normal(1, ScalarType.Double, 2, 1, 5 + i);
          assertThat(warnings(model, function, x)).isEmpty();
        }
        int kept = rule.fast.keys().size();
        Tensor ninth = SeededWeights.normal(1, ScalarType.Double, 2, 1, 20);
        assertThat(warnings(model, function, ninth))
            .singleElement()
            .asString()
            .contains("layer '0'", "more than 8 shapes");
        assertThat(rule.fast.keys()).hasSize(kept);
        assertThat(warnings(model, function, SeededWeights.normal(1, ScalarType.Double, 3, 1, 5)))
            .isEmpty();
      }
    }
  }

  @Test
  void aKeyTellsPartDtypeDeviceAndShape() {
    Tensor single = SeededWeights.normal(1, ScalarType.Float, 2, 3);
    try (Prepared prepared = new Prepared()) {
      prepared.once(Part.WEIGHT, Prepared.Form.of(single), () -> single.neg());
      prepared.once(Part.BIAS, Prepared.Form.of(single), () -> single.neg());
      prepared.once(
          Part.WEIGHT,
          Prepared.Form.of(single).in(ScalarType.Double),
          () -> single.to(ScalarType.Double));
      prepared.forShape(Part.BOUNDS, single, true, single::neg, () -> {});
      prepared.forShape(Part.BOUNDS, single.narrow(0, 0, 1), true, single::neg, () -> {});
      prepared.forShape(Part.BOUNDS, single.narrow(0, 0, 1), false, single::neg, () -> {});
      assertThat(prepared.keys()).hasSize(5);
    }
  }
}
