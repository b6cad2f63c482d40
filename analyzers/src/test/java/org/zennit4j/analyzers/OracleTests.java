/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.analyzers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.zennit4j.attribution.Attribution;
import org.zennit4j.attribution.Target;
import org.zennit4j.model.ScriptModel;
import org.zennit4j.testing.ModelBuilder;
import org.zennit4j.testing.NativeLeaks;
import org.zennit4j.testing.TensorSubject;

/** Identities that need no reference values, in float64. */
@ExtendWith(NativeLeaks.class)
class OracleTests {
  private final ModelBuilder b = Networks.builder();

  private static double[] map(ScriptModel model, String name, Tensor x, Object... options) {
    MethodOptions all = MethodOptions.of("target", 1);
    for (int i = 0; i < options.length; i += 2) {
      all = all.with((String) options[i], options[i + 1]);
    }
    return TensorSubject.values(SignXai.calculateRelevanceMap(model, x, name, all));
  }

  private static void assertClose(double[] actual, double[] expected, double tolerance) {
    double largest = Arrays.stream(expected).map(Math::abs).max().orElse(0);
    assertThat(actual).hasSameSizeAs(expected);
    assertThat(actual).containsExactly(expected, within(tolerance * Math.max(largest, 1e-30)));
  }

  private static double[] times(double[] a, double[] b) {
    double[] result = new double[a.length];
    for (int i = 0; i < a.length; i++) {
      result[i] = a[i] * b[i % b.length];
    }
    return result;
  }

  private static double sum(double[] values) {
    return Arrays.stream(values).sum();
  }

  private static double logit(ScriptModel model, Tensor x) {
    return model.run(x).get(0).select(1, 1).sum().item_double();
  }

  @Test
  void zIsGradientTimesInputAndSignZGradientTimesSign() {
    try (ScriptModel model = Networks.images(b)) {
      Tensor x = Networks.numbers(1, 1, 2, 8, 8);
      assertClose(
          map(model, "lrp_z", x, "stabilizer", "strict"), map(model, "gradient_x_input", x), 1e-9);
      assertClose(
          map(model, "lrp_z", x, "stabilizer", 1e-14), map(model, "gradient_x_input", x), 1e-9);
      assertClose(
          map(model, "lrpsign_z", x, "stabilizer", "strict"),
          map(model, "gradient_x_sign", x),
          1e-9);
      double f = logit(model, x);
      double[] one = map(model, "lrpsign_z", x, "stabilizer", "strict", "start", "one");
      assertClose(
          Arrays.stream(one).map(v -> v * f).toArray(), map(model, "gradient_x_sign", x), 1e-9);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"lrp_flat", "lrp_w_square", "lrp_alpha_1_beta_0_IB"})
  void conserves(String name) {
    try (ScriptModel model = Networks.dense(b, true)) {
      Tensor x = Networks.numbers(1, 1, 6).abs();
      assertThat(sum(map(model, name, x)))
          .isCloseTo(logit(model, x), within(1e-4 * Math.abs(logit(model, x))));
    }
  }

  @Test
  void boxConservesOnOneLayer() {
    try (ScriptModel model = Networks.model(b.sequential(b.linear(6, 3)))) {
      Tensor x = Networks.numbers(1, 1, 6);
      double f = logit(model, x);
      assertThat(sum(map(model, "zblrp_z", x, "low", -5, "high", 5)))
          .isCloseTo(f, within(1e-5 * Math.abs(f)));
      assertThat(sum(map(model, "deep_taylor_bounded", x, "low", -5, "high", 5)))
          .isCloseTo(Math.max(f, 0), within(1e-5 * Math.abs(f)));
    }
  }

  @Test
  void rulesThatAreSpecialCases() {
    try (ScriptModel model = Networks.images(b);
        ScriptModel layer = Networks.model(b.sequential(b.linear(6, 3)))) {
      Tensor x = Networks.numbers(1, 2, 2, 8, 8);
      assertClose(map(model, "lrp_alpha_1_beta_0", x), map(model, "lrp_z_plus", x), 1e-12);
      assertClose(map(model, "lrp_epsilon_0_000001", x), map(model, "lrp_z", x), 1e-12);
      assertClose(map(model, "lrpsign_z", x), map(model, "lrpsign_z_mu_0", x), 0);
      assertClose(map(model, "lrp.alpha_1_beta_0_IB", x), map(model, "lrp.z_plus", x), 0);
      Tensor row = Networks.numbers(1, 1, 6);
      double std = torch.std(row, false).item_double();
      assertClose(
          map(layer, "lrp_epsilon_0_5_std_x", row),
          map(layer, "lrp_epsilon", row, "epsilon", 0.5 * std),
          1e-12);
      Tensor constant = torch.full_like(row, new Scalar(0.1));
      assertClose(map(layer, "lrp_epsilon_0_5_std_x", constant), map(layer, "lrp_z", constant), 0);
      assertClose(map(layer, "lrp_gamma", row, "gamma", 0), map(layer, "lrp_epsilon", row), 1e-12);
      assertClose(map(layer, "lrp_gamma_IB", row, "gamma", 0), map(layer, "lrp_z_IB", row), 1e-12);
    }
  }

  @Test
  void boxAroundZeroIsZWithoutBias() {
    try (ScriptModel layer = Networks.model(b.sequential(b.linear(6, 3)))) {
      Tensor x = Networks.numbers(1, 1, 6);
      double tiny = 1e-13;
      assertClose(
          map(layer, "zblrp_z", x, "low", -tiny, "high", tiny), map(layer, "lrp_z_IB", x), 1e-9);
    }
  }

  @Test
  void largeGammaTendsToZPlus() {
    try (ScriptModel layer = Networks.model(b.sequential(b.linear(6, 3, false)))) {
      Tensor x = Networks.numbers(1, 1, 6).abs();
      Tensor weight = Networks.numbers(2, 6).abs();
      assertThat(weight.numel()).isEqualTo(6);
      if (logit(layer, x) > 0) {
        assertClose(map(layer, "lrp_gamma", x, "gamma", 1e7), map(layer, "lrp_z_plus", x), 1e-4);
      }
    }
  }

  @Test
  void pathsAndDifferencesSumToTheDifferenceOfScores() {
    try (ScriptModel model = Networks.images(b)) {
      Tensor x = Networks.numbers(1, 1, 2, 8, 8);
      double rise = logit(model, x) - logit(model, torch.zeros_like(x));
      assertThat(sum(map(model, "integrated_gradients", x, "steps", 300)))
          .isCloseTo(rise, within(0.02 * Math.abs(rise)));
      assertThat(sum(map(model, "deeplift", x))).isCloseTo(rise, within(1e-9 * Math.abs(rise)));
      double other = logit(model, x) - logit(model, torch.full_like(x, new Scalar(0.3)));
      assertThat(sum(map(model, "deeplift", x, "baseline", 0.3)))
          .isCloseTo(other, within(1e-9 * Math.abs(other)));
    }
  }

  @Test
  void withoutBiasesDeepLiftIsGradientTimesInput() {
    try (ScriptModel model = Networks.dense(b, false)) {
      Tensor x = Networks.numbers(1, 1, 6);
      double[] expected = map(model, "gradient_x_input", x);
      assertClose(map(model, "deeplift", x), expected, 1e-10);
      double[] factor = {1 - 1.0 / 20};
      assertClose(
          map(model, "integrated_gradients", x, "steps", 10), times(expected, factor), 1e-10);
    }
  }

  @Test
  void noiseOfZeroAndLinearModels() {
    try (ScriptModel model = Networks.images(b);
        ScriptModel linear = Networks.model(b.sequential(b.linear(6, 3)))) {
      Tensor x = Networks.numbers(1, 2, 2, 8, 8);
      assertClose(
          map(model, "smoothgrad", x, "noise_level", 0, "samples", 3),
          map(model, "gradient", x),
          1e-12);
      assertThat(map(model, "vargrad", x, "noise_level", 0, "samples", 3)).containsOnly(0);
      assertThat(sum(map(model, "vargrad", x, "samples", 3))).isPositive();
      Tensor row = Networks.numbers(1, 1, 6);
      assertClose(map(linear, "smoothgrad", row), map(linear, "gradient", row), 1e-12);
      assertThat(map(linear, "vargrad", row)).containsOnly(0);
      double[] rises =
          times(map(linear, "gradient", row), TensorSubject.values(row.sub(new Scalar(0.5))));
      assertClose(map(linear, "occlusion", row, "fill", 0.5), rises, 1e-10);
    }
  }

  @Test
  void startsAtOneOrAtTheLogit() {
    try (ScriptModel model = Networks.series(b)) {
      Tensor x = Networks.numbers(1, 1, 2, 16);
      double f = logit(model, x);
      for (String name : List.of("lrp_gamma", "lrpz_epsilon_0_1", "w2lrp_sequential_composite_b")) {
        double[] one = map(model, name, x, "start", "one");
        assertClose(map(model, name, x), Arrays.stream(one).map(v -> v * f).toArray(), 1e-10);
      }
    }
  }

  @Test
  void guidedBackpropAndDeconvNetAgreeWhereAllInputsArePositive() {
    ModelBuilder own = Networks.builder();
    try (ScriptModel model =
        Networks.model(
            Networks.network(
                own,
                Map.of("fc", own.linear(6, 5), "out", own.linear(5, 3)),
                "z = self.fc.forward(x)",
                "return self.out.forward(torch.relu(z + 100.0))"))) {
      Tensor x = Networks.numbers(1, 2, 6);
      assertClose(map(model, "guided_backprop", x), map(model, "deconvnet", x), 0);
    }
  }

  @Test
  void deepTaylorOfANegativeScoreIsZero() {
    try (ScriptModel model = Networks.dense(b, true);
        MethodAnalyzer analyzer = new MethodAnalyzer(model, "deep_taylor")) {
      Tensor x = Networks.numbers(1, 8, 6);
      try (Attribution result = analyzer.attribute(x, Target.classes(1))) {
        for (int i = 0; i < 8; i++) {
          double f = result.output().select(0, i).select(0, 1).item_double();
          double total = result.relevance().select(0, i).abs().sum().item_double();
          assertThat(total > 0).isEqualTo(f > 0);
        }
      }
    }
  }

  @Test
  void flatOnFlatReachesDeadUnits() {
    try (ScriptModel model = Networks.series(b)) {
      Tensor x = Networks.numbers(1, 1, 2, 16);
      // All positions of the input get something: dead units carry relevance.
      assertThat(Arrays.stream(map(model, "lrp_flat", x)).filter(v -> v == 0).count()).isZero();
    }
  }
}
