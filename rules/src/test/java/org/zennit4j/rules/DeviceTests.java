/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.rules;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.zennit4j.testing.TensorSubject.assertThat;
import static org.zennit4j.testing.TestDevices.on;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.bytedeco.pytorch.JitModule;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.zennit4j.bindings.Dtype;
import org.zennit4j.model.ScriptModel;
import org.zennit4j.rules.LayerKinds.Kind;
import org.zennit4j.testing.DeviceTest;
import org.zennit4j.testing.ModelBuilder;
import org.zennit4j.testing.NativeLeaks;
import org.zennit4j.testing.SeededWeights;

/**
 * Rules stay on the device of their layer. Tensors of the device {@code meta} have no values:
 * reading one on the host fails there, and so does mixing in a tensor of the CPU.
 *
 * <p>LibTorch has no kernels for that device of convolutions and of a few other operators, outside
 * of Python. The rules' code is the same for convolutions and products but for Flat's, so that the
 * products judge it; what no product can reach is left to the static test of the analyzers' module.
 */
@ExtendWith(NativeLeaks.class)
class DeviceTests {
  private static final ZeroParams NONE = ZeroParams.none();

  static Stream<String> kinds() {
    return LayerKinds.names().stream().filter(name -> name.startsWith("linear"));
  }

  /** What cannot be judged without values, by the operator that has no kernel. */
  private static final Set<String> WITHOUT_KERNEL =
      Set.of("aten::abs.out", "aten::std.correction", "aten::where.self");

  /** Every rule, in every variant that computes in another way. */
  private static List<Rule> rules(Tensor sample) {
    List<Rule> all = new ArrayList<>(RuleTests.rules().keySet());
    Stabilizer norm = new SignedStabilizer(0.1, false, true, null);
    for (Stabilizer s :
        List.of(
            new SignedStabilizer(0.1, true, false, null),
            norm,
            new SignedStabilizer(0.1, true, true, List.of(1L)),
            new StrictStabilizer())) {
      all.add(new Epsilon(s, NONE));
      all.add(new ZPlus(s, NONE));
    }
    for (ZeroParams zero : List.of(ZeroParams.of("bias"), ZeroParams.of("weight"))) {
      all.add(new Epsilon(norm, zero));
      all.add(new AlphaBeta(2, 1, norm, zero));
      all.add(new Gamma(0.25, norm, zero));
      all.add(new ZBox(Bound.of(-1), Bound.of(1), norm, zero));
      all.add(new WSquare(norm, zero));
      all.add(new Flat(norm, zero));
    }
    // Bounds of another device are the rule's to move: users give them on the CPU.
    all.add(
        new ZBox(Bound.of(sample.sub(new Scalar(1))), Bound.of(sample), Stabilizer.of(1), NONE));
    all.add(new Z());
    all.add(new StdxEpsilon(0.25));
    all.add(new ZPlusFast());
    all.add(new Sign());
    all.add(new SignMu(0.1));
    all.add(new Pass());
    all.add(new ReLUDeconvNet());
    all.add(new ReLUGuidedBackprop());
    all.add(new ReLUBetaSmooth());
    return all;
  }

  private static boolean needsEqualShapes(Rule rule) {
    return rule instanceof Pass
        || rule instanceof ReLUDeconvNet
        || rule instanceof ReLUGuidedBackprop
        || rule instanceof ReLUBetaSmooth;
  }

  @ParameterizedTest
  @MethodSource("kinds")
  void rulesReadNoValues(String name) {
    Kind kind = LayerKinds.make(name);
    Tensor x = kind.input(3);
    Tensor r = kind.relevance(4, x);
    try (ScriptModel model = kind.model().to("meta")) {
      for (Rule rule : rules(x.narrow(0, 0, 1).abs())) {
        if (needsEqualShapes(rule)) {
          continue;
        }
        check(model, rule, x, r);
        if (rule instanceof DeclaredRule declared) {
          check(model, declared.declaration(), x, r);
        }
      }
    }
    kind.model().close();
  }

  @Test
  void rulesOfActivationsReadNoValues() {
    ModelBuilder b = new ModelBuilder(ScalarType.Double, 5);
    // A ReLU by another operator: aten::relu has no kernel there.
    JitModule clamp = b.expression("torch.nn.modules.activation.ReLU", "input.clamp_min(0)");
    Tensor x = SeededWeights.normal(3, ScalarType.Double, 2, 3, 4);
    try (ScriptModel host = ScriptModel.of(b.sequential(clamp));
        ScriptModel model = host.to("meta")) {
      rules(x).stream().filter(DeviceTests::needsEqualShapes).forEach(r -> check(model, r, x, x));
    }
  }

  /** The last layers of a classifier have paths of their own in float32. */
  @Test
  void smallProductsInSinglePrecisionReadNoValues() {
    ModelBuilder b = new ModelBuilder(ScalarType.Float, 5);
    Tensor x = SeededWeights.normal(3, ScalarType.Float, 2, 6);
    Tensor r = SeededWeights.normal(4, ScalarType.Float, 2, 4);
    try (ScriptModel host = ScriptModel.of(b.sequential(b.linear(6, 4)));
        ScriptModel model = host.to("meta")) {
      rules(x.narrow(0, 0, 1)).stream()
          .filter(rule -> !needsEqualShapes(rule))
          .forEach(rule -> check(model, rule, x, r));
    }
  }

  private static void check(ScriptModel model, Rule rule, Tensor x, Tensor r) {
    try (Explainer explainer = new Explainer(model, "0", rule)) {
      for (boolean createGraph : new boolean[] {false, true}) {
        // Twice: what the first call prepared serves the second.
        for (int i = 0; i < 2; i++) {
          Tensor relevance = explainer.explain(createGraph, on(r, "meta"), on(x, "meta")).get(0);
          assertThat(relevance.is_meta()).as(rule.toString()).isTrue();
          assertThat(relevance).hasShape(x.shape());
          assertThat(relevance.scalar_type().intern()).isEqualTo(x.scalar_type().intern());
        }
      }
    } catch (RuntimeException e) {
      if (WITHOUT_KERNEL.stream()
          .noneMatch(o -> e.getMessage().contains(o + ": attempted to run this operator"))) {
        throw new AssertionError(rule + ": " + e.getMessage(), e);
      }
    }
  }

  /** The means of these tests: they would show a rule that reads. */
  @Test
  void aRuleThatReadsIsFound() {
    Rule reads =
        new Rule() {
          @Override
          public String name() {
            return "reads";
          }

          @Override
          public org.zennit4j.runtime.LayerFunction bind(org.zennit4j.graph.Region region) {
            return (call, relevance) ->
                List.of(
                    call.inputs().get(0).mul(new Scalar(call.inputs().get(0).sum().item_double())));
          }
        };
    Rule mixes =
        new BasicRule(
            "mixes",
            List.of(
                new BasicRule.Modification(
                    x -> SeededWeights.normal(1, ScalarType.Double, x.shape()),
                    ParameterModifier.identity())),
            (relevance, outputs) -> List.of(relevance),
            (inputs, gradients) -> gradients.get(0));
    Kind kind = LayerKinds.make("linear");
    Tensor x = kind.input(3);
    Tensor r = kind.relevance(4, x);
    try (ScriptModel model = kind.model().to("meta")) {
      assertThatThrownBy(() -> check(model, reads, x, r))
          .hasMessageContaining("aten::_local_scalar_dense");
      assertThatThrownBy(() -> check(model, mixes, x, r)).hasMessageContaining("device");
    }
    kind.model().close();
  }

  /** On a GPU the full formulas run, on the CPU the shorter ones for inputs without negatives. */
  @DeviceTest
  void rulesAreTheSameOnEveryDevice(String device) {
    for (String name : LayerKinds.names()) {
      Kind kind = LayerKinds.make(name);
      Tensor x = kind.input(3).abs();
      Tensor r = kind.relevance(4, x);
      try (ScriptModel model = kind.model().to(device)) {
        for (Rule rule : rules(x.narrow(0, 0, 1))) {
          if (needsEqualShapes(rule)) {
            continue;
          }
          Tensor expected = Explainer.once(kind.model(), rule, r, x);
          Tensor found = Explainer.once(model, rule, on(r, device), on(x, device));
          double largest = expected.abs().max().item_double();
          // float64 on both sides; other kernels sum in another order.
          assertThat(found).within(1e-10, 1e-12 * Math.max(1, largest)).of(expected);
        }
      }
      kind.model().close();
    }
  }

  @DeviceTest
  void singlePrecisionIsCloseOnEveryDevice(String device) {
    Kind kind = LayerKinds.make("conv2d padded");
    Tensor x = kind.input(3).to(ScalarType.Float);
    Tensor r = kind.relevance(4, kind.input(3)).to(ScalarType.Float);
    try (ScriptModel host = kind.model().to(Dtype.FLOAT32);
        ScriptModel model = host.to(device)) {
      for (Rule rule : List.of(new Epsilon(0.25), new ZPlus(), new Gamma(), new Flat())) {
        Tensor expected = Explainer.once(host, rule, r, x);
        double largest = expected.abs().max().item_double();
        // TF32 must be off, as it is by default for matrix products; convolutions may use it.
        assertThat(Explainer.once(model, rule, on(r, device), on(x, device)))
            .within(1e-3, 2e-3 * largest)
            .of(expected);
      }
    }
    kind.model().close();
  }
}
