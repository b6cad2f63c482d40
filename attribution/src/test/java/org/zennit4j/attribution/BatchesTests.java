/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.attribution;

import static org.assertj.core.api.Assertions.assertThat;
import static org.zennit4j.testing.TensorSubject.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.zennit4j.composites.Composites;
import org.zennit4j.composites.Plan;
import org.zennit4j.model.ScriptModel;
import org.zennit4j.runtime.HookHandle;
import org.zennit4j.runtime.ModuleHook;
import org.zennit4j.testing.ModelBuilder;
import org.zennit4j.testing.ModelBuilder.Conv;
import org.zennit4j.testing.NativeLeaks;
import org.zennit4j.testing.SeededWeights;

/** How many copies run at once where nobody says, and which ones are not run at all. */
@ExtendWith(NativeLeaks.class)
class BatchesTests {
  private static ScriptModel convNet(ScalarType dtype) {
    ModelBuilder b = new ModelBuilder(dtype, 3);
    return ScriptModel.of(
        b.sequential(
            b.conv(2, 2, 3, 3, Conv.PLAIN.withPadding(1)), b.relu(), b.flatten(), b.linear(75, 4)));
  }

  /** A first layer, and what the source makes of x and it. */
  private static ScriptModel linear(String source) {
    ModelBuilder b = new ModelBuilder(ScalarType.Double, 7);
    return ScriptModel.of(b.module("nets.Net", Map.of("a", b.linear(6, 3)), source));
  }

  /** The batches that a layer is called with. */
  private static final class Seen implements ModuleHook {
    final List<Long> batches = new ArrayList<>();

    @Override
    public List<Tensor> forward(Call call, List<Tensor> inputs, List<Tensor> outputs) {
      batches.add(inputs.get(0).size(0));
      return outputs;
    }
  }

  private static List<Long> batches(ScriptModel model, String layer, Runnable run) {
    Seen seen = new Seen();
    try (HookHandle handle = model.registerHook(layer, seen)) {
      run.run();
    }
    return seen.batches;
  }

  private static Tensor images(ScalarType dtype) {
    return SeededWeights.normal(11, dtype, 2, 2, 5, 5);
  }

  @Test
  void theFirstCopyRunsAloneAndTheOthersTogether() {
    Tensor x = images(ScalarType.Double);
    try (ScriptModel model = convNet(ScalarType.Double);
        Plan plan = Plan.of(model, Composites.epsilonPlusFlat());
        SmoothGrad smooth = new SmoothGrad(plan, SmoothGrad.Settings.defaults().withNIter(6))) {
      // The clean copy, a look at two samples side by side, the noisy copies.
      assertThat(batches(model, "0", () -> smooth.attribute(x).close()))
          .containsExactly(2L, 4L, 10L);
      assertThat(batches(model, "0", () -> smooth.attribute(x).close()))
          .as("the look is taken once")
          .containsExactly(2L, 10L);
      assertThat(
              batches(
                  model,
                  "0",
                  () ->
                      new SmoothGrad(plan, smooth.settings().withBatchSize(3))
                          .attribute(x)
                          .close()))
          .as("what somebody says counts")
          .containsExactly(6L, 6L);
    }
  }

  @Test
  void theChoiceChangesNoMoreThanRounding() {
    for (ScalarType dtype : List.of(ScalarType.Double, ScalarType.Float)) {
      double tolerance = dtype == ScalarType.Double ? 1e-12 : 1e-4;
      Tensor x = images(dtype);
      try (ScriptModel model = convNet(dtype);
          Plan plan = Plan.of(model, Composites.epsilonPlus())) {
        List<List<AttributorSettings>> pairs =
            List.of(
                List.of(
                    SmoothGrad.Settings.defaults(),
                    SmoothGrad.Settings.defaults().withBatchSize(1)),
                List.of(
                    IntegratedGradients.Settings.defaults()
                        .withQuadrature(IntegratedGradients.Quadrature.TRAPEZOID),
                    IntegratedGradients.Settings.defaults()
                        .withQuadrature(IntegratedGradients.Quadrature.TRAPEZOID)
                        .withBatchSize(1)),
                List.of(
                    Occlusion.Settings.defaults().withWindow(2),
                    Occlusion.Settings.defaults().withWindow(2).withBatchSize(1)));
        for (List<AttributorSettings> pair : pairs) {
          try (Attributor chosen = pair.get(0).on(plan);
              Attributor alone = pair.get(1).on(plan);
              Attribution a = chosen.attribute(x, Target.logit(1, 3));
              Attribution b = alone.attribute(x, Target.logit(1, 3));
              Attribution again = chosen.attribute(x, Target.logit(1, 3))) {
            assertThat(a.relevance()).within(tolerance, tolerance).of(b.relevance());
            assertThat(a.output()).isBitEqualTo(b.output());
            assertThat(again.relevance()).isBitEqualTo(a.relevance());
          }
        }
      }
    }
  }

  /** What came before must not change a map: the choice is of the shape, not of the values. */
  @Test
  void anInputThatIsNotFiniteLeavesNoChoiceBehind() {
    Tensor x = images(ScalarType.Float);
    try (ScriptModel model = convNet(ScalarType.Float);
        Plan plan = Plan.of(model, Composites.epsilonPlus());
        SmoothGrad fresh = new SmoothGrad(plan, SmoothGrad.Settings.defaults());
        SmoothGrad used = new SmoothGrad(plan, SmoothGrad.Settings.defaults())) {
      used.attribute(x.mul(new Scalar(Double.NaN)), Target.logit(1, 3)).close();
      try (Attribution a = fresh.attribute(x, Target.logit(1, 3));
          Attribution b = used.attribute(x, Target.logit(1, 3))) {
        assertThat(b.relevance()).isBitEqualTo(a.relevance());
      }
      assertThat(batches(model, "0", () -> used.attribute(x).close())).hasSize(2);
    }
  }

  @Test
  void modelsThatMixSamplesRunAsIfTheyWereAlone() {
    Tensor x = SeededWeights.normal(1, ScalarType.Double, 2, 6);
    for (String mixing :
        List.of("y - y.mean(0)", "torch.softmax(y, 0)", "y * torch.max(y)", "y.sum(0)")) {
      try (ScriptModel model =
              linear(
                  "def forward(self, x):\n    y = self.a.forward(x)\n    return " + mixing + "\n");
          Plan plan = Plan.gradient(model);
          IntegratedGradients path = new IntegratedGradients(plan);
          IntegratedGradients alone =
              new IntegratedGradients(plan, path.settings().withBatchSize(1))) {
        Target target = Target.output();
        assertThat(path.attribute(x, target).relevance())
            .isBitEqualTo(alone.attribute(x, target).relevance());
      }
    }
  }

  @Test
  void modelsOfOneBatchRunAsIfTheyWereAlone() {
    Tensor x = SeededWeights.normal(1, ScalarType.Double, 1, 6);
    try (ScriptModel model =
            linear("def forward(self, x):\n    return self.a.forward(x.view(1, 6))\n");
        Plan plan = Plan.gradient(model);
        SmoothGrad smooth = new SmoothGrad(plan);
        SmoothGrad alone = new SmoothGrad(plan, smooth.settings().withBatchSize(1))) {
      assertThat(smooth.attribute(x).relevance()).isBitEqualTo(alone.attribute(x).relevance());
    }
  }

  @Test
  void equalCopiesRunOnce() {
    Tensor x = images(ScalarType.Double);
    try (ScriptModel model = convNet(ScalarType.Double);
        Plan plan = Plan.gradient(model)) {
      SmoothGrad quiet =
          new SmoothGrad(plan, SmoothGrad.Settings.defaults().withNoiseLevel(0).withBatchSize(4));
      Attribution[] found = new Attribution[1];
      assertThat(batches(model, "0", () -> found[0] = quiet.attribute(x, Target.classes(1))))
          .containsExactly(2L);
      try (Attribution single = new Gradient(plan).attribute(x, Target.classes(1))) {
        assertThat(found[0].relevance()).within(1e-14, 1e-14).of(single.relevance());
      }
      IntegratedGradients nowhere =
          new IntegratedGradients(
              plan,
              IntegratedGradients.Settings.defaults()
                  .withBaseline(Baseline.tensors(x))
                  .withBatchSize(1));
      assertThat(batches(model, "0", () -> nowhere.attribute(x).close())).containsExactly(2L);
    }
  }

  @Test
  void theBaselineOfATrapezoidIsNotRunAgainForTheDelta() {
    Tensor x = images(ScalarType.Double);
    IntegratedGradients.Settings settings =
        IntegratedGradients.Settings.defaults()
            .withNIter(3)
            .withBatchSize(4)
            .withQuadrature(IntegratedGradients.Quadrature.TRAPEZOID);
    try (ScriptModel model = convNet(ScalarType.Double);
        Plan plan = Plan.gradient(model)) {
      IntegratedGradients path = new IntegratedGradients(plan, settings.withConvergenceDelta(true));
      Attribution[] found = new Attribution[1];
      assertThat(batches(model, "0", () -> found[0] = path.attribute(x, Target.classes(1))))
          .containsExactly(8L);
      Tensor gained =
          model.run(x).get(0).sub(model.run(x.mul(new Scalar(0.0))).get(0)).select(1, 1);
      for (int b = 0; b < 2; b++) {
        double sum = found[0].relevance().select(0, b).sum().item_double();
        assertThat(found[0].convergenceDelta().get(b))
            .isCloseTo(
                sum - gained.select(0, b).item_double(),
                org.assertj.core.data.Offset.offset(1e-12));
      }
    }
  }

  @Test
  void noCoalitionRunsTwice() {
    Tensor x = SeededWeights.normal(1, ScalarType.Double, 1, 6);
    try (ScriptModel model = linear("def forward(self, x):\n    return self.a.forward(x)\n");
        Plan plan = Plan.gradient(model)) {
      for (FeatureCoalitions.Method method : FeatureCoalitions.Method.values()) {
        FeatureCoalitions.Settings settings =
            FeatureCoalitions.Settings.of(method).withPatch(2).withBatchSize(1);
        List<Long> seen =
            batches(
                model,
                "a",
                () ->
                    new FeatureCoalitions(plan, settings).attribute(x, Target.classes(1)).close());
        // Three groups have eight coalitions.
        assertThat(seen).as(method.name()).hasSizeLessThanOrEqualTo(8);
      }
    }
  }
}
