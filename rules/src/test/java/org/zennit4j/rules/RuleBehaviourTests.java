/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.rules;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.zennit4j.testing.TensorSubject.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.zennit4j.bindings.ShapeException;
import org.zennit4j.bindings.Zennit4jException;
import org.zennit4j.model.ScriptModel;
import org.zennit4j.rules.BasicRule.Modification;
import org.zennit4j.rules.LayerKinds.Kind;
import org.zennit4j.testing.ModelBuilder;
import org.zennit4j.testing.NativeLeaks;
import org.zennit4j.testing.SeededWeights;
import org.zennit4j.testing.TensorSubject;

/** Stabilizers, own rules, bounds, errors, threads, what a rule leaves behind. */
@ExtendWith(NativeLeaks.class)
class RuleBehaviourTests {
  private static Tensor tensor(double... values) {
    return Tensor.create(values).clone();
  }

  @Test
  void stabilizersKeepTheSignAndCountZeroAsPositive() {
    Tensor z = tensor(2, -2, 0, -0.0, 0.1, -0.1);
    assertThat(Stabilizer.of(0.5).apply(z)).within(1e-15, 0).of(2.5, -2.5, 0.5, 0.5, 0.6, -0.6);
    assertThat(new SignedStabilizer(0.5, true, false, null).apply(z))
        .within(1e-15, 0)
        .of(2, -2, 0.5, 0.5, 0.5, -0.5);
    assertThat(Stabilizer.standard().apply(tensor(0))).within(0, 0).of(1e-6);
  }

  @Test
  void stabilizersMayBeRelativeToTheNorm() {
    Tensor z = tensor(3, -4, 0, 1, 0, 0).view(2, 3);
    double a = Math.sqrt(25.0 / 3) * 0.1;
    double b = Math.sqrt(1.0 / 3) * 0.1;
    assertThat(new SignedStabilizer(0.1, false, true, null).apply(z))
        .within(1e-14, 0)
        .of(3 + a, -4 - a, a, 1 + b, b, b);
    double c = Math.sqrt(5.0) * 0.1;
    double d = Math.sqrt(8.0) * 0.1;
    assertThat(new SignedStabilizer(0.1, true, true, List.of(0L)).apply(z))
        .within(1e-14, 0)
        .of(3, -4, 0.0, 1, d, 0.0);
    assertThat(new SignedStabilizer(1, false, true, List.of(0L)).apply(z).select(1, 0))
        .within(1e-14, 0)
        .of(3 + 10 * c, 1 + 10 * c);
  }

  @Test
  void theStabilizerKeepsTheDtype() {
    for (ScalarType type : List.of(ScalarType.Float, ScalarType.Double)) {
      for (boolean norm : new boolean[] {false, true}) {
        for (boolean clip : new boolean[] {false, true}) {
          Tensor z = torch.ones(2, 2).to(type);
          Tensor s = new SignedStabilizer(0.1, clip, norm, null).apply(z);
          assertThat(s.scalar_type().intern()).isEqualTo(type);
        }
      }
    }
  }

  @Test
  void aRuleWithoutBiasZeroesItBesidesWhatItZeroedBefore() {
    Stabilizer s = Stabilizer.standard();
    ZeroParams bias = ZeroParams.of("bias");
    Rule before = new ZPlus(s, ZeroParams.of("weight"));
    assertThat(new Epsilon(0.1).withoutBias()).isEqualTo(new Epsilon(Stabilizer.of(0.1), bias));
    assertThat(before.withoutBias()).isEqualTo(new ZPlus(s, ZeroParams.of("weight", "bias")));
    assertThat(new AlphaBeta(2, 1).withoutBias()).isEqualTo(new AlphaBeta(2, 1, s, bias));
    assertThat(new Gamma(0.5).withoutBias()).isEqualTo(new Gamma(0.5, s, bias));
    assertThat(new ZBox(0, 1).withoutBias()).isEqualTo(new ZBox(Bound.of(0), Bound.of(1), s, bias));
    assertThat(new WSquare().withoutBias()).isEqualTo(new WSquare(s, bias));
    assertThat(new Z().withoutBias()).isEqualTo(new Z(s, bias));
    assertThat(new Sign().withoutBias()).isEqualTo(new Sign(s, bias));
    assertThat(new StdxEpsilon(0.2).withoutBias()).isEqualTo(new StdxEpsilon(0.2, s, bias));
    assertThat(new ZPlus(s, ZeroParams.in("my_weight")).withoutBias())
        .isEqualTo(new ZPlus(s, ZeroParams.in("my_weight bias")));
    Rule pass = new Pass();
    assertThat(pass.withoutBias()).isSameAs(pass);
  }

  /** Gamma as a user would write it. */
  private static BasicRule ownGamma(double gamma) {
    ParameterModifier up = (p, name) -> p.add(p.clamp_min(new Scalar(0)), new Scalar(gamma));
    ParameterModifier down = (p, name) -> p.add(p.clamp_max(new Scalar(0)), new Scalar(gamma));
    return new BasicRule(
        "own_gamma",
        List.of(
            new Modification(x -> x.clamp_min(new Scalar(0)), up),
            new Modification(x -> x.clamp_max(new Scalar(0)), down.withoutBias()),
            new Modification(x -> x.clamp_min(new Scalar(0)), down),
            new Modification(x -> x.clamp_max(new Scalar(0)), up.withoutBias()),
            new Modification(x -> x, ParameterModifier.identity())),
        (r, z) -> {
          Stabilizer s = Stabilizer.standard();
          Tensor p = r.mul(z.get(4).gt(new Scalar(0))).div(s.apply(z.get(0).add(z.get(1))));
          Tensor n = r.mul(z.get(4).lt(new Scalar(0))).div(s.apply(z.get(2).add(z.get(3))));
          return Arrays.asList(p, p, n, n, null);
        },
        (x, g) -> x.get(0).mul(g.get(0).add(g.get(2))).add(x.get(1).mul(g.get(1).add(g.get(3)))));
  }

  @Test
  void anOwnRuleIsDeclaredInTenLines() {
    for (String name : List.of("linear", "conv2d with all options", "conv2d circular")) {
      Kind kind = LayerKinds.make(name);
      Tensor x = kind.input(1);
      Tensor r = kind.relevance(2, x);
      assertThat(Explainer.once(kind.model(), ownGamma(0.4), r, x))
          .within(1e-11, 1e-13)
          .of(Explainer.once(kind.model(), new Gamma(0.4), r, x));
      kind.model().close();
    }
  }

  @Test
  void gammaDropsWhatArrivesAtAnOutputOfZero() {
    Kind kind = LayerKinds.make("linear without bias");
    Tensor x = torch.zeros_like(kind.input(1));
    assertThat(Explainer.once(kind.model(), new Gamma(), kind.relevance(2, x), x))
        .within(0, 0)
        .of(x);
    kind.model().close();
  }

  @Test
  void boundsAreSpreadFromTheFront() {
    Kind kind = LayerKinds.make("conv2d padded");
    Tensor x = kind.input(1);
    Tensor r = kind.relevance(2, x);
    Tensor low = tensor(-3, -4).view(1, 2);
    Tensor high = tensor(3, 4).view(1, 2);
    Tensor wide = low.view(1, 2, 1, 1).expand_as(x);
    Tensor many = torch.cat(new org.bytedeco.pytorch.TensorVector(wide, wide), 0);
    Stabilizer s = Stabilizer.standard();
    ZeroParams none = ZeroParams.none();
    ZBox spread = new ZBox(Bound.of(low), Bound.of(high), s, none);
    ZBox whole = new ZBox(Bound.of(many), Bound.of(high.view(1, 2, 1, 1)), s, none);
    Tensor expected = Explainer.once(kind.model(), spread.declaration(), r, x);
    assertThat(Explainer.once(kind.model(), spread, r, x)).within(1e-11, 1e-13).of(expected);
    assertThat(Explainer.once(kind.model(), whole, r, x)).within(1e-11, 1e-13).of(expected);
    ZBox wrong = new ZBox(Bound.of(torch.zeros(3, 3)), Bound.of(1), s, none);
    assertThatThrownBy(() -> Explainer.once(kind.model(), wrong, r, x))
        .isInstanceOf(Zennit4jException.class)
        .hasMessageContaining("[3, 3]")
        .hasMessageContaining("layer '0'");
    kind.model().close();
  }

  @Test
  void argumentsAreChecked() {
    assertThatThrownBy(() -> new AlphaBeta(2, 0.5))
        .isInstanceOf(RuleException.class)
        .hasMessageContaining("alpha - beta");
    assertThatThrownBy(() -> new AlphaBeta(0, -1))
        .isInstanceOf(RuleException.class)
        .hasMessageContaining("at least 0");
    assertThatThrownBy(() -> new AlphaBeta(Double.NaN, 1)).isInstanceOf(RuleException.class);
    assertThatThrownBy(() -> new BasicRule("none", List.of(), (r, z) -> z, (x, g) -> x.get(0)))
        .isInstanceOf(RuleException.class)
        .hasMessageContaining("none");
  }

  @Test
  void rulesAreData() {
    assertThat(new Epsilon(0.5)).isEqualTo(new Epsilon(0.5)).isNotEqualTo(new Epsilon(0.25));
    assertThat(new Epsilon(0.5)).hasSameHashCodeAs(new Epsilon(0.5));
    assertThat(new ZBox(-1, 1)).isEqualTo(new ZBox(-1, 1)).isNotEqualTo(new ZBox(-1, 2));
    assertThat(new Gamma(0.5).arguments()).containsEntry("gamma", 0.5).containsKey("stabilizer");
    assertThat(new ZPlus().arguments()).doesNotContainKey("zero_params");
    assertThat(new ReLUBetaSmooth().arguments()).containsEntry("beta_smooth", 10.0);
    assertThat(new Pass().name()).isEqualTo("pass");
  }

  @Test
  void namesOfZeroParamsAreWholeInListsAndPartsInATexts() {
    assertThat(ZeroParams.in("my_bias_weight").matches("bias")).isTrue();
    assertThat(ZeroParams.in("my_bias_weight").matches("weight")).isTrue();
    assertThat(ZeroParams.of("my_bias").matches("bias")).isFalse();
    assertThat(ZeroParams.none().matches("bias")).isFalse();
  }

  @Test
  void failuresNameTheLayerAndKeepTheirCause() {
    Kind kind = LayerKinds.make("linear");
    Tensor x = kind.input(1);
    Tensor r = kind.relevance(2, x);
    Rule failing =
        new BasicRule(
            "failing",
            List.of(new Modification(v -> v, ParameterModifier.identity())),
            (relevance, z) -> {
              throw new IllegalStateException("on purpose");
            },
            (v, g) -> v.get(0));
    assertThatThrownBy(() -> Explainer.once(kind.model(), failing, r, x))
        .isInstanceOf(Zennit4jException.class)
        .hasMessageContaining("layer '0'")
        .hasMessageContaining("on purpose")
        .hasCauseInstanceOf(IllegalStateException.class);
    Rule misshapen =
        new BasicRule(
            "misshapen",
            List.of(new Modification(v -> v, ParameterModifier.identity())),
            (relevance, z) -> List.of(relevance),
            (v, g) -> v.get(0).narrow(0, 0, 1));
    assertThatThrownBy(() -> Explainer.once(kind.model(), misshapen, r, x))
        .isInstanceOf(ShapeException.class)
        .hasMessageContaining("layer '0'")
        .hasMessageContaining("[1, 6]");
    kind.model().close();
  }

  @Test
  void aSingleSampleAfterABatchIsExplainedAsWithoutIt() {
    Kind kind = LayerKinds.make("conv2d with all options");
    Tensor batch = kind.input(1);
    Tensor r = kind.relevance(2, batch);
    Tensor sample = batch.select(0, 0);
    Tensor own = r.select(0, 0);
    for (DeclaredRule rule : RuleTests.rules().keySet()) {
      Tensor expected = Explainer.once(kind.model(), rule, own, sample);
      try (Explainer explainer = new Explainer(kind.model(), "0", rule)) {
        explainer.explain(r, batch);
        assertThat(explainer.explain(own, sample)).isBitEqualTo(expected);
      }
    }
    kind.model().close();
  }

  @Test
  void threadsShareARule() throws Exception {
    Kind kind = LayerKinds.make("conv2d with all options");
    ExecutorService pool = Executors.newFixedThreadPool(4);
    try {
      for (DeclaredRule rule : RuleTests.rules().keySet()) {
        Tensor x = kind.input(1);
        Tensor r = kind.relevance(2, x);
        double[] expected = TensorSubject.values(Explainer.once(kind.model(), rule, r, x));
        try (Explainer explainer = new Explainer(kind.model(), "0", rule)) {
          List<Callable<double[]>> tasks = new ArrayList<>();
          for (int i = 0; i < 8; i++) {
            tasks.add(
                () -> {
                  try (org.bytedeco.javacpp.PointerScope scope =
                      new org.bytedeco.javacpp.PointerScope()) {
                    return TensorSubject.values(explainer.explain(r, x));
                  }
                });
          }
          for (Future<double[]> future : pool.invokeAll(tasks)) {
            assertThat(future.get()).isEqualTo(expected);
          }
        }
      }
    } finally {
      pool.shutdown();
      kind.model().close();
    }
  }

  @Test
  void nothingIsLeftOutsideOfScopes() throws Exception {
    Kind kind = LayerKinds.make("conv1d padded");
    for (DeclaredRule rule : RuleTests.rules().keySet()) {
      NativeLeaks.assertNone(
          () -> {
            Tensor x = kind.input(1);
            Explainer.once(kind.model(), rule, kind.relevance(2, x), x);
            Explainer.once(kind.model(), rule.declaration(), kind.relevance(2, x), x);
          });
    }
    kind.model().close();
  }

  @Test
  void singlesWithoutABatchAreExplainedToo() {
    ModelBuilder b = new ModelBuilder(ScalarType.Double, 3);
    try (ScriptModel model =
        ScriptModel.of(b.sequential(b.conv(2, 2, 4, 3, ModelBuilder.Conv.PLAIN.withPadding(1))))) {
      Tensor x = SeededWeights.normal(1, ScalarType.Double, 2, 4, 4);
      Tensor r = SeededWeights.normal(2, ScalarType.Double, 4, 4, 4);
      for (DeclaredRule rule : RuleTests.rules().keySet()) {
        assertThat(Explainer.once(model, rule, r, x))
            .within(1e-11, 1e-13)
            .of(Explainer.once(model, rule, r.unsqueeze(0), x.unsqueeze(0)).squeeze(0));
      }
    }
  }
}
