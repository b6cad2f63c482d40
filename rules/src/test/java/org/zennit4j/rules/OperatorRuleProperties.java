/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.rules;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.LongRange;
import net.jqwik.api.constraints.Size;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.zennit4j.bindings.LibTorch;
import org.zennit4j.model.ScriptModel;
import org.zennit4j.testing.ModelBuilder;

/** Sums are kept, on any axes, masks and shapes, where a rule's paper says so. */
class OperatorRuleProperties {
  private static final Stabilizer NONE = Stabilizer.of(1e-300);
  private static final int TRIES = 40;

  private static void check(
      String arguments, String expression, String layer, Rule rule, long seed, Tensor... inputs) {
    ModelBuilder b = new ModelBuilder(ScalarType.Double, 1);
    try (ScriptModel model =
            ScriptModel.of(
                b.module(
                    "nets.Net",
                    Map.of(),
                    "def forward(self, " + arguments + "):\n    return " + expression + "\n"));
        Explainer explainer = new Explainer(model, layer, rule)) {
      Tensor r = OperatorRuleTests.numbers(seed + 9, model.run(inputs).get(0).shape());
      double scale = 0;
      double sum = 0;
      for (Tensor part : explainer.explain(false, r, inputs)) {
        sum += part.sum().item_double();
        scale += part.abs().sum().item_double();
      }
      assertThat(sum).isCloseTo(r.sum().item_double(), within(1e-9 * Math.max(scale, 1)));
    }
  }

  private static void scoped(Runnable test) {
    LibTorch.load();
    try (PointerScope scope = new PointerScope()) {
      test.run();
    }
  }

  @Property(tries = TRIES)
  void productsKeepSums(
      @ForAll @LongRange(min = 0, max = 999) long seed,
      @ForAll @Size(5) List<@IntRange(min = 1, max = 4) Integer> n,
      @ForAll boolean shared,
      @ForAll @IntRange(min = -1, max = 1) int signal) {
    scoped(
        () -> {
          Tensor x = OperatorRuleTests.numbers(seed, n.get(0), n.get(1), n.get(2), n.get(3));
          Tensor y =
              OperatorRuleTests.numbers(
                  seed + 1, n.get(0), shared ? 1 : n.get(1), n.get(3), n.get(4));
          OptionalInt all = signal < 0 ? OptionalInt.empty() : OptionalInt.of(signal);
          check("x, y", "torch.matmul(x, y)", "/matmul#0", new Bilinear(all, NONE), seed, x, y);
          Tensor gate = OperatorRuleTests.numbers(seed + 2, n.get(0), n.get(1), 1, 1);
          check("x, y", "x * y", "/mul#0", new Bilinear(all, NONE), seed, x, gate);
        });
  }

  @Property(tries = TRIES)
  void normalisationsWithoutBiasKeepSums(
      @ForAll @LongRange(min = 0, max = 999) long seed,
      @ForAll @Size(4) List<@IntRange(min = 2, max = 4) Integer> n,
      @ForAll @IntRange(min = 1, max = 3) int axes) {
    scoped(
        () -> {
          Tensor x = OperatorRuleTests.numbers(seed, n.get(0), n.get(1), n.get(2), n.get(3));
          Rule rule = new Normalization(false, NONE);
          List<Integer> last = n.subList(4 - axes, 4);
          check("x", "torch.layer_norm(x, " + last + ")", "/layer_norm#0", rule, seed, x);
          check("x", "torch.group_norm(x, 1)", "/group_norm#0", rule, seed, x);
          check(
              "x",
              "torch.instance_norm(x, None, None, None, None, True, 0.1, 1e-5, False)",
              "/instance_norm#0",
              rule,
              seed,
              x);
          check("x", "torch.rms_norm(x, " + last + ")", "/rms_norm#0", rule, seed, x);
        });
  }

  @Property(tries = TRIES)
  void normalisationsWhoseBiasGetsNothingKeepSums(
      @ForAll @LongRange(min = 0, max = 999) long seed,
      @ForAll @Size(4) List<@IntRange(min = 2, max = 4) Integer> n,
      @ForAll boolean running) {
    scoped(
        () -> {
          Tensor x = OperatorRuleTests.numbers(seed, n.get(0), n.get(1), n.get(2), n.get(3));
          Rule rule = new Normalization(false, NONE, ZeroParams.of("bias"));
          String weights = weights(seed, n.get(3));
          check(
              "x",
              "torch.layer_norm(x, [" + n.get(3) + "], " + weights + ")",
              "/layer_norm#0",
              rule,
              seed,
              x);
          String channels = weights(seed, n.get(1));
          check("x", "torch.group_norm(x, 1, " + channels + ")", "/group_norm#0", rule, seed, x);
          String statistics = weights(seed + 1, n.get(1)).replace("torch.sin", "torch.exp");
          check(
              "x",
              running
                  ? "torch.batch_norm(x, "
                      + channels
                      + ", "
                      + statistics
                      + ", False, 0.1, 1e-5, False)"
                  : "torch.instance_norm(x, " + channels + ", None, None, True, 0.1, 1e-5, False)",
              running ? "/batch_norm#0" : "/instance_norm#0",
              rule,
              seed,
              x);
        });
  }

  /** Two vectors of one size, as text. */
  private static String weights(long seed, int size) {
    return "torch.cos(torch.arange("
        + size
        + ", dtype=7) + "
        + seed
        + "), torch.sin(torch.arange("
        + size
        + ", dtype=7) * 0.1 + "
        + seed
        + " * 0.01)";
  }

  @Property(tries = TRIES)
  void recurrentNetworksWithoutBiasKeepSums(
      @ForAll @LongRange(min = 0, max = 999) long seed,
      @ForAll @Size(4) List<@IntRange(min = 1, max = 3) Integer> n,
      @ForAll boolean both,
      @ForAll boolean bias,
      @ForAll @IntRange(min = 0, max = 2) int kind) {
    Rule rule = new Recurrent(NONE, bias ? ZeroParams.of("bias") : ZeroParams.none());
    scoped(
        () -> {
          try (ScriptModel model = RecurrentTests.model(kind, n.get(3), both, bias, seed);
              Explainer explainer = new Explainer(model, RecurrentTests.layer(kind), rule)) {
            Tensor x = OperatorRuleTests.numbers(seed, n.get(0), n.get(1), RecurrentTests.IN);
            Tensor r = OperatorRuleTests.numbers(seed + 1, model.run(x).get(0).shape());
            double sum = explainer.explain(r, x).sum().item_double();
            double scale = explainer.explain(r, x).abs().sum().item_double();
            assertThat(sum).isCloseTo(r.sum().item_double(), within(1e-9 * Math.max(scale, 1)));
          }
        });
  }

  @Property(tries = TRIES)
  void attentionWithConstantWeightsKeepsSumsUnderAnyMask(
      @ForAll @LongRange(min = 0, max = 999) long seed,
      @ForAll @Size(4) List<@IntRange(min = 1, max = 4) Integer> n,
      @ForAll boolean causal) {
    scoped(
        () -> {
          Tensor q = OperatorRuleTests.numbers(seed, n.get(0), n.get(1), n.get(2), 3);
          Tensor k = OperatorRuleTests.numbers(seed + 1, n.get(0), n.get(1), n.get(3), 3);
          Tensor v = OperatorRuleTests.numbers(seed + 2, n.get(0), n.get(1), n.get(3), 2);
          String mask =
              causal
                  ? "None, 0.0, True"
                  : "torch.gt(torch.ones("
                      + n.get(2)
                      + ", "
                      + n.get(3)
                      + ").tril("
                      + seed % 3
                      + "), 0)";
          check(
              "q, k, v",
              "torch.scaled_dot_product_attention(q, k, v, " + mask + ")",
              "/scaled_dot_product_attention#0",
              new Attention(true, NONE),
              seed,
              q,
              k,
              v);
        });
  }

  @Property(tries = TRIES)
  void aSoftmaxGivesWhatItsExpansionSaysOnAnyAxis(
      @ForAll @LongRange(min = 0, max = 999) long seed,
      @ForAll @Size(min = 1, max = 4) List<@IntRange(min = 1, max = 4) Integer> n,
      @ForAll @IntRange(min = 0, max = 3) int any) {
    scoped(
        () -> {
          long[] shape = n.stream().mapToLong(Integer::longValue).toArray();
          int axis = any % shape.length;
          Tensor x = OperatorRuleTests.numbers(seed, shape);
          ModelBuilder b = new ModelBuilder(ScalarType.Double, 1);
          try (ScriptModel model =
                  ScriptModel.of(b.expression("nets.Net", "torch.softmax(input, " + axis + ")"));
              Explainer explainer = new Explainer(model, "/softmax#0", new Softmax())) {
            Tensor r = OperatorRuleTests.numbers(seed + 1, shape);
            Tensor s = x.softmax(axis);
            Tensor expected = x.mul(r.sub(s.mul(r.sum(axis).unsqueeze(axis))));
            Tensor difference = explainer.explain(r, x).sub(expected).abs();
            assertThat(difference.max().item_double()).isLessThan(1e-12);
            assertThat(s.ge(new Scalar(0)).all().item_bool()).isTrue();
          }
        });
  }
}
