/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.analyzers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.JitModule;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.zennit4j.attribution.Target;
import org.zennit4j.bindings.ClosedException;
import org.zennit4j.bindings.ShapeException;
import org.zennit4j.bindings.Zennit4jException;
import org.zennit4j.model.ScriptModel;
import org.zennit4j.testing.ModelBuilder;
import org.zennit4j.testing.NativeLeaks;
import org.zennit4j.testing.TensorSubject;

/** What is refused, with what words; and models that end in a softmax. */
@ExtendWith(NativeLeaks.class)
class RefusalTests {
  private final ModelBuilder b = Networks.builder();

  private static void assertRefused(Runnable action, String... words) {
    assertThatThrownBy(action::run)
        .isInstanceOf(Zennit4jException.class)
        .satisfies(e -> assertThat(e.getMessage()).contains(words).doesNotContain("\n"));
  }

  private static void explain(ScriptModel model, String name, Tensor x, Object... options) {
    MethodOptions all = MethodOptions.none();
    for (int i = 0; i < options.length; i += 2) {
      all = all.with((String) options[i], options[i + 1]);
    }
    SignXai.calculateRelevanceMap(model, x, name, all).close();
  }

  /** Ways to end in a softmax; the last expression gives the same without it. */
  private JitModule ending(String... lines) {
    return Networks.network(b, Map.of("fc", b.linear(6, 3)), lines);
  }

  private List<String[]> softmaxes() {
    return List.of(
        new String[] {"return torch.softmax(self.fc.forward(x), 1)"},
        new String[] {"return torch.log_softmax(self.fc.forward(x), -1)"},
        new String[] {
          "y = torch.softmax(self.fc.forward(x), 1)", "return torch.dropout(y, 0.5, False)"
        },
        new String[] {
          "y = torch.softmax(self.fc.forward(x).unsqueeze(2), 1)",
          "return torch.squeeze(y, 2).double()"
        },
        new String[] {"y = torch.softmax(self.fc.forward(x), 1)", "return (y.reshape(-1, 3), x)"},
        new String[] {
          "y = self.fc.forward(x)",
          "if bool(x.sum() > 1e9):",
          "    y = torch.softmax(y, 1)",
          "else:",
          "    y = torch.log_softmax(y, 1)",
          "return y"
        },
        new String[] {"return torch.softmax(torch.softmax(self.fc.forward(x), 1), 1)"});
  }

  @Test
  void softmaxIsFoundAndRemovedWhereverItIs() {
    Tensor x = Networks.numbers(1, 2, 6);
    for (String[] lines : softmaxes()) {
      ScriptModel without;
      try (ScriptModel model = Networks.model(ending(lines))) {
        for (String name : List.of("lrp_z", "lrp.z", "deep_taylor", "deeplift", "lrp_sequential")) {
          assertRefused(() -> explain(model, name, x), "softmax", "removeSoftmax");
        }
        explain(model, "lrp_z", x, "allow_softmax", true);
        explain(model, "gradient", x);
        without = SignXai.removeSoftmax(model);
      }
      // The new model does not need the first one.
      try (without) {
        Tensor logits = without.run(x).get(0);
        assertThat(TensorSubject.values(logits.sum(1))).doesNotContain(1.0);
        assertThat(TrailingSoftmax.in(without.program())).isEmpty();
        explain(without, "lrp_z", x);
        explain(without, "deeplift", x);
      }
    }
  }

  @Test
  void softmaxModulesAreRemovedToo() {
    JitModule softmax =
        b.expression("torch.nn.modules.activation.Softmax", "torch.softmax(input, 1)");
    JitModule linear = b.linear(6, 3);
    try (ScriptModel with = Networks.model(b.sequential(linear, b.sequential(softmax)));
        ScriptModel plain = Networks.model(b.sequential(linear));
        ScriptModel without = SignXai.removeSoftmax(with);
        ScriptModel same = SignXai.removeSoftmax(plain)) {
      Tensor x = Networks.numbers(1, 2, 6);
      Tensor logits = plain.run(x).get(0);
      TensorSubject.assertThat(without.run(x).get(0)).isBitEqualTo(logits);
      TensorSubject.assertThat(same.run(x).get(0)).isBitEqualTo(logits);
    }
  }

  @Test
  void softmaxInsideIsNotTrailing() {
    try (ScriptModel model =
        Networks.model(ending("return self.fc.forward(torch.softmax(x, 1)) * 2.0"))) {
      Tensor x = Networks.numbers(1, 2, 6);
      explain(model, "lrp_z", x);
      assertRefused(() -> explain(model, "deeplift", x), "softmax inside");
    }
    try (ScriptModel model = Networks.model(ending("return torch.sigmoid(self.fc.forward(x))"))) {
      explain(model, "lrp_z", Networks.numbers(1, 2, 6));
    }
  }

  @Test
  void activationsThatAreNoRectifiers() {
    try (ScriptModel tanh = Networks.model(ending("return torch.tanh(self.fc.forward(x))"));
        ScriptModel none = Networks.model(ending("return self.fc.forward(x)"))) {
      Tensor x = Networks.numbers(1, 2, 6);
      for (String name : List.of("guided_backprop", "deconvnet")) {
        assertRefused(() -> explain(tanh, name, x), "tanh", "allow_other_activations");
        assertRefused(() -> explain(none, name, x), "none", "allow_other_activations");
        explain(tanh, name, x, "allow_other_activations", true);
        explain(none, name, x, "allow_other_activations", true);
      }
    }
  }

  @Test
  void productsAndInnerSoftmaxInDeepLift() {
    try (ScriptModel product =
            Networks.model(ending("y = self.fc.forward(x)", "return y * torch.sigmoid(y)"));
        ScriptModel matrix =
            Networks.model(
                ending(
                    "y = self.fc.forward(x)", "return torch.matmul(y, torch.matmul(y.t(), y))"));
        ScriptModel constant =
            Networks.model(ending("return self.fc.forward(x * 2.0) / 3.0 + 1.0"))) {
      Tensor x = Networks.numbers(1, 2, 6);
      assertRefused(() -> explain(product, "deeplift", x), "product");
      assertRefused(() -> explain(matrix, "deeplift", x), "product");
      explain(constant, "deeplift", x);
    }
  }

  @Test
  void convolutionsAndInputLayersThatAreMissing() {
    try (ScriptModel dense = Networks.dense(b, true);
        ScriptModel late = Networks.model(ending("return self.fc.forward(torch.relu(x))"))) {
      Tensor x = Networks.numbers(1, 2, 6);
      assertRefused(() -> explain(dense, "grad_cam", x), "convolution", "target_layer");
      assertRefused(() -> explain(late, "lrpz_epsilon", x), "no input layer");
      assertRefused(() -> explain(late, "deep_taylor", x), "no input layer");
      explain(late, "lrp_epsilon", x);
      assertRefused(
          () -> explain(dense, "grad_cam", x, "target_layer", "5"), "no layer", "nearest");
      assertRefused(() -> explain(dense, "zblrp_z", x), "low", "high");
      assertRefused(() -> explain(dense, "lrp_z", x, "canonizers", "merge"), "canonizer");
    }
  }

  @ParameterizedTest
  @ValueSource(doubles = {Double.NaN, Double.POSITIVE_INFINITY})
  void inputsThatAreNotFinite(double value) {
    try (ScriptModel model = Networks.dense(b, true)) {
      Tensor x = Networks.numbers(1, 2, 6);
      x.select(0, 1).fill_(new Scalar(value));
      assertRefused(() -> explain(model, "gradient", x), "NaN or infinity", "input");
    }
  }

  @Test
  void resultsThatAreNotFiniteNameTheLayer() {
    try (ScriptModel model =
            Networks.model(
                Networks.network(
                    b,
                    Map.of("fc", b.linear(6, 5), "out", b.linear(5, 3)),
                    "y = self.fc.forward(x)",
                    "return self.out.forward(torch.log(y - y))"));
        ScriptModel root = Networks.model(ending("return torch.sqrt(self.fc.forward(x) * 0.0)"))) {
      Tensor x = Networks.numbers(1, 1, 6);
      assertRefused(() -> explain(model, "gradient", x), "gradient", "layer '/log#0'", "NaN");
      explain(model, "gradient", x, "allow_non_finite", true);
      assertRefused(() -> explain(root, "gradient", x), "allow_non_finite");
    }
  }

  @Test
  void targetsAndShapes() {
    try (ScriptModel model = Networks.images(b);
        ScriptModel dense = Networks.dense(b, true);
        ScriptModel map = Networks.model(ending("return self.fc.forward(x).unsqueeze(2)"))) {
      Tensor x = Networks.numbers(1, 2, 2, 8, 8);
      for (String name : List.of("gradient", "lrp_z", "occlusion", "random_uniform", "grad_cam")) {
        assertRefused(() -> explain(model, name, x, "target", 3), "class 3");
        assertRefused(() -> explain(model, name, x, "target", List.of(0, 1, 2)), "3 classes");
      }
      assertRefused(() -> explain(model, "gradient", Networks.numbers(1, 8, 8)), "axes");
      assertRefused(() -> explain(model, "gradient", Networks.numbers(1, 1, 1, 2, 8, 8)), "axes");
      assertRefused(() -> explain(map, "gradient", Networks.numbers(1, 2, 6)), "(batch, classes)");
      assertRefused(() -> explain(model, "grad_cam_timeseries", x), "series");
      assertRefused(
          () -> explain(model, "integrated_gradients", x, "baseline", Networks.numbers(1, 3)),
          "baseline",
          "broadcast");
      assertRefused(
          () -> explain(model, "smoothgrad", x, "noise", Networks.numbers(1, 3)), "noise");
      assertRefused(
          () ->
              explain(
                  dense,
                  "zblrp_z",
                  Networks.numbers(1, 2, 6),
                  "low",
                  Networks.numbers(1, 7),
                  "high",
                  9),
          "bound");
      assertRefused(
          () -> explain(model, "zblrp_z", x, "low", List.of(0, 2), "high", List.of(1, 1)), "low");
      assertThatThrownBy(() -> explain(model, "occlusion", x, "window", List.of(1, 2, 3)))
          .isInstanceOf(ShapeException.class);
    }
  }

  @Test
  void closedAnalyzersAndTensors() {
    try (ScriptModel model = Networks.dense(b, true)) {
      Tensor x = Networks.numbers(1, 2, 6);
      MethodAnalyzer analyzer = new MethodAnalyzer(model, "lrp_z");
      analyzer.close();
      analyzer.close();
      assertThatThrownBy(() -> analyzer.analyze(x)).isInstanceOf(ClosedException.class);
      Tensor gone = Networks.numbers(1, 2, 6);
      gone.close();
      assertRefused(() -> explain(model, "gradient", gone), "closed");
      GradientAnalyzer open = new GradientAnalyzer(model);
      assertThatThrownBy(model::close).isInstanceOf(ClosedException.class);
      open.close();
    }
  }

  @Test
  void boundsThatTheInputLeavesAreReported() {
    try (ScriptModel model = Networks.dense(b, true);
        BoundedLRPAnalyzer analyzer = new BoundedLRPAnalyzer(model, -1, 1, "gamma")) {
      Tensor outside = Networks.numbers(1, 1, 6).mul(new Scalar(5));
      Tensor inside =
          outside.clamp(
              new org.bytedeco.pytorch.ScalarOptional(new Scalar(-1)),
              new org.bytedeco.pytorch.ScalarOptional(new Scalar(1)));
      try (var result = analyzer.attribute(outside, Target.classes(0))) {
        assertThat(result.warnings()).singleElement().asString().contains("low", "high");
      }
      try (var result = analyzer.attribute(inside, Target.classes(0))) {
        assertThat(result.warnings()).isEmpty();
      }
    }
  }
}
