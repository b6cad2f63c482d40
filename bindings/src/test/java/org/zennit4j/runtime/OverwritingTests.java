/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.zennit4j.testing.TensorSubject.assertThat;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.JitModule;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.zennit4j.bindings.Zennit4jException;
import org.zennit4j.graph.Region;
import org.zennit4j.model.ScriptModel;
import org.zennit4j.testing.ModelBuilder;
import org.zennit4j.testing.NativeLeaks;
import org.zennit4j.testing.SeededWeights;

/**
 * Operators that a model runs in place stay in place where nobody can see it, and nowhere else. A
 * pass that captures all layers holds on to all values, so that nothing is overwritten there.
 */
@ExtendWith(NativeLeaks.class)
class OverwritingTests {
  private static final PropagationOptions PLAIN = PropagationOptions.defaults();
  private static final PropagationOptions HOLDING = PLAIN.withCapture(layer -> true);

  private static final String MODIFIED = "modified by an inplace operation";

  private final ModelBuilder b = new ModelBuilder(ScalarType.Double, 5);
  private final Tensor x = SeededWeights.normal(8, ScalarType.Double, 2, 6);

  private JitModule net(String body) {
    Map<String, JitModule> children = new LinkedHashMap<>();
    children.put("fc", b.linear(6, 6));
    children.put("fc2", b.linear(6, 6));
    children.put("act", b.reluInPlace());
    children.put("block", b.sequential(b.linear(6, 6), b.reluInPlace(), b.linear(6, 6)));
    return b.module("nets.Net", children, "def forward(self, x):\n" + body.indent(4));
  }

  /** LibTorch counts the writes into a tensor. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          return torch.relu_(self.fc.forward(x))                                               | 1
          return self.act.forward(self.fc.forward(x))                                          | 1
          return self.act.forward(self.block.forward(x))                                       | 1
          return self.fc.forward(x).add_(self.fc2.forward(x)).relu_()                          | 2
          return self.fc.forward(x).sub_(x, alpha=0.5)                                         | 1
          return self.fc.forward(x).add_(1.5).tanh_()                                          | 2
          return self.fc.forward(x).sigmoid_()                                                 | 1
          return self.act.forward(x)                                                           | 0
          return torch.relu(self.fc.forward(x))                                                | 0
          return torch.sigmoid(self.fc.forward(x)).add_(1.0)                                   | 0
          return self.fc.forward(x).sigmoid_().add_(1.0)                                       | 0
          return self.act.forward(self.fc.forward(x).view(12)).view(2, 6)                      | 0
          return torch.relu_(self.fc.forward(x).t()).t()                                       | 0
          return torch.relu_(self.fc.forward(x).unsqueeze(0).expand(2, 2, 6))[0]               | 0
          y = self.fc.forward(x)\\nreturn y + y.relu()                                         | 0
          y = self.fc.forward(x)\\nz = y * y\\ny = y.relu_()\\nreturn y.add_(z)                | 0
          """)
  void whatNobodyElseHoldsIsOverwritten(String body, long writes) {
    String text = body.replace("\\n", "\n");
    try (ScriptModel model = ScriptModel.of(net(text));
        Propagation pass = new Propagation(model.program(), Map.of(), PLAIN)) {
      Tensor output = pass.record(List.of(x)).get(0);
      // The write counter of a tensor that shares its memory is that of its base.
      assertThat(output._version()).as(text).isEqualTo(writes);
      Tensor relevance = pass.backward(List.of(torch.ones_like(output))).get(0).clone();
      assertThat(relevance).isBitEqualTo(gradient(model, Map.of(), HOLDING).get(1));
    }
  }

  private List<Tensor> gradient(
      ScriptModel model, Map<Integer, LayerFunction> functions, PropagationOptions options) {
    try (Propagation pass = new Propagation(model.program(), functions, options)) {
      List<Tensor> result = new ArrayList<>();
      Tensor output = pass.record(List.of(x)).get(0);
      result.add(output.detach().clone());
      result.add(pass.backward(List.of(torch.ones_like(output))).get(0).clone());
      return result;
    }
  }

  /**
   * Values are named v0 (the input), v1...; all are 2 x 6. Tame programs overwrite only what they
   * have just made.
   */
  private static String program(Random random, boolean tame) {
    StringBuilder text = new StringBuilder("v0 = x\n");
    int count = 1;
    for (int i = 0; i < 12; i++) {
      String made = "v" + count + " = ";
      String a = "v" + recent(random, count);
      String c = "v" + recent(random, count);
      String line =
          switch (tame ? 12 + random.nextInt(10) : random.nextInt(22)) {
            case 0 -> made + "self.fc.forward(" + a + ")";
            case 1 -> made + "self.fc2.forward(" + a + ")";
            case 2 -> made + "self.block.forward(" + a + ")";
            case 3, 4 -> made + "self.act.forward(" + a + ")";
            case 5, 6 -> made + "torch.relu_(" + a + ")";
            case 7, 8 -> made + a + ".add_(" + c + ")";
            case 9 -> made + a + ".sub_(" + c + ", alpha=0.5)";
            case 10 -> made + "torch.sigmoid_(" + a + ")";
            case 11 -> made + a + ".tanh_()";
            case 12 -> made + a + " * " + c;
            case 13 -> made + "torch.tanh(" + a + ")";
            case 14 -> made + a + ".reshape(6, 2).t().t().reshape(2, 6)";
            case 15 -> made + "torch.cat([" + a + ", " + c + "], 1)[:, 3:9].add_(0.25)";
            case 17 -> made + "self.act.forward(self.fc.forward(" + a + "))";
            case 18 -> made + "self.fc2.forward(" + a + ").add_(" + c + ")";
            case 19 -> made + "self.act.forward(self.block.forward(" + a + ").add_(" + c + "))";
            case 20 -> made + "torch.sigmoid_(self.fc.forward(" + a + ").sub_(" + c + "))";
            case 16 -> made + "torch.chunk(torch.cat([" + a + ", " + c + "]), 2)[1]";
            default -> made + a + " + " + c;
          };
      text.append(line).append('\n');
      count++;
    }
    return text + "return v" + (count - 1) + " + v" + recent(random, count) + "\n";
  }

  private static int recent(Random random, int count) {
    return Math.max(0, count - 1 - random.nextInt(3));
  }

  @Test
  void generatedProgramsHaveTheSameBitsAsIfNothingWereOverwritten() {
    int ofJit = 0;
    for (int seed = 0; seed < 80; seed++) {
      String body = program(new Random(seed), seed % 2 == 0);
      try (PointerScope scope = new PointerScope()) {
        JitModule net = net(body);
        try (ScriptModel model = ScriptModel.of(net)) {
          Optional<Tensor> own = compare(model, Map.of());
          Optional<Tensor> jit = ofJit(net);
          if (own.isPresent() && jit.isPresent()) {
            assertThat(own.get()).within(1e-12, 1e-12).of(jit.get());
            ofJit++;
          }
        } catch (AssertionError | RuntimeException e) {
          throw new AssertionError(body + e.getMessage(), e);
        }
      }
    }
    assertThat(ofJit).as("that PyTorch can differentiate").isGreaterThan(20);
  }

  /**
   * Both passes beside each other; empty for models that overwrite what their gradient needs where
   * that can be seen, so that they have none in PyTorch either: then both passes say so.
   */
  private Optional<Tensor> compare(ScriptModel model, Map<Integer, LayerFunction> functions) {
    List<Tensor> holding;
    try {
      holding = gradient(model, functions, HOLDING);
    } catch (Zennit4jException e) {
      assertThat(e).hasMessageContaining(MODIFIED);
      assertThat(model.program().writesInPlace()).isTrue();
      assertThatThrownBy(() -> gradient(model, functions, PLAIN)).hasMessageContaining(MODIFIED);
      return Optional.empty();
    }
    List<Tensor> own = gradient(model, functions, PLAIN);
    assertThat(own.get(0)).isBitEqualTo(holding.get(0));
    assertThat(own.get(1)).isBitEqualTo(holding.get(1));
    return Optional.of(own.get(1));
  }

  /** Empty where the model overwrites what its own gradient needs. */
  private Optional<Tensor> ofJit(JitModule net) {
    Tensor leaf = x.clone().requires_grad_(true);
    try {
      Tensor output = ModuleForward.run(net, leaf.clone()).get(0);
      TensorVector found = torch.grad(new TensorVector(output.sum()), new TensorVector(leaf));
      return Optional.of(new Tensor(found.get(0)));
    } catch (RuntimeException e) {
      assertThat(e.getMessage()).containsAnyOf(MODIFIED, "is being modified inplace");
      return Optional.empty();
    }
  }

  /** Hands on where the output is positive, twice as much as the gradient is. */
  private static final class OfOutput implements LayerFunction {
    @Override
    public List<Tensor> backward(LayerCall call, List<Tensor> relevance) {
      Tensor mask = call.outputs().get(0).gt(new Scalar(0));
      return List.of(relevance.get(0).mul(mask).mul(new Scalar(2)));
    }

    @Override
    public Reads reads() {
      return Reads.OUTPUTS;
    }
  }

  @Test
  void functionsThatReadOutputsAloneLeaveReluInPlace() {
    int compared = 0;
    for (int seed = 0; seed < 60; seed++) {
      String body = program(new Random(1000 + seed), seed % 2 == 0);
      try (PointerScope scope = new PointerScope();
          ScriptModel model = ScriptModel.of(net(body))) {
        Map<Integer, LayerFunction> functions = new HashMap<>();
        for (Region region : model.program().regions()) {
          if (region.onlyOperator().filter("aten::relu"::equals).isPresent()) {
            functions.put(region.id(), new OfOutput());
          }
        }
        compared += functions.isEmpty() || compare(model, functions).isEmpty() ? 0 : 1;
      } catch (AssertionError | RuntimeException e) {
        throw new AssertionError(body + e.getMessage(), e);
      }
    }
    assertThat(compared).isGreaterThan(30);
  }

  @Test
  void aFunctionThatReadsOutputsAloneSeesNoInputs() {
    try (ScriptModel model =
        ScriptModel.of(net("return self.fc2.forward(self.act.forward(self.fc.forward(x)))"))) {
      Map<Integer, LayerFunction> functions = new HashMap<>();
      boolean[] hidden = {false};
      for (Region region : model.program().regions()) {
        if (region.name().equals("act")) {
          functions.put(
              region.id(),
              new LayerFunction() {
                @Override
                public List<Tensor> backward(LayerCall call, List<Tensor> relevance) {
                  hidden[0] = call.inputs().get(0) == null;
                  return relevance;
                }

                @Override
                public Reads reads() {
                  return Reads.OUTPUTS;
                }
              });
        }
      }
      List<Tensor> found = gradient(model, functions, PLAIN);
      assertThat(hidden[0]).isTrue();
      assertThat(found.get(1)).isBitEqualTo(gradient(model, functions, HOLDING).get(1));
    }
  }
}
