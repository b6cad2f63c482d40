/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.rules;

import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.zennit4j.testing.TensorSubject.assertThat;

import java.util.List;
import java.util.Map;
import java.util.function.DoubleUnaryOperator;
import org.bytedeco.pytorch.JitModule;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.zennit4j.model.ScriptModel;
import org.zennit4j.testing.DenseTwin;
import org.zennit4j.testing.ModelBuilder;
import org.zennit4j.testing.NativeLeaks;
import org.zennit4j.testing.SeededWeights;
import org.zennit4j.testing.TensorSubject;

/** Rules on layers without a weight matrix: pooling, normalisation, activations, several inputs. */
@ExtendWith(NativeLeaks.class)
class OtherLayerTests {
  private final ModelBuilder b = new ModelBuilder(ScalarType.Double, 23);

  private static Tensor numbers(long seed, long... shape) {
    return SeededWeights.normal(seed, ScalarType.Double, shape);
  }

  private static Tensor mapped(Tensor x, DoubleUnaryOperator f) {
    return Tensor.create(Textbook.map(TensorSubject.values(x), f)).view(x.shape());
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3})
  void averagePoolingAndNormalisationAreAffine(int dimensions) {
    long[] sample = new long[dimensions + 1];
    java.util.Arrays.fill(sample, 4);
    sample[0] = 2;
    long[] one = new long[dimensions + 2];
    System.arraycopy(sample, 0, one, 1, sample.length);
    one[0] = 1;
    List<JitModule> layers =
        List.of(
            b.avgPool(dimensions, 2, 2),
            b.avgPool(dimensions, 3, 1),
            b.adaptiveAvgPool(dimensions, 1),
            b.batchNorm(dimensions, 2));
    for (JitModule layer : layers) {
      try (ScriptModel model = ScriptModel.of(b.sequential(layer))) {
        Textbook twin = new Textbook(DenseTwin.of(x -> model.run(x).get(0), sample), null);
        Tensor x = numbers(1, one);
        Tensor r = numbers(2, model.run(x).get(0).shape());
        double[] expected =
            Textbook.epsilon(1e-6)
                .relevance(twin, TensorSubject.values(x), TensorSubject.values(r));
        assertThat(Explainer.once(model, new Norm(), r, x)).within(1e-9, 1e-11).of(expected);
        assertThat(Explainer.once(model, new Epsilon(), r, x)).within(1e-9, 1e-11).of(expected);
      }
    }
  }

  @Test
  void passGivesWhatArrives() {
    Tensor x = numbers(1, 2, 3, 4, 4);
    for (JitModule layer : List.of(b.relu(), b.batchNorm(2, 3), b.reluInPlace())) {
      try (ScriptModel model = ScriptModel.of(b.sequential(layer))) {
        Tensor r = numbers(2, 2, 3, 4, 4);
        assertThat(Explainer.once(model, new Pass(), r, x)).isBitEqualTo(r);
      }
    }
  }

  @Test
  void rulesOfReLUs() {
    Tensor x = numbers(1, 3, 7);
    Tensor r = numbers(2, 3, 7);
    JitModule inPlace = b.reluInPlace();
    for (JitModule layer : List.of(b.relu(), inPlace)) {
      try (ScriptModel model = ScriptModel.of(b.sequential(layer))) {
        Tensor active = x.gt(new Scalar(0)).to(ScalarType.Double);
        Tensor positive = mapped(r, Textbook::plus);
        assertThat(Explainer.once(model, new ReLUDeconvNet(), r, x)).within(0, 0).of(positive);
        assertThat(Explainer.once(model, new ReLUGuidedBackprop(), r, x))
            .within(0, 0)
            .of(positive.mul(active));
        // As in Zennit, what is left of the input of a ReLU that works in place is its output.
        Tensor seen = layer.equals(inPlace) ? mapped(x, Textbook::plus) : x;
        assertThat(Explainer.once(model, new ReLUBetaSmooth(3), r, x))
            .within(1e-13, 0)
            .of(mapped(seen, v -> 1 / (1 + Math.exp(-3 * v))).mul(r));
        assertThat(Explainer.once(model, new Epsilon(), r, x))
            .within(1e-12, 1e-15)
            .of(mapped(x, v -> v > 0 ? v / (v + 1e-6) : 0).mul(r));
      }
    }
  }

  @Test
  void guidedBackpropagationTakesTheGradientOfAnyActivation() {
    Tensor x = numbers(1, 3, 7);
    Tensor r = numbers(2, 3, 7);
    try (ScriptModel model =
        ScriptModel.of(
            b.sequential(b.expression("torch.nn.modules.activation.Tanh", "torch.tanh(input)")))) {
      Tensor slope = mapped(x, v -> 1 - Math.tanh(v) * Math.tanh(v));
      assertThat(Explainer.once(model, new ReLUGuidedBackprop(), r, x))
          .within(1e-13, 0)
          .of(mapped(r, Textbook::plus).mul(slope));
      try (ScriptModel pool = ScriptModel.of(b.sequential(b.avgPool(1, 2, 2)))) {
        assertThatThrownBy(
                () ->
                    Explainer.once(
                        pool, new ReLUGuidedBackprop(), numbers(2, 1, 2, 2), numbers(1, 1, 2, 4)))
            .isInstanceOf(RuleException.class)
            .hasMessageContaining("layer '0'")
            .hasMessageContaining("elementwise");
      }
    }
  }

  private ScriptModel two(String expression) {
    JitModule inner =
        b.module(
            "nets.Inner", Map.of(), "def forward(self, x, y):\n    return " + expression + "\n");
    return ScriptModel.of(
        b.module(
            "nets.Net",
            Map.of("0", inner),
            "def forward(self, x, y):\n    return getattr(self, \"0\").forward(x, y)\n"));
  }

  @Test
  void everyInputOfAProductHasItsOwnRelevance() {
    Tensor x = numbers(1, 2, 3, 4);
    Tensor y = numbers(2, 2, 4, 5);
    Tensor r = numbers(3, 2, 3, 5);
    try (ScriptModel model = two("torch.matmul(x, y)");
        Explainer explainer = new Explainer(model, "0", new Epsilon(1e-9))) {
      List<Tensor> found = explainer.explain(false, r, x, y);
      Tensor q = r.div(x.matmul(y));
      assertThat(found.get(0)).within(1e-6, 1e-7).of(x.mul(q.matmul(y.transpose(1, 2))));
      assertThat(found.get(1)).within(1e-6, 1e-7).of(y.mul(x.transpose(1, 2).matmul(q)));
    }
  }

  @Test
  void normSharesASumByContributions() {
    Tensor x = numbers(1, 2, 5);
    Tensor y = numbers(2, 2, 5);
    Tensor r = numbers(3, 2, 5);
    try (ScriptModel model = two("x + y");
        Explainer explainer = new Explainer(model, "0", new Norm(Stabilizer.of(0)))) {
      List<Tensor> found = explainer.explain(false, r, x, y);
      assertThat(found.get(0)).within(1e-12, 1e-14).of(x.mul(r).div(x.add(y)));
      assertThat(found.get(0).add(found.get(1))).within(1e-10, 1e-12).of(r);
    }
  }

  @Test
  void passRefusesTwoInputsAndNamesTheLayer() {
    try (ScriptModel model = two("x + y");
        Explainer explainer = new Explainer(model, "0", new Pass())) {
      Tensor x = numbers(1, 2, 5);
      assertThatThrownBy(() -> explainer.explain(false, x, x, x))
          .isInstanceOf(RuleException.class)
          .hasMessageContaining("layer '0'")
          .hasMessageContaining("2 inputs");
    }
  }
}
