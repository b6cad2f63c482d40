/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.attribution;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.zennit4j.testing.TensorSubject.assertThat;

import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.AutoGradMode;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.zennit4j.attribution.AttentionRollout.Settings;
import org.zennit4j.attribution.AttentionRollout.Weighting;
import org.zennit4j.bindings.ShapeException;
import org.zennit4j.bindings.Zennit4jException;
import org.zennit4j.composites.Composites;
import org.zennit4j.composites.Plan;
import org.zennit4j.model.ScriptModel;
import org.zennit4j.runtime.LayerCall;
import org.zennit4j.testing.ModelBuilder;
import org.zennit4j.testing.NativeLeaks;
import org.zennit4j.testing.SeededWeights;

/** Rollouts of a network of two attention layers, against the products written out. */
@ExtendWith(NativeLeaks.class)
class AttentionRolloutTests {
  private static final String PLAIN =
      """
          a = torch.softmax(torch.matmul(x, x.transpose(-2, -1)), -1)
          y = torch.matmul(torch.dropout(a, 0.1, False), x)
          b = torch.softmax(torch.matmul(y, y.transpose(-2, -1)), -1)
          return torch.matmul(b, y)[:, 0]
      """;
  private static final String FUSED =
      """
          y = torch.scaled_dot_product_attention(x, x, x, scale=1.0)
          return torch.scaled_dot_product_attention(y, y, y, scale=1.0)[:, 0]
      """;

  private final ModelBuilder b = new ModelBuilder(ScalarType.Double, 3);

  private ScriptModel model(String body) {
    return ScriptModel.of(b.module("nets.Net", Map.of(), "def forward(self, x):\n" + body));
  }

  private static Tensor numbers(long seed, long... shape) {
    return SeededWeights.normal(seed, ScalarType.Double, shape);
  }

  private static Tensor rollout(ScriptModel model, Settings settings, Tensor x) {
    try (Plan plan = Plan.of(model, Composites.attnLrp());
        AttentionRollout rollout = new AttentionRollout(plan, settings);
        Attribution found =
            rollout.attribute(List.of(x), Target.top1(), AttributionOptions.defaults())) {
      return found.relevance().clone();
    }
  }

  /** Row 0 of the product of both layers' matrices. */
  private static Tensor textbook(Weighting weighting, Tensor x) {
    try (AutoGradMode on = new AutoGradMode(true)) {
      Tensor first = x.matmul(x.transpose(-2, -1)).softmax(-1).detach().requires_grad_(true);
      Tensor y = first.matmul(x);
      Tensor second = y.matmul(y.transpose(-2, -1)).softmax(-1);
      Tensor out = second.matmul(y).select(1, 0);
      Tensor top = out.amax(new long[] {1}, false).sum();
      List<Tensor> gradients =
          LayerCall.vectorJacobian(
              List.of(top), List.of(first, second), List.of(torch.ones_like(top)), false);
      Tensor one = torch.eye(x.size(1)).to(ScalarType.Double);
      Tensor a = first.detach();
      Tensor c = second.detach();
      if (weighting == Weighting.ATTENTION) {
        Tensor half = a.add(one).div(new Scalar(2));
        return c.add(one).div(new Scalar(2)).matmul(half).select(1, 0);
      }
      Tensor of = a.mul(gradients.get(0)).clamp_min(new Scalar(0)).add(one);
      return c.mul(gradients.get(1)).clamp_min(new Scalar(0)).add(one).matmul(of).select(1, 0);
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = Weighting.class,
      names = {"ATTENTION", "GRADIENT"})
  void aRolloutIsTheProductOfAllLayers(Weighting weighting) {
    Tensor x = numbers(1, 2, 4, 3);
    try (ScriptModel parts = model(PLAIN);
        ScriptModel fused = model(FUSED)) {
      Tensor expected = textbook(weighting, x);
      assertThat(rollout(parts, new Settings(weighting), x)).within(1e-11, 1e-13).of(expected);
      assertThat(rollout(fused, new Settings(weighting), x)).within(1e-11, 1e-13).of(expected);
    }
  }

  @Test
  void relevanceIsThatOfThePlansRules() {
    Tensor x = numbers(1, 2, 4, 3);
    try (ScriptModel parts = model(PLAIN);
        ScriptModel fused = model(FUSED)) {
      Tensor found = rollout(parts, new Settings(Weighting.RELEVANCE), x);
      assertThat(rollout(fused, new Settings(Weighting.RELEVANCE), x))
          .within(1e-11, 1e-13)
          .of(found);
      assertThat(found.sub(textbook(Weighting.GRADIENT, x)).abs().max().item_double())
          .isGreaterThan(1e-3);
      // Rows begin with the token itself.
      assertThat(found.select(1, 0).ge(new Scalar(1)).all().item_bool()).isTrue();
    }
  }

  /** A class token and four patches; or four patches, whose rows are averaged. */
  @Test
  void patchesOfPicturesFillTheirPixels() {
    String patches = "    t = torch.avg_pool2d(x, [2, 2]).flatten(2).transpose(1, 2)\n    x = ";
    Tensor p = numbers(4, 2, 3, 4, 4);
    Tensor t = torch.avg_pool2d(p, 2).flatten(2, -1).transpose(1, 2);
    Settings plain = new Settings(Weighting.ATTENTION);
    try (ScriptModel token = model(patches + "torch.cat([t[:, :1] * 2, t], 1)\n" + PLAIN);
        ScriptModel none = model(patches + "t\n" + PLAIN)) {
      Tensor found = rollout(token, plain, p);
      assertThat(found.shape()).containsExactly(2, 1, 4, 4);
      assertThat(found.select(2, 0)).within(0, 0).of(found.select(2, 1));
      Tensor with = torch.cat(new TensorVector(t.narrow(1, 0, 1).mul(new Scalar(2)), t), 1);
      Tensor expected = textbook(Weighting.ATTENTION, with);
      assertThat(corner(found)).within(1e-12, 1e-14).of(expected.select(1, 1));
      // Each row sums to one, and each patch has four pixels.
      assertThat(rollout(none, plain, p).sum().item_double()).isCloseTo(8, within(1e-9));
      Tensor chosen = rollout(none, new Settings(Weighting.ATTENTION, OptionalInt.of(0)), p);
      Tensor first = textbook(Weighting.ATTENTION, t);
      assertThat(corner(chosen)).within(1e-12, 1e-14).of(first.select(1, 0));
    }
  }

  private static Tensor corner(Tensor map) {
    return map.select(1, 0).select(1, 0).select(1, 0);
  }

  @Test
  void whatCannotBeFollowedIsRefused() {
    try (PointerScope scope = new PointerScope();
        ScriptModel none = ScriptModel.of(b.sequential(b.linear(3, 2)));
        ScriptModel parts = model(PLAIN)) {
      try (Plan plan = Plan.gradient(none)) {
        assertThatThrownBy(() -> new AttentionRollout(plan, new Settings(Weighting.ATTENTION)))
            .isInstanceOf(Zennit4jException.class)
            .hasMessageContaining("needs attention");
      }
      Tensor x = numbers(1, 2, 4, 3);
      Settings far = new Settings(Weighting.ATTENTION, OptionalInt.of(4));
      assertThatThrownBy(() -> rollout(parts, far, x))
          .isInstanceOf(ShapeException.class)
          .hasMessageContaining("no token 4 among 4");
    }
  }
}
