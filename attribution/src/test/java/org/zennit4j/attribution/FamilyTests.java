/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.attribution;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.zennit4j.testing.TensorSubject.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.bytedeco.pytorch.JitModule;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.zennit4j.attribution.IntegratedGradients.Quadrature;
import org.zennit4j.attribution.SmoothGrad.Source;
import org.zennit4j.attribution.SmoothGrad.Statistic;
import org.zennit4j.bindings.CancelledException;
import org.zennit4j.bindings.ShapeException;
import org.zennit4j.bindings.Zennit4jException;
import org.zennit4j.bindings.internal.Vectors;
import org.zennit4j.composites.Composites;
import org.zennit4j.composites.Plan;
import org.zennit4j.model.ScriptModel;
import org.zennit4j.registry.Entry;
import org.zennit4j.runtime.LayerRelevance;
import org.zennit4j.testing.ModelBuilder;
import org.zennit4j.testing.ModelBuilder.Conv;
import org.zennit4j.testing.NativeLeaks;
import org.zennit4j.testing.SeededWeights;

/** The attributors by name, and what their settings change. */
@ExtendWith(NativeLeaks.class)
class FamilyTests {
  private static final AttributionOptions PLAIN = AttributionOptions.defaults();

  private static ScriptModel convNet() {
    ModelBuilder b = new ModelBuilder(ScalarType.Double, 3);
    return ScriptModel.of(
        b.sequential(
            b.conv(2, 2, 3, 3, Conv.PLAIN.withPadding(1)), b.relu(), b.flatten(), b.linear(75, 4)));
  }

  /** Rollouts, which need attention, have tests of their own. */
  private static List<Entry<AttributorSettings>> forConvolutions() {
    return Attributors.registry().entries().stream()
        .filter(entry -> !entry.name().endsWith("rollout"))
        .toList();
  }

  /** A picture and a vector. */
  private static ScriptModel twoInputs() {
    ModelBuilder b = new ModelBuilder(ScalarType.Double, 5);
    JitModule net =
        b.module(
            "nets.Two",
            Map.of(
                "conv",
                b.conv(2, 2, 3, 3, Conv.PLAIN.withPadding(1)),
                "relu",
                b.relu(),
                "a",
                b.linear(75, 4),
                "b",
                b.linear(2, 4)),
            """
            def forward(self, x, y):
                h = self.relu.forward(self.conv.forward(x))
                return self.a.forward(h.flatten(1, -1)) + self.b.forward(y)
            """);
    return ScriptModel.of(net);
  }

  private static Tensor images() {
    return SeededWeights.normal(11, ScalarType.Double, 2, 2, 5, 5);
  }

  private static Tensor vectors() {
    return SeededWeights.normal(12, ScalarType.Double, 2, 2);
  }

  private static Tensor gradient(Plan plan, Tensor input, Target target) {
    return new Gradient(plan).attribute(input, target).relevance();
  }

  private static SmoothGrad.Settings inJava(Statistic statistic, int batchSize) {
    return new SmoothGrad.Settings(
        0.3, 4, 9, List.of(), batchSize, Source.JAVA, false, statistic, /* cleanCopy= */ false);
  }

  @Test
  void everyAttributorRunsByItsName() {
    Tensor x = images();
    try (ScriptModel model = convNet();
        Plan plan = Plan.of(model, Composites.guidedBackprop())) {
      List<String> names = new ArrayList<>();
      for (Entry<AttributorSettings> entry : forConvolutions()) {
        AttributorSettings settings = entry.create(Map.of());
        assertThat(settings.name()).isEqualTo(entry.name());
        assertThat(entry.argumentNames()).containsAll(settings.arguments().keySet());
        try (Attributor attributor = settings.on(plan);
            Attribution found = attributor.attribute(x, Target.classes(1))) {
          assertThat(found.output()).isBitEqualTo(model.run(x).get(0));
          boolean cam = entry.name().endsWith("_cam") || entry.name().startsWith("grad_cam");
          long channels = cam && !entry.name().startsWith("guided") ? 1 : 2;
          assertThat(found.relevance()).hasShape(2, channels, 5, 5);
          assertThat(found.relevance().abs().sum().item_double()).isPositive();
        }
        names.add(entry.name());
      }
      assertThat(names)
          .containsExactly(
              "gradient",
              "smooth_grad",
              "integrated_gradients",
              "occlusion",
              "grad_cam",
              "guided_grad_cam",
              "grad_cam_pp",
              "layer_cam",
              "eigen_cam",
              "score_cam",
              "deep_lift",
              "random_uniform",
              "feature_ablation",
              "shapley_sampling",
              "kernel_shap",
              "lime");
    }
  }

  /** H. Wang et al. 2020, algorithm 1, written down once more. */
  @Test
  void scoreCamWeightsMapsByWhatTheyLetThrough() {
    Tensor x = images();
    ModelBuilder whole = new ModelBuilder(ScalarType.Double, 3);
    ModelBuilder part = new ModelBuilder(ScalarType.Double, 3);
    try (ScriptModel model =
            ScriptModel.of(
                whole.sequential(
                    whole.conv(2, 2, 5, 3, Conv.PLAIN),
                    whole.relu(),
                    whole.flatten(),
                    whole.linear(45, 4)));
        ScriptModel first =
            ScriptModel.of(part.sequential(part.conv(2, 2, 5, 3, Conv.PLAIN), part.relu()));
        Plan plan = Plan.of(model, Composites.guidedBackprop())) {
      Tensor maps = first.run(x).get(0);
      for (boolean resize : new boolean[] {true, false}) {
        List<Tensor> expected = new ArrayList<>();
        for (int b = 0; b < 2; b++) {
          Tensor sample = x.narrow(0, b, 1);
          Tensor base = model.run(torch.zeros_like(sample)).get(0).narrow(1, 1, 1);
          List<Tensor> scores = new ArrayList<>();
          for (int k = 0; k < 5; k++) {
            Tensor up =
                torch.upsample_bilinear2d(
                    maps.narrow(0, b, 1).narrow(1, k, 1), new long[] {5, 5}, false);
            Tensor range = up.max().sub(up.min());
            Tensor mask = up.sub(up.min()).div(range);
            scores.add(model.run(sample.mul(mask)).get(0).narrow(1, 1, 1).sub(base));
          }
          Tensor weights =
              torch.softmax(torch.cat(new TensorVector(scores.toArray(new Tensor[0])), 1), 1);
          Tensor sum = weights.reshape(1, 5, 1, 1).mul(maps.narrow(0, b, 1)).sum(1).unsqueeze(1);
          Tensor map = sum.clamp_min(new Scalar(0)).div(sum.max());
          expected.add(resize ? torch.upsample_bilinear2d(map, new long[] {5, 5}, false) : map);
        }
        Tensor all = torch.cat(new TensorVector(expected.toArray(new Tensor[0])), 0);
        for (int batchSize : new int[] {1, 2, 16}) {
          GradCam.Settings settings =
              new GradCam.Settings(
                  Optional.empty(),
                  false,
                  GradCam.Weighting.SCORE_CAM,
                  true,
                  true,
                  resize,
                  batchSize);
          try (Attribution found = settings.on(plan).attribute(x, Target.classes(1))) {
            assertThat(found.relevance().sub(all).abs().max().item_double()).isLessThan(1e-12);
          }
        }
      }
    }
  }

  @Test
  void everyAttributorTellsProgressCanBeCancelledAndLeavesNothing() throws Exception {
    NativeLeaks.assertNone(
        () -> {
          Tensor x = images();
          try (ScriptModel model = convNet();
              Plan plan = Plan.of(model, Composites.guidedBackprop())) {
            for (Entry<AttributorSettings> entry : forConvolutions()) {
              List<Integer> heard = new ArrayList<>();
              try (Attributor attributor = entry.create(Map.of()).on(plan)) {
                AttributionOptions listening =
                    PLAIN.withListener(
                        (done, total) -> {
                          heard.add(total - done);
                          return true;
                        });
                attributor.attribute(List.of(x), Target.top1(), listening).close();
                assertThat(heard).as(entry.name()).isNotEmpty().endsWith(0);
                AttributionOptions cancelling = PLAIN.withListener((done, total) -> false);
                assertThatThrownBy(
                        () -> attributor.attribute(List.of(x), Target.top1(), cancelling))
                    .isInstanceOf(CancelledException.class);
              }
            }
          }
        });
  }

  @Test
  void noiseOfJavaIsSharedByTheBatchAndItsVarianceIsVarGrad() {
    Tensor x = images();
    Target target = Target.logit(1, 3);
    try (ScriptModel model = convNet();
        Plan plan = Plan.gradient(model)) {
      Random random = new Random(9);
      Tensor sum = torch.zeros_like(x);
      Tensor squares = torch.zeros_like(x);
      for (int k = 0; k < 4; k++) {
        double[] values = new double[50];
        for (int i = 0; i < values.length; i++) {
          values[i] = 0.3 * random.nextGaussian();
        }
        Tensor noise = Vectors.of(values, 1, 2, 5, 5);
        Tensor found = gradient(plan, x.add(noise), target);
        sum = sum.add(found);
        squares = squares.add(found.mul(found));
      }
      Tensor mean = sum.div(new Scalar(4.0));
      Tensor variance = squares.div(new Scalar(4.0)).sub(mean.mul(mean));
      for (int size : List.of(1, 3)) {
        Attribution means = new SmoothGrad(plan, inJava(Statistic.MEAN, size)).attribute(x, target);
        assertThat(means.relevance()).within(1e-12, 1e-13).of(mean);
        assertThat(means.output()).isBitEqualTo(model.run(x).get(0));
        Attribution variances =
            new SmoothGrad(plan, inJava(Statistic.VARIANCE, size)).attribute(x, target);
        assertThat(variances.relevance()).within(1e-9, 1e-12).of(variance);
      }
    }
  }

  @Test
  void theResultDoesNotDependOnHowManyRunAtOnce() {
    Tensor x = images();
    Target target = Target.classes(2);
    IntegratedGradients.Settings path =
        IntegratedGradients.Settings.defaults().withNIter(5).withQuadrature(Quadrature.TRAPEZOID);
    try (ScriptModel model = convNet();
        Plan plan = Plan.gradient(model)) {
      Tensor one = new IntegratedGradients(plan, path).attribute(x, target).relevance();
      Tensor many =
          new IntegratedGradients(plan, path.withBatchSize(4)).attribute(x, target).relevance();
      assertThat(many).isBitEqualTo(one);
      Tensor drop = new Occlusion(plan, drop(1)).attribute(x, target).relevance();
      assertThat(new Occlusion(plan, drop(5)).attribute(x, target).relevance()).isBitEqualTo(drop);
      Tensor mean =
          new SmoothGrad(plan, inJava(Statistic.MEAN, 1)).attribute(x, target).relevance();
      assertThat(new SmoothGrad(plan, inJava(Statistic.MEAN, 3)).attribute(x, target).relevance())
          .isBitEqualTo(mean);
    }
  }

  private static Occlusion.Settings drop(int batchSize) {
    return new Occlusion.Settings(
        List.of(3),
        false,
        List.of(2),
        false,
        Baseline.number(0.5),
        /* invert= */ true,
        batchSize,
        Occlusion.Score.DROP,
        Occlusion.Border.CUT,
        /* spatial= */ true);
  }

  @Test
  void trapezoidsCountBothEndsHalf() {
    Tensor x = images();
    Target target = Target.classes(1);
    try (ScriptModel model = convNet();
        Plan plan = Plan.gradient(model)) {
      Tensor found =
          new IntegratedGradients(
                  plan,
                  new IntegratedGradients.Settings(2, Baseline.zeros(), 1, Quadrature.TRAPEZOID))
              .attribute(x, target)
              .relevance();
      Scalar half = new Scalar(0.5);
      Tensor ends =
          gradient(plan, torch.zeros_like(x), target).add(gradient(plan, x, target)).mul(half);
      Tensor mean = gradient(plan, x.mul(half), target).add(ends).mul(half);
      assertThat(found).within(1e-12, 1e-14).of(mean.mul(x));
    }
  }

  @Test
  void windowsOfTheBorderAreCutAndFallsAreAveraged() {
    Tensor x = images();
    try (ScriptModel model = convNet();
        Plan plan = Plan.gradient(model)) {
      Tensor found = new Occlusion(plan, drop(2)).attribute(x, Target.classes(1)).relevance();
      Tensor score = model.run(x).get(0).select(1, 1);
      Tensor sum = torch.zeros_like(x);
      Tensor count = torch.zeros_like(x);
      for (int i = 0; i < 5; i += 2) {
        for (int j = 0; j < 5; j += 2) {
          int h = Math.min(3, 5 - i);
          int w = Math.min(3, 5 - j);
          Tensor covered = x.clone();
          covered.narrow(2, i, h).narrow(3, j, w).fill_(new Scalar(0.5));
          Tensor fall = score.sub(model.run(covered).get(0).select(1, 1)).view(2, 1, 1, 1);
          sum.narrow(2, i, h).narrow(3, j, w).add_(fall);
          count.narrow(2, i, h).narrow(3, j, w).add_(new Scalar(1));
        }
      }
      assertThat(found).within(1e-12, 1e-14).of(sum.div(count));
    }
  }

  @Test
  void severalInputsHaveTheirOwn() {
    List<Tensor> inputs = List.of(images(), vectors());
    Target target = Target.classes(3);
    try (ScriptModel model = twoInputs();
        Plan plan = Plan.of(model, Composites.guidedBackprop())) {
      Attribution lift =
          new DeepLift(plan, DeepLift.Settings.defaults()).attribute(inputs, target, PLAIN);
      Tensor zeros =
          model.run(torch.zeros_like(inputs.get(0)), torch.zeros_like(inputs.get(1))).get(0);
      Tensor rise = model.run(inputs.get(0), inputs.get(1)).get(0).sub(zeros).select(1, 3);
      Tensor sum =
          lift.relevances().get(0).flatten(1, -1).sum(1).add(lift.relevances().get(1).sum(1));
      assertThat(sum).within(1e-10, 1e-12).of(rise);

      GradCam.Settings cam = GradCam.Settings.defaults();
      Attribution maps = new GradCam(plan, cam).attribute(inputs, target, PLAIN);
      assertThat(maps.relevances().get(0)).hasShape(2, 1, 5, 5);
      assertThat(maps.relevances().get(1) == null).isTrue();
      Attribution guided = new GradCam(plan, cam.withGuided(true)).attribute(inputs, target, PLAIN);
      Attribution rules = new Gradient(plan).attribute(inputs, target, PLAIN);
      assertThat(guided.relevances().get(0))
          .isBitEqualTo(rules.relevances().get(0).mul(maps.relevances().get(0)));
      Attribution named =
          new GradCam(plan, cam.withTargetLayer("relu")).attribute(inputs, target, PLAIN);
      assertThat(named.relevance()).isBitEqualTo(maps.relevance());

      Attribution noise =
          new RandomUniform(plan, RandomUniform.Settings.defaults())
              .attribute(inputs, target, PLAIN);
      assertThat(noise.relevances().get(0).select(1, 0))
          .isBitEqualTo(noise.relevances().get(0).select(1, 1));
      assertThat(noise.relevances().get(1)).hasShape(2, 2);
    }
  }

  @Test
  void layersAreThoseOfTheRulesOrRefused() {
    AttributionOptions options = PLAIN.withLayers("3");
    try (ScriptModel model = convNet();
        Plan plan = Plan.of(model, Composites.guidedBackprop())) {
      Target target = Target.classes(0);
      Attribution guided =
          new GradCam(plan, GradCam.Settings.defaults().withGuided(true))
              .attribute(List.of(images()), target, options);
      Attribution rules = new Gradient(plan).attribute(List.of(images()), target, options);
      assertThat(guided.layers()).extracting(LayerRelevance::layer).containsExactly("3");
      assertThat(guided.layers().get(0).inputs().get(0))
          .isBitEqualTo(rules.layers().get(0).inputs().get(0));
      Attribution variances =
          new SmoothGrad(plan, inJava(Statistic.VARIANCE, 2))
              .attribute(List.of(images()), target, options);
      assertThat(variances.layers().get(0).outputs().get(0))
          .isBitEqualTo(torch.zeros(2, 4).to(ScalarType.Double));
      for (AttributorSettings settings :
          List.of(GradCam.Settings.defaults(), RandomUniform.Settings.defaults())) {
        try (Attributor attributor = settings.on(plan)) {
          assertThatThrownBy(() -> attributor.attribute(List.of(images()), target, options))
              .isInstanceOf(Zennit4jException.class)
              .hasMessageContaining("layer '3'");
          assertThatThrownBy(
                  () ->
                      attributor.attribute(List.of(images()), target, PLAIN.withCreateGraph(true)))
              .isInstanceOf(Zennit4jException.class)
              .hasMessageContaining("cannot be differentiated");
        }
      }
    }
  }

  @Test
  void deepLiftSumsToTheRiseAtEveryLayer() {
    Tensor x = images();
    AttributionOptions options = PLAIN.withLayers("0", "1", "3");
    try (ScriptModel model = convNet();
        Plan plan = Plan.gradient(model);
        Attribution found =
            new DeepLift(plan, new DeepLift.Settings(Baseline.number(0.5)))
                .attribute(List.of(x), Target.classes(3), options)) {
      Tensor start = torch.full_like(x, new Scalar(0.5));
      Tensor rise = model.run(x).get(0).sub(model.run(start).get(0)).select(1, 3);
      assertThat(found.layers()).extracting(LayerRelevance::layer).containsExactly("0", "1", "3");
      for (LayerRelevance layer : found.layers()) {
        assertThat(layer.inputs().get(0).flatten(1, -1).sum(1)).within(1e-10, 1e-12).of(rise);
        assertThat(layer.outputs().get(0).flatten(1, -1).sum(1)).within(1e-10, 1e-12).of(rise);
      }
      assertThat(found.at("0").orElseThrow().inputs().get(0)).isBitEqualTo(found.relevance());
      Attribution alone =
          new DeepLift(plan, new DeepLift.Settings(Baseline.number(0.5)))
              .attribute(x, Target.classes(3));
      assertThat(found.relevance()).isBitEqualTo(alone.relevance());
    }
  }

  @Test
  void modelsThatAreNoneForAnAttributorAreRefusedAtOnce() {
    ModelBuilder b = new ModelBuilder(ScalarType.Double, 4);
    try (ScriptModel dense = ScriptModel.of(b.sequential(b.linear(5, 2)));
        Plan plan = Plan.gradient(dense);
        ScriptModel conv = convNet();
        Plan other = Plan.gradient(conv)) {
      assertThatThrownBy(() -> GradCam.Settings.defaults().on(plan))
          .isInstanceOf(Zennit4jException.class)
          .hasMessageContaining("needs a convolution");
      assertThatThrownBy(() -> GradCam.Settings.defaults().withTargetLayer("7").on(other))
          .isInstanceOf(Zennit4jException.class)
          .hasMessageContaining("no layer \"7\"; nearest: ");
      GradCam flat = new GradCam(other, GradCam.Settings.defaults().withTargetLayer("3"));
      assertThatThrownBy(() -> flat.attribute(images()))
          .isInstanceOf(ShapeException.class)
          .hasMessageContaining("(batch, channels, space...)");
    }
  }

  @Test
  void theGeneratorIsNumPys() {
    MersenneTwister numpy = new MersenneTwister(1);
    assertThat(numpy.nextDouble()).isEqualTo(0.417022004702574);
    assertThat(numpy.nextDouble()).isEqualTo(0.7203244934421581);
  }
}
