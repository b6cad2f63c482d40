/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.attribution;

import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.zennit4j.testing.TensorSubject.assertThat;

import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.JitModule;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.zennit4j.bindings.Zennit4jException;
import org.zennit4j.composites.Plan;
import org.zennit4j.model.ScriptModel;
import org.zennit4j.testing.ModelBuilder;
import org.zennit4j.testing.NativeLeaks;
import org.zennit4j.testing.SeededWeights;

/** DeepLIFT's rescale rule on activations that users wrote by hand, against its formula. */
@ExtendWith(NativeLeaks.class)
class HandWrittenTests {
  private final ModelBuilder b = new ModelBuilder(ScalarType.Double, 4);
  private final Tensor x = SeededWeights.normal(5, ScalarType.Double, 3, 4);
  private final JitModule first = b.linear(4, 6);
  private final JitModule last = b.linear(6, 2);

  private ScriptModel model(String activation) {
    return ScriptModel.of(
        b.module(
            "nets.Net",
            Map.of("a", first, "b", last),
            "def forward(self, x):\n    h = self.a.forward(x)\n    h = "
                + activation
                + "\n    return self.b.forward(h)\n"));
  }

  private Tensor explain(String activation) {
    try (ScriptModel model = model(activation);
        Plan plan = Plan.gradient(model);
        Attribution found =
            new DeepLift(plan, new DeepLift.Settings(Baseline.number(-0.25)))
                .attribute(List.of(x), Target.classes(1), AttributionOptions.defaults())) {
      return found.relevance().clone();
    }
  }

  private Tensor linear(Tensor input) {
    return torch
        .matmul(input, first.attr("weight").toTensor().t())
        .add(first.attr("bias").toTensor());
  }

  /** x * max(1, slope): slope left of zero. */
  private static Tensor leaky(Tensor h, double slope) {
    return torch.where(h.gt(new Scalar(0)), h, h.mul(new Scalar(slope)));
  }

  private Tensor rescaled(double slope) {
    Tensor x0 = torch.full_like(x, new Scalar(-0.25));
    Tensor h = linear(x);
    Tensor h0 = linear(x0);
    Tensor m = leaky(h, slope).sub(leaky(h0, slope)).div(h.sub(h0));
    Tensor w = last.attr("weight").toTensor().select(0, 1);
    return torch.matmul(m.mul(w), first.attr("weight").toTensor()).mul(x.sub(x0));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "torch.maximum(h, torch.zeros([1], dtype=h.dtype))",
        "torch.maximum(torch.zeros_like(h), h)",
        "torch.max(h, torch.zeros_like(h))",
        "-torch.minimum(-h, torch.zeros_like(h))",
        "torch.where(h > 0, h, torch.zeros_like(h))",
        "torch.where(h > 0, h, 0.0)",
        "torch.where(h.le(0), torch.zeros([1], dtype=h.dtype), h)",
        "torch.where(torch.logical_not(h < 0), h, torch.zeros_like(h))",
        "h.clamp(min=0)",
        "torch.clamp_min(h, 0)",
        "torch.threshold(h, 0, 0)",
        "torch.masked_fill(h, h < 0, 0.0)",
        "h * (h > 0)",
        "(h > 0).to(h.dtype) * h",
        "0.5 * (h + torch.abs(h))"
      })
  void reluByHandIsRescaled(String activation) {
    assertThat(explain(activation)).within(1e-9, 1e-11).of(rescaled(0));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "torch.leaky_relu(h, 0.1)",
        "torch.maximum(h, 0.1 * h)",
        "torch.where(h > 0, h, 0.1 * h)",
        "torch.where(h < 0, h * 0.1, h)",
        "torch.max(0.1 * h, h)"
      })
  void leakyReluByHandIsRescaled(String activation) {
    assertThat(explain(activation)).within(1e-9, 1e-11).of(rescaled(0.1));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "torch.maximum(h, h.flip([1]))",
        "torch.where(h.flip([1]) > 0, h, torch.zeros_like(h))",
        "torch.where(h > 0, torch.ones_like(h), torch.zeros_like(h))",
        "h * (h.flip([1]) > 0)",
        "h * torch.sigmoid(h)"
      })
  void whatIsNoFunctionOfOneValueIsRefused(String activation) {
    try (ScriptModel model = model(activation);
        Plan plan = Plan.gradient(model)) {
      assertThatThrownBy(() -> new DeepLift(plan, DeepLift.Settings.defaults()))
          .isInstanceOf(Zennit4jException.class)
          .hasMessageContaining("deeplift is not defined for")
          .hasMessageContaining("integrated_gradients");
    }
  }
}
