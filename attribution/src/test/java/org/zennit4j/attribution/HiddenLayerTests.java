/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.attribution;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.zennit4j.testing.TensorSubject.assertThat;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.JitModule;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.zennit4j.bindings.Zennit4jException;
import org.zennit4j.composites.Canonizers;
import org.zennit4j.composites.Composite;
import org.zennit4j.composites.Composites;
import org.zennit4j.composites.Plan;
import org.zennit4j.model.ScriptModel;
import org.zennit4j.runtime.HookHandle;
import org.zennit4j.runtime.LayerRelevance;
import org.zennit4j.runtime.ModuleHook;
import org.zennit4j.testing.ModelBuilder;
import org.zennit4j.testing.ModelBuilder.Conv;
import org.zennit4j.testing.NativeLeaks;
import org.zennit4j.testing.SeededWeights;

/** Relevance inside of a network: read, and edited on its way. */
@ExtendWith(NativeLeaks.class)
class HiddenLayerTests {
  private static final AttributionOptions PLAIN = AttributionOptions.defaults();

  private final ModelBuilder b = new ModelBuilder(ScalarType.Double, 6);

  /** A residual block, of which one ReLU is called twice, and a head. */
  private ScriptModel net() {
    Map<String, JitModule> children = new LinkedHashMap<>();
    children.put("conv1", b.conv(2, 2, 4, 3, Conv.PLAIN.withPadding(1)));
    children.put("bn1", b.batchNorm(2, 4));
    children.put("relu", b.relu());
    children.put("conv2", b.conv(2, 4, 4, 3, Conv.PLAIN.withPadding(1)));
    children.put("pool", b.adaptiveAvgPool(2, 1));
    children.put("fc", b.linear(4, 3));
    return ScriptModel.of(
        b.module(
            "nets.Net",
            children,
            """
            def forward(self, x):
                x = self.relu.forward(self.bn1.forward(self.conv1.forward(x)))
                x = self.relu.forward(self.conv2.forward(x) + x)
                return self.fc.forward(torch.flatten(self.pool.forward(x), 1))
            """));
  }

  private static Composite composite() {
    return Composites.epsilonPlus()
        .withCanonizers(Canonizers.mergeBatchNorm(), Canonizers.residualSum());
  }

  private static Tensor image() {
    return SeededWeights.normal(3, ScalarType.Double, 2, 2, 5, 5);
  }

  private static Attribution explain(Attributor attributor, String... layers) {
    return attributor.attribute(List.of(image()), Target.logit(1), PLAIN.withLayers(layers));
  }

  @Test
  void relevanceIsReadByName() {
    try (ScriptModel model = net();
        Gradient lrp = new Gradient(model, composite());
        Attribution found = explain(lrp, "conv1", "bn1", "relu", "conv2", "canonizer_sum", "fc")) {
      LayerRelevance conv1 = found.at("conv1").orElseThrow();
      assertThat(conv1.inputs().get(0)).isBitEqualTo(found.relevance());
      // A merged normalisation hands relevance on.
      LayerRelevance norm = found.at("bn1").orElseThrow();
      assertThat(norm.inputs().get(0)).isBitEqualTo(norm.outputs().get(0));
      assertThat(norm.inputs().get(0)).isBitEqualTo(conv1.outputs().get(0));
      LayerRelevance sum = found.at("canonizer_sum").orElseThrow();
      assertThat(sum.inputs()).hasSize(2);
      assertThat(sum.inputs().get(0).add(sum.inputs().get(1)))
          .within(1e-5, 1e-5)
          .of(sum.outputs().get(0));
      assertThat(found.at("fc").orElseThrow().outputs().get(0))
          .isBitEqualTo(Target.logit(1).apply(found.output()));
      List<LayerRelevance> relus =
          found.layers().stream().filter(l -> l.layer().equals("relu")).toList();
      assertThat(relus).extracting(LayerRelevance::call).containsExactly(0, 1);
      // What the first ReLU gives out is used by the convolution and the sum.
      Tensor arrived = relus.get(0).outputs().get(0);
      LayerRelevance conv2 = found.at("conv2").orElseThrow();
      assertThat(arrived).within(1e-12, 1e-14).of(conv2.inputs().get(0).add(sum.inputs().get(1)));
    }
  }

  @Test
  void relevanceIsReadByPattern() {
    try (ScriptModel model = net();
        Gradient lrp = new Gradient(model, composite());
        Attribution found = explain(lrp, "conv*", "*sum")) {
      assertThat(found.layers())
          .extracting(LayerRelevance::layer)
          .containsExactly("conv1", "conv2", "canonizer_sum");
      assertThatThrownBy(() -> explain(lrp, "conv3"))
          .isInstanceOf(Zennit4jException.class)
          .hasMessageContaining("'conv3'");
      assertThatThrownBy(() -> explain(lrp, "layer*"))
          .isInstanceOf(Zennit4jException.class)
          .hasMessageContaining("'layer*'");
    }
  }

  @Test
  void readingChangesNothing() {
    try (ScriptModel model = net();
        Gradient lrp = new Gradient(model, composite())) {
      assertThat(explain(lrp, "*").relevance()).isBitEqualTo(explain(lrp).relevance());
    }
  }

  /** Lets relevance through one channel of a layer's output only. */
  private record Channel(int channel) implements ModuleHook {
    @Override
    public List<Tensor> backwardPre(Call call, List<Tensor> gradOutput) {
      Tensor mask = torch.zeros_like(gradOutput.get(0));
      mask.select(1, channel).fill_(new Scalar(1));
      return List.of(gradOutput.get(0).mul(mask));
    }
  }

  @Test
  void channelsAreMaskedOnTheWay() {
    try (ScriptModel model = net();
        Plan plan = Plan.of(model, composite())) {
      Gradient lrp = new Gradient(plan);
      Tensor whole = explain(lrp).relevance();
      Tensor parts = torch.zeros_like(whole);
      for (int c = 0; c < 4; c++) {
        try (HookHandle handle = model.registerHook("conv1", new Channel(c))) {
          parts = parts.add(explain(lrp).relevance());
          Attribution seen = explain(lrp, "conv1");
          assertThat(seen.relevance()).isBitEqualTo(explain(lrp).relevance());
        }
      }
      // Channels add up: each has its own contribution to the relevance of the input.
      assertThat(parts).within(1e-9, 1e-12).of(whole);
      assertThat(explain(lrp).relevance()).isBitEqualTo(whole);
    }
  }

  @Test
  void aHookThatBlocksEverythingLeavesNothing() {
    ModuleHook block =
        new ModuleHook() {
          @Override
          public List<Tensor> backward(Call call, List<Tensor> gradInput, List<Tensor> gradOutput) {
            return List.of(torch.zeros_like(gradInput.get(0)));
          }
        };
    try (ScriptModel model = net();
        Gradient lrp = new Gradient(model, composite());
        HookHandle handle = model.registerHook("fc", block)) {
      Tensor relevance = explain(lrp).relevance();
      assertThat(relevance).within(0, 0).of(torch.zeros_like(relevance));
    }
  }

  @Test
  void masksWorkInEveryAttributor() {
    try (ScriptModel model = net();
        Plan plan = Plan.of(model, composite());
        HookHandle handle = model.registerHook("conv2", new Channel(2))) {
      SmoothGrad.Settings settings = SmoothGrad.Settings.defaults().withNIter(3);
      Tensor one = explain(new SmoothGrad(plan, settings)).relevance();
      Tensor many = explain(new SmoothGrad(plan, settings.withBatchSize(3))).relevance();
      assertThat(many).isBitEqualTo(one);
    }
  }

  @Test
  void theRootAndContainersAreLayersToo() {
    try (ScriptModel model = net();
        Gradient lrp = new Gradient(model, composite());
        Attribution found = explain(lrp, "")) {
      assertThat(found.at("").orElseThrow().inputs().get(0)).isBitEqualTo(found.relevance());
      assertThat(found.at("").orElseThrow().outputs().get(0))
          .isBitEqualTo(Target.logit(1).apply(found.output()));
    }
  }
}
