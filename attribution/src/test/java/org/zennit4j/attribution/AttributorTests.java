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
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.bytedeco.pytorch.JitModule;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.zennit4j.bindings.CancelledException;
import org.zennit4j.bindings.ClosedException;
import org.zennit4j.bindings.ShapeException;
import org.zennit4j.bindings.Zennit4jException;
import org.zennit4j.composites.Composites;
import org.zennit4j.composites.Plan;
import org.zennit4j.model.ScriptModel;
import org.zennit4j.runtime.LayerRelevance;
import org.zennit4j.testing.ModelBuilder;
import org.zennit4j.testing.ModelBuilder.Conv;
import org.zennit4j.testing.NativeLeaks;
import org.zennit4j.testing.SeededWeights;
import org.zennit4j.testing.TensorSubject;

/** Every attributor against the formula that it stands for, written with single gradients. */
@ExtendWith(NativeLeaks.class)
class AttributorTests {
  private static final AttributionOptions PLAIN = AttributionOptions.defaults();

  private static ScriptModel convNet() {
    ModelBuilder b = new ModelBuilder(ScalarType.Double, 3);
    return ScriptModel.of(
        b.sequential(
            b.conv(2, 2, 3, 3, Conv.PLAIN.withPadding(1)), b.relu(), b.flatten(), b.linear(75, 4)));
  }

  /** One linear map of five numbers to two. */
  private static ScriptModel linearNet() {
    ModelBuilder b = new ModelBuilder(ScalarType.Double, 4);
    return ScriptModel.of(b.sequential(b.linear(5, 2)));
  }

  private static ScriptModel twoInputs() {
    ModelBuilder b = new ModelBuilder(ScalarType.Double, 5);
    JitModule net =
        b.module(
            "nets.Two",
            Map.of("a", b.linear(3, 4), "b", b.linear(2, 4), "relu", b.relu()),
            """
            def forward(self, x, y):
                return self.relu.forward(self.a.forward(x)) * self.b.forward(y)
            """);
    return ScriptModel.of(net);
  }

  private static Tensor images() {
    return SeededWeights.normal(11, ScalarType.Double, 2, 2, 5, 5);
  }

  private static Tensor gradient(Plan plan, Tensor input, Target target) {
    return new Gradient(plan).attribute(input, target).relevance();
  }

  @Test
  void smoothGradIsTheMeanOfNoisyGradients() {
    Tensor x = images();
    Target target = Target.logit(1, 3);
    try (ScriptModel model = convNet();
        Plan plan = Plan.of(model, Composites.epsilonPlus());
        Attribution found =
            new SmoothGrad(plan, SmoothGrad.Settings.defaults().withNIter(4).withSeed(7))
                .attribute(x, target)) {
      Tensor range =
          x.flatten(1, -1)
              .amax(new long[] {1}, true)
              .sub(x.flatten(1, -1).amin(new long[] {1}, true));
      Tensor deviation = range.mul(new Scalar(0.1)).view(2, 1, 1, 1);
      torch.manual_seed(7);
      Tensor sum = torch.zeros_like(x);
      for (int i = 0; i < 3; i++) {
        sum = sum.add(gradient(plan, x.add(torch.randn_like(x).mul(deviation)), target));
      }
      sum = sum.add(gradient(plan, x, target));

      assertThat(found.relevance()).within(1e-12, 1e-14).of(sum.div(new Scalar(4.0)));
      assertThat(found.output()).isBitEqualTo(model.run(x).get(0));
    }
  }

  @Test
  void oneIterationOfSmoothGradIsTheGradient() {
    try (ScriptModel model = convNet();
        Plan plan = Plan.gradient(model);
        Attribution found =
            new SmoothGrad(plan, SmoothGrad.Settings.defaults().withNIter(1)).attribute(images())) {
      assertThat(found.relevance()).isBitEqualTo(gradient(plan, images(), Target.top1()));
    }
  }

  @Test
  void smoothGradLeavesLibTorchsRandomNumbersAlone() {
    try (ScriptModel model = convNet();
        SmoothGrad smooth = new SmoothGrad(model, Composites.epsilonPlus())) {
      torch.manual_seed(1);
      Tensor expected = torch.randn(3);
      torch.manual_seed(1);
      smooth.attribute(images()).close();
      assertThat(torch.randn(3)).isBitEqualTo(expected);
    }
  }

  @Test
  void noiseMayBeGiven() {
    try (ScriptModel model = convNet();
        Plan plan = Plan.gradient(model)) {
      torch.manual_seed(5);
      Tensor first = torch.randn_like(images());
      Tensor second = torch.randn_like(images());
      Tensor noise = torch.stack(new org.bytedeco.pytorch.TensorVector(first, second));
      SmoothGrad.Settings settings = SmoothGrad.Settings.defaults().withNIter(3).withSeed(5);
      Tensor drawn = new SmoothGrad(plan, settings).attribute(images()).relevance();
      Tensor given =
          new SmoothGrad(plan, settings.withSeed(0).withNoise(noise))
              .attribute(images())
              .relevance();

      assertThat(given).isBitEqualTo(drawn);
      SmoothGrad wrong = new SmoothGrad(plan, settings.withNIter(5).withNoise(noise));
      assertThatThrownBy(() -> wrong.attribute(images()))
          .isInstanceOf(ShapeException.class)
          .hasMessageContaining("[4, 2, 2, 5, 5]")
          .hasMessageContaining("[2, 2, 2, 5, 5]");
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 3, 7, 100})
  void theResultDoesNotDependOnTheChunk(int size) {
    Tensor x = images();
    try (ScriptModel model = convNet();
        Plan plan = Plan.of(model, Composites.epsilonPlusFlat())) {
      SmoothGrad.Settings smooth = SmoothGrad.Settings.defaults().withNIter(7);
      assertThat(new SmoothGrad(plan, smooth.withBatchSize(size)).attribute(x).relevance())
          .isBitEqualTo(new SmoothGrad(plan, smooth).attribute(x).relevance());
      IntegratedGradients.Settings path = IntegratedGradients.Settings.defaults().withNIter(7);
      assertThat(new IntegratedGradients(plan, path.withBatchSize(size)).attribute(x).relevance())
          .isBitEqualTo(new IntegratedGradients(plan, path).attribute(x).relevance());
      Occlusion.Settings occlusion = Occlusion.Settings.defaults().withWindow(2);
      Attribution one = new Occlusion(plan, occlusion).attribute(x, Target.output());
      Attribution many =
          new Occlusion(plan, occlusion.withBatchSize(size)).attribute(x, Target.output());
      assertThat(many.relevance()).isBitEqualTo(one.relevance());
      assertThat(many.output()).isBitEqualTo(one.output());
    }
  }

  @Test
  void topClassesAreThoseOfTheCleanInput() {
    Tensor x = images();
    SmoothGrad.Settings wild =
        SmoothGrad.Settings.defaults().withNoiseLevel(5).withNIter(10).withBatchSize(4);
    try (ScriptModel model = convNet();
        Plan plan = Plan.gradient(model)) {
      int[] classes = Target.topClasses(model.run(x).get(0));
      assertThat(new SmoothGrad(plan, wild).attribute(x).relevance())
          .isBitEqualTo(
              new SmoothGrad(plan, wild).attribute(x, Target.classes(classes)).relevance());
      Occlusion occlusion = new Occlusion(plan, Occlusion.Settings.defaults().withWindow(2));
      assertThat(occlusion.attribute(x, Target.logitTop1()).relevance())
          .isBitEqualTo(occlusion.attribute(x, Target.logit(classes)).relevance());
    }
  }

  @Test
  void integratedGradientsOfALinearMapAreComplete() {
    Tensor x = SeededWeights.normal(1, ScalarType.Double, 3, 5);
    Tensor baseline = SeededWeights.normal(2, ScalarType.Double, 1, 5);
    try (ScriptModel model = linearNet();
        IntegratedGradients path =
            new IntegratedGradients(
                model,
                Composites.betaSmooth(),
                IntegratedGradients.Settings.defaults().withBaseline(Baseline.tensors(baseline)));
        Attribution found = path.attribute(x, Target.classes(1))) {
      Tensor difference = model.run(x).get(0).sub(model.run(baseline).get(0)).select(1, 1);
      assertThat(found.relevance().sum(1)).within(1e-12, 1e-14).of(difference);
    }
  }

  @Test
  void integratedGradientsAreARightSumOnPositionsInFloat32() {
    Tensor x = images();
    try (ScriptModel model = convNet();
        Plan plan = Plan.gradient(model)) {
      Target target = Target.logit(0);
      Tensor sum = torch.zeros_like(x);
      for (float position : new float[] {1f / 3, 2f / 3, 1}) {
        sum = sum.add(gradient(plan, x.mul(new Scalar((double) position)), target));
      }
      IntegratedGradients path =
          new IntegratedGradients(plan, IntegratedGradients.Settings.defaults().withNIter(3));
      assertThat(path.attribute(x, target).relevance())
          .within(1e-12, 1e-14)
          .of(sum.div(new Scalar(3.0)).mul(x));
    }
  }

  @Test
  void aBaselineMayBeAFunction() {
    Tensor x = images();
    try (ScriptModel model = convNet();
        Plan plan = Plan.gradient(model)) {
      IntegratedGradients.Settings settings = IntegratedGradients.Settings.defaults().withNIter(3);
      Baseline mean = (input, i) -> input.mean().expand_as(input);
      double value = x.mean().item_double();
      assertThat(
              new IntegratedGradients(plan, settings.withBaseline(mean)).attribute(x).relevance())
          .isBitEqualTo(
              new IntegratedGradients(plan, settings.withBaseline(Baseline.number(value)))
                  .attribute(x)
                  .relevance());
      IntegratedGradients wrong =
          new IntegratedGradients(plan, settings.withBaseline(Baseline.tensors(torch.zeros(3))));
      assertThatThrownBy(() -> wrong.attribute(x))
          .isInstanceOf(ShapeException.class)
          .hasMessageContaining("baseline of shape [3]");
    }
  }

  @Test
  void occlusionKeepsWindowsThatWrapAround() {
    Tensor x = SeededWeights.normal(1, ScalarType.Double, 1, 5);
    double[] values = TensorSubject.values(x);
    try (ScriptModel model = linearNet();
        Plan plan = Plan.gradient(model)) {
      Occlusion occlusion =
          new Occlusion(
              plan,
              Occlusion.Settings.defaults()
                  .withWindow(List.of(3))
                  .withStride(List.of(2))
                  .withFill(0.5));
      double[] expected = new double[5];
      for (int offset : new int[] {0, 2, 4}) {
        double[] masked = {0.5, 0.5, 0.5, 0.5, 0.5};
        for (int k = 0; k < 3; k++) {
          masked[(offset + k) % 5] = values[(offset + k) % 5];
        }
        double score = model.run(Tensor.create(masked).view(1, 5)).get(0).sum().item_double();
        for (int k = 0; k < 3; k++) {
          expected[(offset + k) % 5] += score;
        }
      }
      assertThat(occlusion.attribute(x, Target.output()).relevance())
          .within(1e-12, 1e-13)
          .of(expected);
    }
  }

  @Test
  void occlusionMayFillTheWindow() {
    Tensor x = SeededWeights.normal(1, ScalarType.Double, 2, 5);
    try (ScriptModel model = linearNet();
        Plan plan = Plan.gradient(model)) {
      Occlusion.Settings settings = Occlusion.Settings.defaults().withInvert(true).withFill(2);
      Tensor all = new Occlusion(plan, settings).attribute(x, Target.output()).relevance();
      Tensor score = model.run(torch.full_like(x, new Scalar(2))).get(0).sum(1).view(2, 1);
      assertThat(all).within(1e-12, 1e-13).of(score.expand_as(x));
    }
  }

  @Test
  void occlusionSettingsAreChecked() {
    assertThatThrownBy(() -> Occlusion.Settings.defaults().withWindow(0))
        .isInstanceOf(Zennit4jException.class)
        .hasMessageContaining("window");
    assertThatThrownBy(() -> Occlusion.Settings.defaults().withStride(List.of()))
        .isInstanceOf(Zennit4jException.class)
        .hasMessageContaining("stride");
    assertThatThrownBy(() -> SmoothGrad.Settings.defaults().withNIter(0))
        .isInstanceOf(Zennit4jException.class)
        .hasMessageContaining("iterations");
    assertThatThrownBy(() -> SmoothGrad.Settings.defaults().withNoiseLevel(Double.NaN))
        .isInstanceOf(Zennit4jException.class)
        .hasMessageContaining("noise level");
    assertThatThrownBy(() -> IntegratedGradients.Settings.defaults().withBatchSize(-1))
        .isInstanceOf(Zennit4jException.class)
        .hasMessageContaining("batch size");
    try (ScriptModel model = linearNet();
        Plan plan = Plan.gradient(model)) {
      Occlusion deep =
          new Occlusion(plan, Occlusion.Settings.defaults().withWindow(List.of(1, 1, 1)));
      assertThatThrownBy(() -> deep.attribute(torch.zeros(1, 5).to(ScalarType.Double)))
          .isInstanceOf(ShapeException.class)
          .hasMessageContaining("3 dimensions");
    }
  }

  @Test
  void severalInputsHaveTheirOwnRelevance() {
    Tensor x = SeededWeights.normal(1, ScalarType.Double, 2, 3);
    Tensor y = SeededWeights.normal(2, ScalarType.Double, 2, 2);
    Target target = Target.logit(2);
    try (ScriptModel model = twoInputs();
        Plan plan = Plan.gradient(model)) {
      Attribution path =
          new IntegratedGradients(
                  plan, IntegratedGradients.Settings.defaults().withNIter(2).withBatchSize(2))
              .attribute(List.of(x, y), target, PLAIN);
      Attribution half =
          new Gradient(plan)
              .attribute(List.of(x.mul(new Scalar(0.5)), y.mul(new Scalar(0.5))), target, PLAIN);
      Attribution whole = new Gradient(plan).attribute(List.of(x, y), target, PLAIN);
      for (int i = 0; i < 2; i++) {
        Tensor mean = half.relevances().get(i).add(whole.relevances().get(i)).mul(new Scalar(0.5));
        assertThat(path.relevances().get(i)).within(1e-12, 1e-14).of(mean.mul(i == 0 ? x : y));
      }
      Attribution smooth = new SmoothGrad(plan).attribute(List.of(x, y), target, PLAIN);
      assertThat(smooth.relevances().get(1)).hasShape(2, 2);
      Attribution windows =
          new Occlusion(plan, Occlusion.Settings.defaults().withWindow(1).withBatchSize(3))
              .attribute(List.of(x, y), target, PLAIN);
      Tensor kept = torch.zeros_like(y);
      kept.select(1, 1).copy_(y.select(1, 1));
      Tensor score = target.apply(model.run(x, kept).get(0)).sum(1);
      assertThat(windows.relevances().get(1).select(1, 1)).within(1e-12, 1e-14).of(score);
    }
  }

  @Test
  void progressIsTold() {
    List<String> heard = new ArrayList<>();
    AttributionOptions options =
        PLAIN.withListener(
            (done, total) -> {
              heard.add(done + "/" + total);
              return true;
            });
    try (ScriptModel model = convNet();
        Plan plan = Plan.gradient(model)) {
      SmoothGrad.Settings five = SmoothGrad.Settings.defaults().withNIter(5).withBatchSize(2);
      new SmoothGrad(plan, five).attribute(List.of(images()), Target.top1(), options);
      assertThat(heard).containsExactly("2/5", "4/5", "5/5");
      heard.clear();
      Occlusion.Settings windows =
          Occlusion.Settings.defaults().withWindow(List.of(3, 5)).withBatchSize(9);
      new Occlusion(plan, windows).attribute(List.of(images()), Target.top1(), options);
      assertThat(heard).containsExactly("1/3", "3/3");
    }
  }

  @Test
  void aListenerCancelsAndNothingIsLeft() {
    AttributionOptions options = PLAIN.withListener((done, total) -> done < 2).withLayers("0");
    try (ScriptModel model = convNet();
        Plan plan = Plan.gradient(model)) {
      assertThatThrownBy(
              () ->
                  new SmoothGrad(plan, SmoothGrad.Settings.defaults().withBatchSize(1))
                      .attribute(List.of(images()), Target.top1(), options))
          .isInstanceOf(CancelledException.class)
          .hasMessageContaining("2 of 20");
      AttributionOptions plain = PLAIN.withListener((done, total) -> false);
      assertThatThrownBy(
              () -> new Occlusion(plan).attribute(List.of(images()), Target.top1(), plain))
          .isInstanceOf(CancelledException.class);
      assertThatThrownBy(
              () -> new Gradient(plan).attribute(List.of(images()), Target.top1(), plain))
          .isInstanceOf(CancelledException.class);
    }
  }

  @Test
  void everyAttributorLeavesNothingOutsideOfScopes() throws Exception {
    NativeLeaks.assertNone(
        () -> {
          Tensor x = images();
          try (ScriptModel model = convNet();
              Plan plan = Plan.of(model, Composites.epsilonPlusFlat())) {
            List<Attributor> all =
                List.of(
                    new Gradient(plan),
                    new SmoothGrad(plan, SmoothGrad.Settings.defaults().withBatchSize(3)),
                    new IntegratedGradients(plan),
                    new Occlusion(plan, Occlusion.Settings.defaults().withWindow(3)));
            for (Attributor attributor : all) {
              attributor.attribute(x).close();
            }
          }
        });
  }

  @Test
  void layersOfSmoothGradAreMeans() {
    Tensor x = images();
    SmoothGrad.Settings settings = SmoothGrad.Settings.defaults().withNIter(3);
    AttributionOptions options = PLAIN.withLayers("0", "3");
    try (ScriptModel model = convNet();
        Plan plan = Plan.of(model, Composites.epsilonPlus())) {
      Attribution one =
          new SmoothGrad(plan, settings).attribute(List.of(x), Target.classes(1), options);
      Attribution many =
          new SmoothGrad(plan, settings.withBatchSize(2))
              .attribute(List.of(x), Target.classes(1), options);
      assertThat(one.layers()).extracting(LayerRelevance::layer).containsExactly("0", "3");
      assertThat(one.at("0").orElseThrow().inputs().get(0)).isBitEqualTo(one.relevance());
      for (int i = 0; i < 2; i++) {
        assertThat(many.layers().get(i).inputs().get(0))
            .isBitEqualTo(one.layers().get(i).inputs().get(0));
        assertThat(many.layers().get(i).outputs().get(0))
            .isBitEqualTo(one.layers().get(i).outputs().get(0));
      }
      assertThat(one.at("3").orElseThrow().outputs().get(0))
          .within(1e-15, 0)
          .of(Target.classes(1).apply(one.output()));
    }
  }

  @Test
  void layersAreRefusedWhereTheyMeanNothing() {
    AttributionOptions options = PLAIN.withLayers("0");
    try (ScriptModel model = convNet();
        Plan plan = Plan.gradient(model)) {
      for (Attributor attributor : List.of(new IntegratedGradients(plan), new Occlusion(plan))) {
        assertThatThrownBy(() -> attributor.attribute(List.of(images()), Target.top1(), options))
            .isInstanceOf(Zennit4jException.class)
            .hasMessageContaining("layer '0'");
      }
    }
  }

  @Test
  void modelsThatMixSamplesAreRefusedInChunks() {
    ModelBuilder b = new ModelBuilder(ScalarType.Double, 1);
    JitModule net = b.expression("nets.Sum", "torch.sum(input, 0, True)");
    try (ScriptModel model = ScriptModel.of(net);
        Plan plan = Plan.gradient(model)) {
      SmoothGrad.Settings settings = SmoothGrad.Settings.defaults().withNIter(4);
      Tensor x = SeededWeights.normal(1, ScalarType.Double, 2, 3);
      new SmoothGrad(plan, settings).attribute(x).close();
      assertThatThrownBy(() -> new SmoothGrad(plan, settings.withBatchSize(2)).attribute(x))
          .isInstanceOf(ShapeException.class)
          .hasMessageContaining("use a batch size of 1");
    }
  }

  @Test
  void closedTensorsAreNamed() {
    try (ScriptModel model = linearNet();
        Plan plan = Plan.gradient(model)) {
      Tensor x = torch.zeros(1, 5).to(ScalarType.Double);
      x.close();
      List<Attributor> all =
          List.of(
              new Gradient(plan),
              new SmoothGrad(plan),
              new IntegratedGradients(plan),
              new Occlusion(plan));
      for (Attributor attributor : all) {
        assertThatThrownBy(() -> attributor.attribute(x))
            .isInstanceOf(ClosedException.class)
            .hasMessageContaining("closed");
      }
    }
  }

  @Test
  void nonFiniteRelevanceIsAnErrorIfAskedFor() {
    try (ScriptModel model = linearNet();
        Plan plan = Plan.gradient(model)) {
      Tensor x = torch.full(new long[] {1, 5}, new Scalar(Double.NaN)).to(ScalarType.Double);
      Attribution quiet = new IntegratedGradients(plan).attribute(x, Target.classes(0));
      assertThat(quiet.relevance().isnan().all().item_bool()).isTrue();
      assertThatThrownBy(
              () ->
                  new IntegratedGradients(plan)
                      .attribute(List.of(x), Target.classes(0), PLAIN.withCheckFinite(true)))
          .isInstanceOf(Zennit4jException.class)
          .hasMessageContaining("NaN")
          .hasMessageContaining("first in the model's input");
    }
  }

  private static void assertNotFinite(ScriptModel model, Tensor x, String... texts) {
    try (Plan plan = Plan.of(model, Composites.epsilonPlus())) {
      for (Attributor attributor :
          List.of(
              new Gradient(plan),
              new SmoothGrad(plan, SmoothGrad.Settings.defaults().withNIter(3).withSeed(1)),
              new IntegratedGradients(
                  plan, IntegratedGradients.Settings.defaults().withNIter(3)))) {
        attributor.attribute(List.of(x), Target.classes(0), PLAIN).close();
        assertThatThrownBy(
                () ->
                    attributor.attribute(
                        List.of(x), Target.classes(0), PLAIN.withCheckFinite(true)))
            .isInstanceOf(Zennit4jException.class)
            .message()
            .contains(texts)
            .hasLineCount(1);
      }
    }
  }

  @Test
  void theFirstLayerWhoseOutputIsNotFiniteIsNamed() {
    ModelBuilder b = new ModelBuilder(ScalarType.Double, 1);
    JitModule broken = b.linear(4, 4);
    broken.attr("weight").toTensor().fill_(new Scalar(Double.NaN));
    try (ScriptModel model =
        ScriptModel.of(
            b.sequential(
                b.linear(4, 4), b.sequential(b.relu(), broken), b.relu(), b.linear(4, 2)))) {
      Tensor x = SeededWeights.normal(3, ScalarType.Double, 2, 4);
      assertNotFinite(model, x, "NaN or infinity, first in the output of layer '1.1'");
      try (Occlusion occlusion = new Occlusion(model, Composites.epsilonPlus())) {
        assertThatThrownBy(
                () -> occlusion.attribute(List.of(x), Target.logit(0), PLAIN.withCheckFinite(true)))
            .hasMessageContaining("output of layer '1.1'");
      }
    }
  }

  /** The square root of 0 is finite, its derivative is not. */
  @Test
  void theFirstLayerThatPassesNonFiniteRelevanceOnIsNamed() {
    ModelBuilder b = new ModelBuilder(ScalarType.Double, 1);
    JitModule root = b.expression("nets.Root", "torch.sqrt(input * 0.0)");
    try (ScriptModel model =
        ScriptModel.of(
            b.sequential(b.linear(4, 4), b.sequential(root, b.relu()), b.linear(4, 2)))) {
      Tensor x = SeededWeights.normal(3, ScalarType.Double, 2, 4);
      assertNotFinite(model, x, "first in the relevance that layer '1.0");
    }
  }

  @Test
  void threadsShareAnAttributor() throws Exception {
    Tensor x = images();
    ExecutorService pool = Executors.newFixedThreadPool(4);
    try (ScriptModel model = convNet();
        SmoothGrad smooth =
            new SmoothGrad(
                model,
                Composites.epsilonPlusFlat(),
                SmoothGrad.Settings.defaults().withNIter(5).withBatchSize(2))) {
      double[] expected = TensorSubject.values(smooth.attribute(x).relevance());
      List<Callable<double[]>> tasks = new ArrayList<>();
      for (int i = 0; i < 8; i++) {
        tasks.add(
            () -> {
              try (Attribution found = smooth.attribute(x)) {
                return TensorSubject.values(found.relevance());
              }
            });
      }
      for (Future<double[]> future : pool.invokeAll(tasks)) {
        assertThat(future.get()).isEqualTo(expected);
      }
    } finally {
      pool.shutdown();
    }
  }
}
