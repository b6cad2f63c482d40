/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.attribution;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.zennit4j.attribution.FeatureCoalitions.Method;
import org.zennit4j.attribution.FeatureCoalitions.Settings;
import org.zennit4j.bindings.ShapeException;
import org.zennit4j.bindings.Zennit4jException;
import org.zennit4j.composites.Plan;
import org.zennit4j.model.ScriptModel;
import org.zennit4j.testing.ModelBuilder;
import org.zennit4j.testing.ModelBuilder.Conv;
import org.zennit4j.testing.NativeLeaks;
import org.zennit4j.testing.SeededWeights;

/** Each method against its definition, written down once more with single forward passes. */
@ExtendWith(NativeLeaks.class)
class FeatureCoalitionsTests {
  private static final int GROUPS = 6;

  /** A network of six numbers in which they work together. */
  private static ScriptModel table() {
    ModelBuilder b = new ModelBuilder(ScalarType.Double, 11);
    return ScriptModel.of(b.sequential(b.linear(GROUPS, 9), b.relu(), b.linear(9, 3)));
  }

  private static Tensor rows() {
    return SeededWeights.normal(5, ScalarType.Double, 2, GROUPS);
  }

  /** The logits of class 1, of each sample, for every coalition by its bits. */
  private static double[][] all(ScriptModel model, Tensor x) {
    double[][] values = new double[1 << GROUPS][2];
    for (int bits = 0; bits < values.length; bits++) {
      try (PointerScope scope = new PointerScope()) {
        Tensor kept = x.clone();
        for (int g = 0; g < GROUPS; g++) {
          if ((bits >> g & 1) == 0) {
            kept.select(1, g).zero_();
          }
        }
        Tensor out = model.run(kept).get(0);
        for (int s = 0; s < 2; s++) {
          values[bits][s] = out.select(0, s).select(0, 1).item_double();
        }
      }
    }
    return values;
  }

  private static double factorial(int n) {
    return n < 2 ? 1 : n * factorial(n - 1);
  }

  private static double shapley(double[][] values, int sample, int group) {
    double sum = 0;
    for (int bits = 0; bits < values.length; bits++) {
      if ((bits >> group & 1) == 0) {
        int s = Integer.bitCount(bits);
        double weight = factorial(s) * factorial(GROUPS - s - 1) / factorial(GROUPS);
        sum += weight * (values[bits | 1 << group][sample] - values[bits][sample]);
      }
    }
    return sum;
  }

  private static double at(Attribution attribution, int sample, int group) {
    try (PointerScope scope = new PointerScope()) {
      return attribution.relevance().select(0, sample).select(0, group).item_double();
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 5, 64})
  void kernelShapOfAllCoalitionsIsTheShapleyValue(int batchSize) {
    try (PointerScope scope = new PointerScope();
        ScriptModel model = table();
        Plan plan = Plan.gradient(model)) {
      Tensor x = rows();
      double[][] values = all(model, x);
      Settings settings = Settings.of(Method.KERNEL_SHAP).withBatchSize(batchSize);
      try (Attribution found = settings.on(plan).attribute(x, Target.classes(1))) {
        for (int s = 0; s < 2; s++) {
          for (int g = 0; g < GROUPS; g++) {
            assertThat(at(found, s, g)).isCloseTo(shapley(values, s, g), within(1e-10));
          }
        }
      }
    }
  }

  @Test
  void samplesOfOrdersComeCloseToTheShapleyValueAndAddUp() {
    try (PointerScope scope = new PointerScope();
        ScriptModel model = table();
        Plan plan = Plan.gradient(model)) {
      Tensor x = rows();
      double[][] values = all(model, x);
      Settings few = Settings.of(Method.SHAPLEY_SAMPLING).withSamples(3, 1);
      Settings many = Settings.of(Method.SHAPLEY_SAMPLING).withSamples(2000, 1).withBatchSize(64);
      try (Attribution rough = few.on(plan).attribute(x, Target.classes(1));
          Attribution good = many.on(plan).attribute(x, Target.classes(1))) {
        for (int s = 0; s < 2; s++) {
          double whole = values[(1 << GROUPS) - 1][s] - values[0][s];
          assertThat(rough.relevance().select(0, s).sum().item_double())
              .isCloseTo(whole, within(1e-10));
          for (int g = 0; g < GROUPS; g++) {
            assertThat(at(good, s, g)).isCloseTo(shapley(values, s, g), within(0.05));
          }
        }
      }
    }
  }

  @Test
  void kernelShapOfSomeCoalitionsAddsUpAndComesClose() {
    try (PointerScope scope = new PointerScope();
        ScriptModel model = table();
        Plan plan = Plan.gradient(model)) {
      Tensor x = rows();
      double[][] values = all(model, x);
      // Fewer than the 62 coalitions that there are.
      Settings settings = Settings.of(Method.KERNEL_SHAP).withSamples(50, 3);
      try (Attribution found = settings.on(plan).attribute(x, Target.classes(1))) {
        for (int s = 0; s < 2; s++) {
          double whole = values[(1 << GROUPS) - 1][s] - values[0][s];
          assertThat(found.relevance().select(0, s).sum().item_double())
              .isCloseTo(whole, within(1e-10));
          for (int g = 0; g < GROUPS; g++) {
            assertThat(at(found, s, g)).isCloseTo(shapley(values, s, g), within(0.3));
          }
        }
      }
    }
  }

  @Test
  void ablationIsWhatIsLost() {
    try (PointerScope scope = new PointerScope();
        ScriptModel model = table();
        Plan plan = Plan.gradient(model)) {
      Tensor x = rows();
      double[][] values = all(model, x);
      int whole = (1 << GROUPS) - 1;
      try (Attribution found =
          Settings.of(Method.FEATURE_ABLATION).on(plan).attribute(x, Target.classes(1))) {
        for (int s = 0; s < 2; s++) {
          for (int g = 0; g < GROUPS; g++) {
            assertThat(at(found, s, g))
                .isCloseTo(values[whole][s] - values[whole ^ 1 << g][s], within(1e-12));
          }
        }
      }
    }
  }

  /** For a linear model the fit is exact, and the ridge shrinks it by a known factor. */
  @Test
  void limeFindsALinearModel() {
    ModelBuilder b = new ModelBuilder(ScalarType.Double, 4);
    try (PointerScope scope = new PointerScope();
        ScriptModel model = ScriptModel.of(b.sequential(b.linear(GROUPS, 2)));
        Plan plan = Plan.gradient(model)) {
      Tensor x = rows();
      Settings settings =
          new Settings(
              Method.LIME,
              List.of(),
              List.of(),
              Baseline.zeros(),
              200,
              7,
              0.25,
              /* alpha= */ 0,
              16);
      try (Attribution found = settings.on(plan).attribute(x, Target.classes(0));
          Attribution gradient = new Gradient(plan).attribute(x, Target.classes(0));
          Attribution drawn =
              Settings.of(Method.LIME)
                  .withSamples(200, 7)
                  .on(plan)
                  .attribute(x, Target.classes(0))) {
        Tensor exact = gradient.relevance().mul(x);
        assertThat(found.relevance().sub(exact).abs().max().item_double()).isLessThan(1e-9);
        assertThat(drawn.relevance().abs().sum().item_double())
            .isLessThan(exact.abs().sum().item_double());
        assertThat(drawn.relevance().sub(exact).abs().max().item_double()).isLessThan(0.3);
      }
    }
  }

  @ParameterizedTest
  @EnumSource(Method.class)
  void patchesAndSegmentsOfPicturesCarryTheNumbersOfTheirGroups(Method method) {
    ModelBuilder b = new ModelBuilder(ScalarType.Double, 3);
    try (PointerScope scope = new PointerScope();
        ScriptModel model =
            ScriptModel.of(
                b.sequential(
                    b.conv(2, 2, 3, 3, Conv.PLAIN.withPadding(1)),
                    b.relu(),
                    b.flatten(),
                    b.linear(108, 4)));
        Plan plan = Plan.gradient(model)) {
      Tensor x = SeededWeights.normal(8, ScalarType.Double, 2, 2, 6, 6);
      Settings patches = Settings.of(method).withPatch(3).withSamples(40, 2);
      Tensor numbers = torch.zeros(6, 6);
      List<Tensor> quarters = new ArrayList<>();
      for (int k = 0; k < 4; k++) {
        quarters.add(numbers.narrow(0, k / 2 * 3L, 3).narrow(1, k % 2 * 3L, 3));
        quarters.get(k).fill_(new Scalar(k));
      }
      Settings segments = Settings.of(method).withSegments(numbers).withSamples(40, 2);
      try (Attribution a = patches.on(plan).attribute(x, Target.classes(2));
          Attribution c = segments.on(plan).attribute(x, Target.classes(2))) {
        assertThat(a.relevance().equal(c.relevance())).isTrue();
        assertThat(a.relevance().shape()).containsExactly(2, 2, 6, 6);
        Tensor corner = a.relevance().narrow(2, 0, 3).narrow(3, 0, 3);
        Tensor first = corner.narrow(1, 0, 1).narrow(2, 0, 1).narrow(3, 0, 1);
        assertThat(corner.equal(first.expand_as(corner))).isTrue();
        assertThat(a.relevance().abs().max().item_double()).isGreaterThan(0);
      }
    }
  }

  /** A NaN reaches the result, is said, and is refused where values are checked. */
  @ParameterizedTest
  @EnumSource(Method.class)
  void notANumberIsNamed(Method method) {
    try (PointerScope scope = new PointerScope();
        ScriptModel model = table();
        Plan plan = Plan.gradient(model);
        Attributor attributor = Settings.of(method).withSamples(20, 1).on(plan);
        Attributor occlusion = Occlusion.Settings.defaults().withWindow(2).on(plan)) {
      Tensor x = rows();
      x.select(0, 1).select(0, 2).fill_(new Scalar(Double.NaN));
      AttributionOptions checked = AttributionOptions.defaults().withCheckFinite(true);
      for (Attributor each : List.of(attributor, occlusion)) {
        try (Attribution found = each.attribute(x, Target.logit(1))) {
          assertThat(found.warnings()).anyMatch(w -> w.contains("NaN or infinity"));
        }
        // With ones as seeds, occlusion's relevance does not depend on the output, which is NaN.
        assertThatThrownBy(() -> each.attribute(List.of(x), Target.classes(1), checked))
            .isInstanceOf(Zennit4jException.class)
            .hasMessageContaining("NaN or infinity");
      }
    }
  }

  /** The fit once more by its normal equations, with fewer coalitions than groups and with more. */
  @ParameterizedTest
  @ValueSource(ints = {25, 39, 41, 90})
  void limeIsAWeightedRidgeRegression(int samples) {
    int groups = 40;
    ModelBuilder b = new ModelBuilder(ScalarType.Double, 4);
    try (PointerScope scope = new PointerScope();
        ScriptModel model = ScriptModel.of(b.sequential(b.linear(groups, 2)));
        Plan plan = Plan.gradient(model)) {
      Tensor x = SeededWeights.normal(5, ScalarType.Double, 1, groups);
      Random random = new Random(2);
      Tensor z = torch.ones_like(x).repeat(samples, 1);
      Tensor w = torch.ones_like(z.select(1, 0));
      for (int k = 0; k < samples; k++) {
        for (int g = 0; g < groups; g++) {
          if (k > 0 && !random.nextBoolean()) {
            z.select(0, k).select(0, g).zero_();
          }
        }
        double d = 1 - Math.sqrt(z.select(0, k).sum().item_double() / groups);
        w.select(0, k).fill_(new Scalar(Math.sqrt(Math.exp(-d * d / 0.0625))));
      }
      Tensor y = model.run(z.mul(x)).get(0).select(1, 0);
      Tensor share = w.div(w.sum()).unsqueeze(1);
      Tensor a = z.sub(share.mul(z).sum(0)).mul(w.sqrt().unsqueeze(1));
      Tensor observed = y.sub(share.squeeze(1).mul(y).sum()).mul(w.sqrt());
      Tensor wanted =
          torch.linalg_solve(
              a.t().matmul(a).add(torch.eye(groups, a.options())), a.t().matmul(observed));
      Settings settings = Settings.of(Method.LIME).withSamples(samples, 2);
      try (Attribution found = settings.on(plan).attribute(x, Target.classes(0))) {
        assertThat(found.relevance().squeeze(0).sub(wanted).abs().max().item_double())
            .isLessThan(1e-11);
      }
    }
  }

  @Test
  void segmentsThatDoNotFitAreNamed() {
    try (PointerScope scope = new PointerScope();
        ScriptModel model = table();
        Plan plan = Plan.gradient(model)) {
      Settings wrong = Settings.of(Method.KERNEL_SHAP).withSegments(torch.zeros(4));
      assertThatThrownBy(() -> wrong.on(plan).attribute(rows(), Target.top1()))
          .isInstanceOf(ShapeException.class)
          .hasMessageContaining("segments of shape [4]");
    }
  }

  @Test
  void theConvergenceDeltaOfIntegratedGradientsIsWhatIsMissing() {
    try (PointerScope scope = new PointerScope();
        ScriptModel model = table();
        Plan plan = Plan.gradient(model)) {
      Tensor x = rows();
      double[][] values = all(model, x);
      IntegratedGradients.Settings few =
          IntegratedGradients.Settings.defaults().withNIter(5).withConvergenceDelta(true);
      try (Attribution rough = few.on(plan).attribute(x, Target.classes(1));
          Attribution good = few.withNIter(500).on(plan).attribute(x, Target.classes(1));
          Attribution silent =
              few.withConvergenceDelta(false).on(plan).attribute(x, Target.classes(1))) {
        assertThat(silent.convergenceDelta()).isEmpty();
        for (int s = 0; s < 2; s++) {
          double whole = values[(1 << GROUPS) - 1][s] - values[0][s];
          double sum = rough.relevance().select(0, s).sum().item_double();
          assertThat(rough.convergenceDelta().get(s)).isCloseTo(sum - whole, within(1e-12));
          assertThat(Math.abs(good.convergenceDelta().get(s)))
              .isLessThan(0.02 * Math.abs(whole) + 1e-3);
        }
      }
    }
  }
}
