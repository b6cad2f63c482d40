/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.bindings;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.BoolOptional;
import org.bytedeco.pytorch.JitModule;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.zennit4j.graph.Layer;
import org.zennit4j.graph.Region;
import org.zennit4j.model.ScriptModel;
import org.zennit4j.runtime.LayerCall;
import org.zennit4j.runtime.LayerFunction;
import org.zennit4j.runtime.LayerRelevance;
import org.zennit4j.runtime.Propagation;
import org.zennit4j.runtime.PropagationOptions;
import org.zennit4j.testing.ModelBuilder;
import org.zennit4j.testing.NativeLeaks;
import org.zennit4j.testing.SeededWeights;
import org.zennit4j.testing.TensorSubject;

/**
 * Layer functions in the place of gradients: several inputs and outputs, faults, second
 * derivatives.
 */
@ExtendWith(NativeLeaks.class)
class PropagationTests {
  private ModelBuilder b;

  @BeforeEach
  void builder() {
    b = new ModelBuilder(ScalarType.Double, 1);
  }

  private static Tensor numbers(long seed, long... shape) {
    return SeededWeights.normal(seed, ScalarType.Double, shape);
  }

  private static Map<Integer, LayerFunction> on(
      ScriptModel model, String name, LayerFunction function) {
    Map<Integer, LayerFunction> functions = new HashMap<>();
    for (Region region : model.program().regions()) {
      if (region.name().equals(name)) {
        functions.put(region.id(), function);
      }
    }
    assertThat(functions).isNotEmpty();
    return functions;
  }

  private static Propagation pass(ScriptModel model, Map<Integer, LayerFunction> functions) {
    return new Propagation(model.program(), functions, PropagationOptions.defaults());
  }

  private JitModule twoInputsTwoOutputs() {
    JitModule mix =
        b.module(
            "nets.Mix",
            Map.of(),
            "def forward(self, x, y, k: int):\n    return (x * y * k, x.sum(1))\n");
    return b.module(
        "nets.Net",
        Map.of("mix", mix),
        """
        def forward(self, x, y):
            p, q = self.mix.forward(x, y, 3)
            return p.sum(1) + q * 2
        """);
  }

  @Test
  void severalInputsAndOutputs() {
    try (ScriptModel model = ScriptModel.of(twoInputsTwoOutputs())) {
      Tensor x = numbers(1, 2, 3);
      Tensor y = numbers(2, 2, 3);
      Map<Integer, LayerFunction> functions =
          on(
              model,
              "mix",
              (call, relevance) -> {
                assertThat(call.inputs()).hasSize(2);
                assertThat(call.outputs()).hasSize(2);
                assertThat(call.createGraph()).isFalse();
                TensorSubject.assertThat(call.outputs().get(1)).hasShape(2);
                TensorSubject.assertThat(relevance.get(0)).hasShape(2, 3);
                List<Tensor> plain = call.gradient(relevance);
                return List.of(plain.get(0).mul(new Scalar(10)), plain.get(1).mul(new Scalar(100)));
              });
      List<Tensor> expected;
      try (Propagation plain = pass(model, Map.of())) {
        plain.record(List.of(x, y));
        expected = plain.backward(List.of(numbers(3, 2))).stream().map(Tensor::clone).toList();
      }
      try (Propagation pass = pass(model, functions)) {
        List<Tensor> output = pass.record(List.of(x, y));
        TensorSubject.assertThat(output.get(0)).isBitEqualTo(model.run(x, y).get(0));
        List<Tensor> relevance = pass.backward(List.of(numbers(3, 2)));
        TensorSubject.assertThat(relevance.get(0))
            .within(1e-14, 1e-14)
            .of(expected.get(0).mul(new Scalar(10)));
        TensorSubject.assertThat(relevance.get(1))
            .within(1e-14, 1e-14)
            .of(expected.get(1).mul(new Scalar(100)));
      }
    }
  }

  @Test
  void aTensorTwiceIsTwoInputs() {
    JitModule mix = b.module("nets.Mix", Map.of(), "def forward(self, x, y):\n    return x * y\n");
    JitModule net =
        b.module(
            "nets.Net",
            Map.of("mix", mix),
            "def forward(self, x):\n    return self.mix.forward(x, x)\n");
    try (ScriptModel model = ScriptModel.of(net);
        Propagation pass =
            pass(
                model,
                on(model, "mix", (call, r) -> List.of(r.get(0), r.get(0).mul(new Scalar(3)))))) {
      pass.record(List.of(numbers(1, 4)));
      Tensor seed = numbers(2, 4);
      TensorSubject.assertThat(pass.backward(List.of(seed)).get(0))
          .within(1e-15, 0)
          .of(seed.mul(new Scalar(4)));
    }
  }

  @Test
  void unusedOutputsArriveAsNull() {
    JitModule mix =
        b.module("nets.Mix", Map.of(), "def forward(self, x):\n    return (x * 2, x * 3)\n");
    JitModule net =
        b.module(
            "nets.Net",
            Map.of("mix", mix),
            "def forward(self, x):\n    p, q = self.mix.forward(x)\n    return q\n");
    List<List<Boolean>> arrived = new ArrayList<>();
    try (ScriptModel model = ScriptModel.of(net);
        Propagation pass =
            pass(
                model,
                on(
                    model,
                    "mix",
                    (call, r) -> {
                      arrived.add(r.stream().map(t -> t != null).toList());
                      return call.gradient(r);
                    }))) {
      pass.record(List.of(numbers(1, 4)));
      Tensor seed = numbers(2, 4);
      TensorSubject.assertThat(pass.backward(List.of(seed)).get(0))
          .isBitEqualTo(seed.mul(new Scalar(3)));
      assertThat(arrived).containsExactly(List.of(false, true));
    }
  }

  @Test
  void nullStandsForNoRelevance() {
    try (ScriptModel model = ScriptModel.of(twoInputsTwoOutputs());
        Propagation pass =
            pass(model, on(model, "mix", (call, r) -> Arrays.asList(null, r.get(0))))) {
      pass.record(List.of(numbers(1, 2, 3), numbers(2, 2, 3)));
      List<Tensor> relevance = pass.backward(List.of(numbers(3, 2)));
      TensorSubject.assertThat(relevance.get(0)).within(0, 0).of(new double[6]);
      assertThat(TensorSubject.values(relevance.get(1))).doesNotContain(0);
    }
  }

  @Test
  void integerInputsHaveNoRelevance() {
    JitModule net =
        b.module("nets.Net", Map.of(), "def forward(self, x, i):\n    return x[:, i] * 2\n");
    try (ScriptModel model = ScriptModel.of(net);
        Propagation pass = pass(model, Map.of())) {
      pass.record(List.of(numbers(1, 2, 3), Tensor.create(0L, 2L)));
      List<Tensor> relevance = pass.backward(List.of(numbers(3, 2, 2)));
      assertThat(relevance.get(1)).isNull();
      TensorSubject.assertThat(relevance.get(0)).hasShape(2, 3);
    }
  }

  @Test
  void seedsAreChecked() {
    try (ScriptModel model = ScriptModel.of(twoInputsTwoOutputs());
        Propagation pass = pass(model, Map.of())) {
      assertThatThrownBy(() -> pass.backward(List.of(numbers(3, 2))))
          .isInstanceOf(IllegalStateException.class);
      pass.record(List.of(numbers(1, 2, 3), numbers(2, 2, 3)));
      assertThatThrownBy(() -> pass.backward(List.of(numbers(3, 5))))
          .isInstanceOf(ShapeException.class)
          .hasMessageContaining("[5]");
      TensorSubject.assertThat(pass.backward(Arrays.asList((Tensor) null)).get(0))
          .within(0, 0)
          .of(new double[6]);
    }
  }

  @Test
  void faultsOfFunctionsNameTheirLayer() {
    RuntimeException cause = new IllegalArgumentException("no such rule");
    try (ScriptModel model = ScriptModel.of(twoInputsTwoOutputs())) {
      Map<LayerFunction, String> faults = new HashMap<>();
      faults.put(
          (call, r) -> {
            throw cause;
          },
          "no such rule");
      faults.put((call, r) -> null, "0 relevances were returned for 2 inputs");
      faults.put((call, r) -> List.of(r.get(0)), "1 relevances were returned for 2 inputs");
      faults.put((call, r) -> List.of(r.get(0), numbers(1, 7)), "has shape [7]");
      faults.put((call, r) -> List.of(r.get(0), r.get(0).matmul(r.get(0))), "layer 'mix'");
      faults.forEach(
          (function, message) -> {
            try (Propagation pass = pass(model, on(model, "mix", function))) {
              pass.record(List.of(numbers(1, 2, 3), numbers(2, 2, 3)));
              assertThatThrownBy(() -> pass.backward(List.of(numbers(3, 2))))
                  .isInstanceOf(Zennit4jException.class)
                  .hasMessageContaining("layer 'mix'")
                  .hasMessageContaining(message)
                  .satisfies(e -> assertThat(e.getMessage()).doesNotContain("\n"));
            }
          });
      try (Propagation pass =
          pass(
              model,
              on(
                  model,
                  "mix",
                  (call, r) -> {
                    throw new AssertionError("errors pass");
                  }))) {
        pass.record(List.of(numbers(1, 2, 3), numbers(2, 2, 3)));
        assertThatThrownBy(() -> pass.backward(List.of(numbers(3, 2))))
            .isInstanceOf(AssertionError.class);
      }
    }
  }

  /** The chain whose relevance is differentiated: epsilon-like rules that read x and z. */
  private static List<Tensor> inputTimesGradient(LayerCall call, List<Tensor> relevance) {
    Tensor x = call.inputs().get(0);
    Tensor z =
        call.createGraph() ? call.forward(List.of(x), Map.of()).get(0) : call.outputs().get(0);
    Tensor q = relevance.get(0).div(z.mul(z).add(new Scalar(1)));
    List<Tensor> gradient =
        LayerCall.vectorJacobian(
            call.forward(List.of(x), Map.of()), List.of(x), List.of(q), call.createGraph());
    return List.of(x.mul(gradient.get(0)));
  }

  /** Without a graph to differentiate, the layer is re-run under its own leaf. */
  private static List<Tensor> rule(LayerCall call, List<Tensor> relevance) {
    if (call.createGraph()) {
      return inputTimesGradient(call, relevance);
    }
    Tensor x = call.inputs().get(0);
    Tensor z = call.outputs().get(0);
    Tensor q = relevance.get(0).div(z.mul(z).add(new Scalar(1)));
    return List.of(x.mul(call.gradient(List.of(q)).get(0)));
  }

  @Test
  void relevanceCanBeDifferentiated() {
    JitModule tanh = b.expression("torch.nn.modules.activation.Tanh", "torch.tanh(input)");
    JitModule net = b.sequential(b.linear(3, 4), tanh, b.linear(4, 2));
    try (ScriptModel model = ScriptModel.of(net)) {
      Map<Integer, LayerFunction> functions = new HashMap<>();
      functions.putAll(on(model, "0", PropagationTests::rule));
      functions.putAll(on(model, "2", PropagationTests::rule));
      double[] x = TensorSubject.values(numbers(5, 3));
      Tensor weights = numbers(6, 1, 3);
      Tensor leaf = Tensor.create(x, 1, 3).requires_grad_(true);
      double[] gradient;
      try (Propagation pass =
          new Propagation(
              model.program(), functions, PropagationOptions.defaults().withCreateGraph(true))) {
        pass.record(List.of(leaf));
        Tensor relevance = pass.backward(List.of(torch.ones(1, 2).to(ScalarType.Double))).get(0);
        TensorSubject.assertThat(relevance).within(1e-13, 1e-13).of(relevance(model, functions, x));
        Tensor loss = relevance.mul(weights).sum();
        TensorVector found =
            torch.grad(
                new TensorVector(loss),
                new TensorVector(leaf),
                new TensorVector(),
                new BoolOptional(true),
                false,
                false);
        gradient = TensorSubject.values(found.get(0));
        // The pass itself still answers with relevance.
        TensorSubject.assertThat(
                pass.backward(List.of(torch.ones(1, 2).to(ScalarType.Double))).get(0))
            .within(1e-13, 1e-13)
            .of(relevance(model, functions, x));
      }
      double step = 1e-6;
      double[] w = TensorSubject.values(weights);
      double[] expected = new double[3];
      for (int i = 0; i < 3; i++) {
        double[] up = x.clone();
        double[] down = x.clone();
        up[i] += step;
        down[i] -= step;
        double[] above = relevance(model, functions, up);
        double[] below = relevance(model, functions, down);
        for (int j = 0; j < 3; j++) {
          expected[i] += w[j] * (above[j] - below[j]) / (2 * step);
        }
      }
      TensorSubject.assertThat(Tensor.create(gradient)).within(1e-7, 1e-8).of(expected);
    }
  }

  private static double[] relevance(
      ScriptModel model, Map<Integer, LayerFunction> functions, double[] x) {
    try (Propagation pass = pass(model, functions)) {
      pass.record(List.of(Tensor.create(x, 1, 3)));
      return TensorSubject.values(
          pass.backward(List.of(torch.ones(1, 2).to(ScalarType.Double))).get(0));
    }
  }

  @Test
  void relevanceAtLayersIsCaptured() {
    JitModule fc = b.linear(4, 4);
    JitModule net =
        b.module(
            "nets.Net",
            Map.of("fc", fc),
            "def forward(self, x):\n    return self.fc.forward(self.fc.forward(x))\n");
    try (ScriptModel model = ScriptModel.of(net);
        Propagation pass =
            new Propagation(
                model.program(),
                Map.of(),
                PropagationOptions.defaults().withCapture(l -> l.name().equals("fc")))) {
      pass.record(List.of(numbers(1, 2, 4)));
      Tensor seed = numbers(2, 2, 4);
      Tensor relevance = pass.backward(List.of(seed)).get(0);
      List<LayerRelevance> layers = pass.layerRelevances();
      assertThat(layers).hasSize(2);
      TensorSubject.assertThat(layers.get(1).outputs().get(0)).isBitEqualTo(seed);
      TensorSubject.assertThat(layers.get(0).inputs().get(0)).isBitEqualTo(relevance);
      TensorSubject.assertThat(layers.get(0).outputs().get(0))
          .isBitEqualTo(layers.get(1).inputs().get(0));
    }
  }

  @Test
  void functionsInBranchesAndLoopsApply() {
    JitModule net =
        b.module(
            "nets.Net",
            Map.of("fc", b.linear(4, 4)),
            """
            def forward(self, x):
                for i in range(x.size(0)):
                    if i > 0:
                        x = self.fc.forward(x)
                return x
            """);
    int[] calls = {0};
    try (ScriptModel model = ScriptModel.of(net);
        Propagation pass =
            pass(
                model,
                on(
                    model,
                    "fc",
                    (call, r) -> {
                      calls[0]++;
                      return r;
                    }))) {
      pass.record(List.of(numbers(1, 3, 4)));
      Tensor seed = numbers(2, 3, 4);
      TensorSubject.assertThat(pass.backward(List.of(seed)).get(0)).isBitEqualTo(seed);
      assertThat(calls[0]).isEqualTo(2);
    }
  }

  @Test
  void aModuleUnderTwoNamesIsOneLayer() {
    JitModule fc = b.linear(4, 4);
    // What scripting makes of self.b = self.a: another object of the same type and memory.
    JitModule two = b.empty("nets.Two");
    two.register_module("a", fc);
    two.register_module("b", fc.copy());
    two.define("def forward(self, x):\n    return self.b.forward(self.a.forward(x))\n");
    int[] calls = {0};
    try (ScriptModel model = ScriptModel.of(two);
        Propagation pass =
            pass(
                model,
                on(
                    model,
                    "a",
                    (call, r) -> {
                      calls[0]++;
                      return r;
                    }))) {
      assertThat(model.program().layers()).extracting(Layer::name).containsExactly("", "a");
      pass.record(List.of(numbers(1, 3, 4)));
      pass.backward(List.of(numbers(2, 3, 4)));
      assertThat(calls[0]).isEqualTo(2);
    }
  }

  @Test
  void modulesThatShareSomeTensorsOnlyAreTwoLayers() {
    JitModule norm = b.batchNorm(1, 4);
    JitModule other = norm.deepcopy();
    // Of one type and with the same parameters, but with statistics of its own.
    other.setattr("weight", norm.attr("weight"));
    other.setattr("bias", norm.attr("bias"));
    JitModule two = b.empty("nets.Two");
    two.register_module("a", norm);
    two.register_module("b", other);
    two.define("def forward(self, x):\n    return self.b.forward(self.a.forward(x))\n");
    try (ScriptModel model = ScriptModel.of(two)) {
      assertThat(model.program().layers()).extracting(Layer::name).containsExactly("", "a", "b");
    }
  }

  @Test
  void anOperatorWithoutADerivativeIsNamed() {
    JitModule net = b.expression("nets.Net", "torch.igamma(input * input, input)");
    try (ScriptModel model = ScriptModel.of(net);
        Propagation pass = pass(model, Map.of())) {
      pass.record(List.of(numbers(1, 4)));
      assertThatThrownBy(() -> pass.backward(List.of(numbers(2, 4))))
          .isInstanceOf(UnsupportedOperatorException.class)
          .hasMessageContaining("igamma: input has no derivative")
          .hasMessageContaining("trace it again with gradients on");
    }
  }

  @Test
  void argumentsThatInputsDoNotLeadToAreNoInputs() {
    JitModule fc = b.empty("torch.nn.modules.linear.Linear");
    fc.define("def forward(self, x, weight):\n    return torch.linear(x, weight, None)\n");
    JitModule net = b.empty("nets.Net");
    net.register_module("fc", fc);
    net.register_parameter("v", b.numbers(1, 2, 4), false);
    // As torch.nn.utils.weight_norm is traced: the weight is computed outside of the module.
    net.define("def forward(self, x):\n    return self.fc.forward(x, self.v / 2)\n");
    try (ScriptModel model = ScriptModel.of(net);
        Propagation pass =
            new Propagation(
                model.program(),
                on(
                    model,
                    "fc",
                    (call, r) -> {
                      assertThat(call.inputs()).hasSize(1);
                      return call.gradient(r);
                    }),
                PropagationOptions.defaults().withCapture(l -> l.name().equals("fc")))) {
      pass.record(List.of(numbers(1, 3, 4)));
      Tensor seed = numbers(2, 3, 2);
      Tensor relevance = pass.backward(List.of(seed)).get(0);
      Tensor weight = net.attr("v").toTensor().div(new org.bytedeco.pytorch.Scalar(2));
      TensorSubject.assertThat(relevance)
          .within(1e-15, 1e-15)
          .of(TensorSubject.values(seed.matmul(weight)));
      assertThat(pass.layerRelevances().get(0).inputs()).hasSize(1);
    }
  }

  @Test
  void overloadsOfForwardAreLayers() {
    JitModule rnn = b.empty("torch.nn.modules.rnn.GRU");
    rnn.define("def forward__0(self, x):\n    return x * 2\n");
    JitModule net =
        b.module(
            "nets.Net",
            Map.of("rnn", rnn),
            "def forward(self, x):\n    return self.rnn.forward__0(x)\n");
    try (ScriptModel model = ScriptModel.of(net);
        Propagation pass = pass(model, on(model, "rnn", (call, r) -> r))) {
      pass.record(List.of(numbers(1, 3, 4)));
      Tensor seed = numbers(2, 3, 4);
      TensorSubject.assertThat(pass.backward(List.of(seed)).get(0)).isBitEqualTo(seed);
    }
  }
}
