/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.attribution;

import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.zennit4j.testing.TensorSubject.assertThat;

import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.bytedeco.pytorch.JitModule;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.zennit4j.composites.Composite;
import org.zennit4j.composites.Composites;
import org.zennit4j.composites.EmptyComposite;
import org.zennit4j.composites.LayerMapComposite;
import org.zennit4j.composites.MapEntry;
import org.zennit4j.composites.Plan;
import org.zennit4j.composites.Types;
import org.zennit4j.model.ScriptModel;
import org.zennit4j.rules.AlphaBeta;
import org.zennit4j.rules.Epsilon;
import org.zennit4j.rules.Gamma;
import org.zennit4j.rules.Norm;
import org.zennit4j.rules.Pass;
import org.zennit4j.rules.ReLUBetaSmooth;
import org.zennit4j.rules.Rule;
import org.zennit4j.rules.WSquare;
import org.zennit4j.rules.ZBox;
import org.zennit4j.rules.ZPlus;
import org.zennit4j.testing.ModelBuilder;
import org.zennit4j.testing.ModelBuilder.Conv;
import org.zennit4j.testing.NativeLeaks;
import org.zennit4j.testing.SeededWeights;
import org.zennit4j.testing.TensorSubject;

/** The derivative of a loss on a heatmap, against differences of the heatmap itself. */
@ExtendWith(NativeLeaks.class)
class SecondOrderTests {
  private static final AttributionOptions GRAPH =
      AttributionOptions.defaults().withCreateGraph(true);

  private static ScriptModel net() {
    ModelBuilder b = new ModelBuilder(ScalarType.Double, 8);
    return ScriptModel.of(
        b.sequential(
            b.conv(1, 2, 3, 3, Conv.PLAIN.withPadding(1)),
            b.relu(),
            b.avgPool(1, 2, 2),
            b.flatten(),
            b.linear(9, 5),
            b.relu(),
            b.linear(5, 3)));
  }

  private static Composite rules(Rule linear, Rule activation) {
    return new LayerMapComposite(
        List.of(
            MapEntry.of(linear, Types.LINEAR),
            MapEntry.of(activation, Types.ACTIVATION),
            MapEntry.of(new Norm(), Types.AVG_POOL)));
  }

  static Stream<Composite> composites() {
    return Stream.of(
        new EmptyComposite(),
        Composites.betaSmooth(),
        rules(new Epsilon(0.1), new Pass()),
        rules(new Epsilon(0.1), new ReLUBetaSmooth(3)),
        rules(new ZPlus(), new Pass()),
        rules(new Gamma(0.5), new Pass()),
        rules(new AlphaBeta(2, 1), new Pass()),
        rules(new WSquare(), new Pass()),
        rules(new ZBox(-3, 3), new Pass()),
        Composites.epsilonPlusFlat(),
        Composites.guidedBackprop());
  }

  private static Tensor input() {
    return SeededWeights.normal(5, ScalarType.Double, 2, 2, 6);
  }

  private static Tensor weights() {
    return SeededWeights.normal(6, ScalarType.Double, 2, 2, 6);
  }

  /** Central differences of the sum of weighted squares of the heatmap. */
  private static double[] differences(Attributor attributor, Target target) {
    double step = 1e-6;
    double[] values = TensorSubject.values(input());
    double[] result = new double[values.length];
    for (int i = 0; i < values.length; i++) {
      double[] sides = new double[2];
      for (int s = 0; s < 2; s++) {
        double[] moved = values.clone();
        moved[i] += s == 0 ? step : -step;
        try (Attribution a = attributor.attribute(Tensor.create(moved).view(2, 2, 6), target)) {
          sides[s] = loss(a.relevance()).item_double();
        }
      }
      result[i] = (sides[0] - sides[1]) / (2 * step);
    }
    return result;
  }

  private static Tensor loss(Tensor heatmap) {
    return heatmap.mul(heatmap).mul(weights()).sum();
  }

  private static Tensor derivative(Tensor loss, Tensor x) {
    TensorVector found = torch.grad(new TensorVector(loss), new TensorVector(x));
    return new Tensor(found.get(0));
  }

  @ParameterizedTest
  @MethodSource("composites")
  void aLossOnAHeatmapIsDifferentiated(Composite composite) {
    try (ScriptModel model = net();
        Gradient gradient = new Gradient(model, composite)) {
      Tensor x = input().requires_grad_(true);
      try (Attribution a = gradient.attribute(List.of(x), Target.classes(1), GRAPH);
          Attribution plain = gradient.attribute(x, Target.classes(1))) {
        assertThat(a.relevance()).within(1e-10, 1e-13).of(plain.relevance());
        assertThat(derivative(loss(a.relevance()), x))
            .within(1e-5, 1e-7)
            .of(differences(gradient, Target.classes(1)));
      }
    }
  }

  @Test
  void backwardFillsTheInputsGradient() {
    try (ScriptModel model = net();
        Gradient gradient = new Gradient(model, rules(new Epsilon(0.1), new Pass()))) {
      Tensor x = input().requires_grad_(true);
      try (Attribution a = gradient.attribute(List.of(x), Target.classes(1), GRAPH)) {
        loss(a.relevance()).backward();
        assertThat(x.grad()).within(1e-5, 1e-7).of(differences(gradient, Target.classes(1)));
      }
    }
  }

  @Test
  void afterwardsRulesAreInactive() {
    try (ScriptModel model = net();
        Plan plain = Plan.gradient(model);
        Gradient gradient = new Gradient(model, Composites.epsilonPlusFlat())) {
      Tensor x = input().requires_grad_(true);
      try (Attribution a = gradient.attribute(List.of(x), Target.classes(1), GRAPH);
          Attribution expected = new Gradient(plain).attribute(x, Target.output())) {
        Tensor half = a.output().mul(a.output()).sum().mul(new Scalar(0.5));
        assertThat(derivative(half, x)).within(1e-12, 1e-14).of(expected.relevance());
      }
    }
  }

  @Test
  void severalPassesAreDifferentiatedTogether() {
    Composite composite = rules(new Epsilon(0.1), new ReLUBetaSmooth(3));
    try (ScriptModel model = net();
        Plan plan = Plan.of(model, composite)) {
      List<Attributor> all =
          List.of(
              new SmoothGrad(plan, SmoothGrad.Settings.defaults().withNIter(3).withBatchSize(2)),
              new IntegratedGradients(
                  plan, IntegratedGradients.Settings.defaults().withNIter(3).withBatchSize(2)));
      for (Attributor attributor : all) {
        Tensor x = input().requires_grad_(true);
        try (Attribution a = attributor.attribute(List.of(x), Target.classes(1), GRAPH)) {
          assertThat(derivative(loss(a.relevance()), x))
              .within(1e-5, 1e-7)
              .of(differences(attributor, Target.classes(1)));
        }
      }
    }
  }

  @Test
  void aModuleOfTwoInputsOfWhichOneIsConstant() {
    ModelBuilder b = new ModelBuilder(ScalarType.Double, 5);
    JitModule product =
        b.module(
            "nets.Product", Map.of(), "def forward(self, x, y):\n    return torch.matmul(x, y)\n");
    JitModule net = b.empty("nets.Net");
    net.register_module("product", product);
    net.register_buffer("matrix", b.numbers(1, 6, 6));
    net.define("def forward(self, x):\n    return self.product.forward(x, self.matrix).sum(1)\n");
    Composite composite =
        (context, name, layer) ->
            name.equals("product")
                ? java.util.Optional.of(new Epsilon(0.1))
                : java.util.Optional.empty();
    try (ScriptModel model = ScriptModel.of(net);
        Gradient gradient = new Gradient(model, composite)) {
      Tensor x = input().requires_grad_(true);
      try (Attribution a = gradient.attribute(List.of(x), Target.classes(1), GRAPH)) {
        assertThat(derivative(loss(a.relevance()), x))
            .within(1e-5, 1e-7)
            .of(differences(gradient, Target.classes(1)));
        try (Plan plain = Plan.gradient(model);
            Attribution expected =
                new Gradient(plain).attribute(x, Target.seed(torch.ones_like(a.output())))) {
          assertThat(derivative(a.output().sum(), x)).within(1e-12, 1e-14).of(expected.relevance());
        }
      }
    }
  }

  @Test
  void theGraphOfAClosedAttributionIsRefused() {
    try (ScriptModel model = net();
        Gradient gradient = new Gradient(model, rules(new ZPlus(), new Pass()))) {
      Tensor x = input().requires_grad_(true);
      Attribution a = gradient.attribute(List.of(x), Target.classes(1), GRAPH);
      Tensor loss = loss(a.relevance());
      a.close();
      try {
        for (int i = 0; i < 3; i++) {
          System.gc(); // native code holds its callbacks weakly
        }
        assertThatThrownBy(() -> derivative(loss, x)).hasMessageContaining("closed");
      } finally {
        java.lang.ref.Reference.reachabilityFence(a);
      }
    }
  }

  @Test
  void theGraphIsFreedWithTheAttribution() throws Exception {
    NativeLeaks.assertNone(
        () -> {
          try (ScriptModel model = net();
              Gradient gradient = new Gradient(model, rules(new ZPlus(), new Pass()))) {
            Tensor x = input().requires_grad_(true);
            try (Attribution a = gradient.attribute(List.of(x), Target.classes(1), GRAPH)) {
              derivative(loss(a.relevance()), x);
            }
          }
        });
  }
}
