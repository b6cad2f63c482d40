/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.analyzers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.zennit4j.testing.TensorSubject.assertThat;
import static org.zennit4j.testing.TestDevices.on;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.BoolOptional;
import org.bytedeco.pytorch.JitModule;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.zennit4j.attribution.Attribution;
import org.zennit4j.attribution.AttributionOptions;
import org.zennit4j.attribution.Attributor;
import org.zennit4j.attribution.Baseline;
import org.zennit4j.attribution.Gradient;
import org.zennit4j.attribution.IntegratedGradients;
import org.zennit4j.attribution.Occlusion;
import org.zennit4j.attribution.SmoothGrad;
import org.zennit4j.attribution.Target;
import org.zennit4j.composites.Canonizers;
import org.zennit4j.composites.Composite;
import org.zennit4j.composites.Composites;
import org.zennit4j.composites.Plan;
import org.zennit4j.model.ScriptModel;
import org.zennit4j.testing.DeviceTest;
import org.zennit4j.testing.ModelBuilder;
import org.zennit4j.testing.ModelBuilder.Conv;
import org.zennit4j.testing.NativeLeaks;
import org.zennit4j.testing.SeededWeights;

/**
 * Composites, attributors and SignXAI's methods stay on the model's device and give the same there.
 * Tensors of the device {@code meta} have no values, so that what runs on them reads none.
 */
@ExtendWith(NativeLeaks.class)
class DeviceTests {
  private static final AttributionOptions PLAIN = AttributionOptions.defaults();

  private static Tensor numbers(long seed, long... shape) {
    return SeededWeights.normal(seed, ScalarType.Double, shape);
  }

  private static Map<String, Composite> composites() {
    Map<String, Composite> all = new LinkedHashMap<>();
    all.put("epsilon_plus", Composites.epsilonPlus());
    all.put("epsilon_plus_flat", Composites.epsilonPlusFlat());
    all.put("epsilon_alpha2_beta1", Composites.epsilonAlpha2Beta1());
    all.put("epsilon_alpha2_beta1_flat", Composites.epsilonAlpha2Beta1Flat());
    all.put("epsilon_gamma_box", Composites.epsilonGammaBox(-4, 4));
    all.put("beta_smooth", Composites.betaSmooth());
    all.put("excitation_backprop", Composites.excitationBackprop());
    all.put("deconvnet", Composites.deconvnet());
    all.put("guided_backprop", Composites.guidedBackprop());
    return all;
  }

  private static Map<String, Function<Plan, Attributor>> attributors() {
    Tensor baseline = numbers(9, 1, 6);
    Map<String, Function<Plan, Attributor>> all = new LinkedHashMap<>();
    all.put("gradient", Gradient::new);
    all.put(
        "smoothgrad", plan -> new SmoothGrad(plan, SmoothGrad.Settings.defaults().withNIter(3)));
    all.put(
        "smoothgrad in chunks",
        plan -> new SmoothGrad(plan, SmoothGrad.Settings.defaults().withNIter(4).withBatchSize(2)));
    all.put(
        "integrated gradients",
        plan ->
            new IntegratedGradients(plan, IntegratedGradients.Settings.defaults().withNIter(3)));
    // A baseline of the CPU is the attributor's to move.
    all.put(
        "integrated gradients with a baseline",
        plan ->
            new IntegratedGradients(
                plan,
                IntegratedGradients.Settings.defaults()
                    .withNIter(3)
                    .withBaseline(Baseline.tensors(baseline))));
    all.put("occlusion", Occlusion::new);
    return all;
  }

  private static final Map<String, Target> TARGETS =
      Map.of(
          "classes", Target.classes(1, 2),
          "one class", Target.classes(2),
          "logit", Target.logit(0),
          "output", Target.output(),
          "all", Target.all());

  /** ReLUs by another operator: LibTorch has no kernel for relu and convolutions on meta. */
  private static JitModule dense(ModelBuilder b) {
    String relu = "torch.nn.modules.activation.ReLU";
    return b.sequential(
        b.linear(6, 8),
        b.expression(relu, "input.clamp_min(0)"),
        b.linear(8, 5),
        b.expression(relu, "input.clamp_min(0)"),
        b.linear(5, 3));
  }

  @Test
  void compositesAndAttributorsReadNoValues() {
    Tensor x = on(numbers(1, 2, 6), "meta");
    Map<String, Function<Plan, Attributor>> attributors = attributors();
    // roll, which moves the window, has no kernel there.
    attributors.remove("occlusion");
    try (ScriptModel host = ScriptModel.of(dense(new ModelBuilder(ScalarType.Double, 3)));
        ScriptModel model = host.to("meta")) {
      composites()
          .forEach(
              (name, composite) -> {
                // where, in the rule or in the gradient of clamp, has no kernel there.
                if (name.equals("guided_backprop") || name.equals("excitation_backprop")) {
                  return;
                }
                try (Plan plan = Plan.of(model, composite)) {
                  attributors.forEach(
                      (kind, make) ->
                          TARGETS.forEach(
                              (text, target) ->
                                  check(name + ", " + kind, make.apply(plan), x, target, PLAIN)));
                  Attributor gradient = new Gradient(plan);
                  check(name, gradient, x, Target.seed(numbers(2, 2, 3)), PLAIN);
                  check(name, gradient, x, Target.top1(), PLAIN);
                  check(name, gradient, x, Target.logitTop1(), PLAIN);
                  check(name, gradient, x, Target.all(), PLAIN.withLayers("2"));
                  check(name, gradient, x, Target.all(), PLAIN.withCreateGraph(true));
                }
              });
    }
  }

  private static void check(
      String what, Attributor attributor, Tensor x, Target target, AttributionOptions options) {
    try (Attribution a = attributor.attribute(List.of(x), target, options)) {
      assertThat(a.relevance().is_meta()).as(what).isTrue();
      assertThat(a.relevance()).hasShape(x.shape());
      a.layers().forEach(l -> assertThat(l.inputs().get(0).is_meta()).as(what).isTrue());
    } catch (RuntimeException e) {
      throw new AssertionError(what + ", " + target + ": " + e.getMessage(), e);
    }
  }

  private static ScriptModel images() {
    ModelBuilder b = new ModelBuilder(ScalarType.Double, 11);
    Conv same = Conv.PLAIN.withPadding(1);
    return ScriptModel.of(
        b.sequential(
            b.conv(2, 2, 4, 3, same),
            b.batchNorm(2, 4),
            b.relu(),
            b.maxPool(2, 2, 2),
            b.conv(2, 4, 5, 3, same),
            b.relu(),
            b.flatten(),
            b.linear(80, 6),
            b.relu(),
            b.linear(6, 3)));
  }

  @DeviceTest
  void compositesGiveTheSameOnEveryDevice(String device) {
    Tensor x = numbers(1, 2, 2, 8, 8);
    try (ScriptModel host = images();
        ScriptModel model = host.to(device)) {
      composites()
          .forEach(
              (name, composite) -> {
                Composite canonized = composite.withCanonizers(Canonizers.mergeBatchNorm());
                try (Plan here = Plan.of(host, canonized);
                    Plan there = Plan.of(model, canonized);
                    Attribution expected = new Gradient(here).attribute(x);
                    Attribution found = new Gradient(there).attribute(on(x, device))) {
                  same(device, found, expected);
                }
              });
    }
  }

  /** float64: other kernels sum in another order, no more. */
  private static void same(String device, Attribution found, Attribution expected) {
    assertThat(found.output()).within(1e-11, 1e-12).of(expected.output());
    same(device, found.relevance(), expected.relevance());
  }

  private static void same(String device, Tensor found, Tensor expected) {
    assertThat(found.is_cuda()).isEqualTo(device.startsWith("cuda"));
    double largest = expected.abs().max().item_double();
    assertThat(found).within(1e-9, 1e-11 * Math.max(1e-3, largest)).of(expected);
  }

  @DeviceTest
  void attributorsGiveTheSameOnEveryDevice(String device) {
    Tensor x = numbers(1, 2, 6);
    Map<String, Function<Plan, Attributor>> attributors = attributors();
    try (ScriptModel host = ScriptModel.of(dense(new ModelBuilder(ScalarType.Double, 3)));
        ScriptModel model = host.to(device);
        Plan here = Plan.of(host, Composites.epsilonPlus());
        Plan there = Plan.of(model, Composites.epsilonPlus())) {
      attributors.forEach(
          (name, make) -> {
            try (Attribution expected = make.apply(here).attribute(x);
                Attribution found = make.apply(there).attribute(on(x, device))) {
              same(device, found, expected);
            }
          });
    }
  }

  @DeviceTest
  void secondDerivativesAreTheSameOnEveryDevice(String device) {
    Tensor x = numbers(1, 2, 2, 8, 8);
    try (ScriptModel host = images();
        ScriptModel model = host.to(device);
        Plan here = Plan.of(host, Composites.epsilonPlus());
        Plan there = Plan.of(model, Composites.epsilonPlus())) {
      Tensor expected = derivative(here, x);
      double largest = expected.abs().max().item_double();
      assertThat(derivative(there, on(x, device))).within(1e-8, 1e-10 * largest).of(expected);
    }
  }

  /** Of the sum of squares of the relevance, by the input. */
  private static Tensor derivative(Plan plan, Tensor input) {
    Tensor x = input.detach().requires_grad_(true);
    try (Attribution a =
        new Gradient(plan).attribute(List.of(x), Target.classes(1), PLAIN.withCreateGraph(true))) {
      Tensor loss = a.relevance().mul(a.relevance()).sum();
      TensorVector found =
          torch.grad(
              new TensorVector(loss),
              new TensorVector(x),
              new TensorVector(),
              new BoolOptional(),
              false,
              false);
      return new Tensor(found.get(0));
    }
  }

  @DeviceTest
  void methodsAreTheSameOnEveryDevice(String device) {
    Tensor x = numbers(1, 2, 2, 8, 8);
    try (ScriptModel host = images();
        ScriptModel model = host.to(device)) {
      for (String method :
          List.of(
              "gradient_x_sign",
              "smoothgrad",
              "integrated_gradients",
              "grad_cam",
              "guided_grad_cam",
              "occlusion",
              "deep_lift",
              "lrp_z",
              "lrp_epsilon_0_1_std_x",
              "lrpsign_epsilon_0_1",
              "random_uniform")) {
        MethodOptions options =
            switch (method) {
              case "smoothgrad" -> MethodOptions.none().with("num_samples", 3);
              case "integrated_gradients" -> MethodOptions.none().with("steps", 4);
              case "occlusion" -> MethodOptions.none().with("window", 3).with("stride", 2);
              default -> MethodOptions.none();
            };
        try {
          same(
              device,
              SignXai.calculateRelevanceMap(model, on(x, device), method, options),
              SignXai.calculateRelevanceMap(host, x, method, options));
        } catch (RuntimeException e) {
          throw new AssertionError(method + ": " + e.getMessage(), e);
        }
      }
    }
  }

  /** Callbacks run on other threads than the caller's, whose scopes must be closed too. */
  @DeviceTest
  void nothingIsLeftOnAnyDevice(String device) {
    Tensor x = on(numbers(1, 2, 2, 8, 8), device);
    try (ScriptModel host = images();
        ScriptModel model = host.to(device);
        Plan plan = Plan.of(model, Composites.epsilonAlpha2Beta1Flat())) {
      long before = 0;
      for (int i = 0; i < 20; i++) {
        try (PointerScope scope = new PointerScope();
            Attribution a = new Gradient(plan).attribute(x)) {
          assertThat(a.relevance()).hasShape(2, 2, 8, 8);
        }
        if (i == 2) {
          before = Pointer.totalCount();
        }
      }
      assertThat(Pointer.totalCount()).isEqualTo(before);
    }
  }
}
