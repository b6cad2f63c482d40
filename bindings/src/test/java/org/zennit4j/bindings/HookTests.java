/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.bindings;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.JitModule;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.zennit4j.graph.Region;
import org.zennit4j.model.ScriptModel;
import org.zennit4j.runtime.HookHandle;
import org.zennit4j.runtime.LayerFunction;
import org.zennit4j.runtime.ModuleHook;
import org.zennit4j.runtime.Propagation;
import org.zennit4j.runtime.PropagationOptions;
import org.zennit4j.testing.ModelBuilder;
import org.zennit4j.testing.NativeLeaks;
import org.zennit4j.testing.SeededWeights;
import org.zennit4j.testing.TensorSubject;

@ExtendWith(NativeLeaks.class)
class HookTests {
  private ScriptModel model;
  private final List<String> log = new ArrayList<>();

  /** A chain with a block that is called twice. */
  @BeforeEach
  void load() {
    ModelBuilder b = new ModelBuilder(ScalarType.Double, 1);
    JitModule block = b.sequential(b.linear(4, 4), b.relu());
    JitModule net =
        b.module(
            "nets.Net",
            Map.of("block", block),
            """
            def forward(self, x):
                return self.block.forward(self.block.forward(x)) + x
            """);
    model = ScriptModel.of(net);
  }

  @AfterEach
  void close() {
    model.close();
  }

  private static Tensor input() {
    return SeededWeights.normal(2, ScalarType.Double, 3, 4);
  }

  private Tensor backward() {
    try (Propagation pass = pass(Map.of())) {
      pass.record(List.of(input()));
      Tensor relevance = pass.backward(List.of(seed())).get(0);
      return relevance.clone();
    }
  }

  private static Tensor seed() {
    return SeededWeights.normal(9, ScalarType.Double, 3, 4);
  }

  private Propagation pass(Map<Integer, LayerFunction> functions) {
    return new Propagation(
        model.program(), functions, PropagationOptions.defaults().withHooks(model.hooks()));
  }

  /** Writes down what happens, and keeps count in the call's state. */
  private ModuleHook logger(String name) {
    return new ModuleHook() {
      @Override
      public List<Tensor> forwardPre(Call call, List<Tensor> inputs) {
        log.add(name + ".pre");
        assertThat(call.state()).isEmpty();
        call.state().put("n", log.size());
        return inputs;
      }

      @Override
      public List<Tensor> forward(Call call, List<Tensor> inputs, List<Tensor> outputs) {
        log.add(name + ".post");
        assertThat(inputs).hasSize(1);
        assertThat(outputs).hasSize(1);
        return outputs;
      }

      @Override
      public List<Tensor> backwardPre(Call call, List<Tensor> gradOutput) {
        log.add(name + ".backPre");
        assertThat(call.state()).containsKey("n");
        return gradOutput;
      }

      @Override
      public List<Tensor> backward(Call call, List<Tensor> gradInput, List<Tensor> gradOutput) {
        log.add(name + ".back");
        assertThat(gradOutput).hasSize(1);
        TensorSubject.assertThat(gradInput.get(0)).hasShape(3, 4);
        return gradInput;
      }
    };
  }

  @Test
  void orderAndState() {
    Tensor plain = backward();
    model.registerHook("block", logger("a"));
    model.registerHook("block", logger("b"));
    TensorSubject.assertThat(backward()).isBitEqualTo(plain);
    assertThat(log)
        .containsExactly(
            "a.pre",
            "b.pre",
            "b.post",
            "a.post",
            "a.pre",
            "b.pre",
            "b.post",
            "a.post", //
            "a.backPre",
            "b.backPre",
            "b.back",
            "a.back",
            "a.backPre",
            "b.backPre",
            "b.back",
            "a.back");
  }

  @Test
  void nestedModulesAndRoot() {
    model.registerHook("", logger("root"));
    model.registerHook("block.0", logger("fc"));
    backward();
    assertThat(log)
        .containsExactly(
            "root.pre",
            "fc.pre",
            "fc.post",
            "fc.pre",
            "fc.post",
            "root.post", //
            "root.backPre",
            "fc.backPre",
            "fc.back",
            "fc.backPre",
            "fc.back",
            "root.back");
  }

  @Test
  void withoutRecordingOnlyForwardRuns() {
    model.registerHook("block", logger("a"));
    try (Propagation pass = pass(Map.of())) {
      pass.forward(List.of(input()));
    }
    assertThat(log).containsExactly("a.pre", "a.post", "a.pre", "a.post");
  }

  @Test
  void removal() {
    HookHandle first = model.registerHook("block", logger("a"));
    ModuleHook twice = logger("b");
    HookHandle second = model.registerHook("block.1", twice);
    HookHandle third = model.registerHook("block.1", twice);
    first.close();
    first.close();
    second.close();
    second.close();
    assertThat(model.hooks()).containsOnlyKeys("block.1");
    assertThat(model.hooks().get("block.1")).hasSize(1);
    third.close();
    assertThat(model.hooks()).isEmpty();
  }

  @Test
  void editing() {
    Tensor x = input();
    Tensor expected = model.run(torch.relu(x)).get(0).sub(torch.relu(x)).add(x);
    model.registerHook(
        "block",
        new ModuleHook() {
          @Override
          public List<Tensor> forwardPre(Call call, List<Tensor> inputs) {
            return List.of(torch.relu(inputs.get(0)));
          }
        });
    try (Propagation pass = pass(Map.of())) {
      // The second call gets the output of a ReLU, which another one leaves as it is.
      TensorSubject.assertThat(pass.forward(List.of(x)).get(0)).within(1e-15, 1e-15).of(expected);
    }
  }

  @Test
  void editingOfRelevance() {
    Tensor gradient = backward();
    model.registerHook(
        "",
        new ModuleHook() {
          @Override
          public List<Tensor> backwardPre(Call call, List<Tensor> gradOutput) {
            return List.of(gradOutput.get(0).mul(new Scalar(2)));
          }

          @Override
          public List<Tensor> backward(Call call, List<Tensor> gradInput, List<Tensor> gradOutput) {
            TensorSubject.assertThat(gradOutput.get(0)).isBitEqualTo(seed().mul(new Scalar(2)));
            return List.of(gradInput.get(0).mul(new Scalar(3)));
          }
        });
    TensorSubject.assertThat(backward()).within(1e-14, 1e-14).of(gradient.mul(new Scalar(6)));
  }

  @Test
  void editedOutputsCarryTheirGradient() {
    Tensor gradient = backward();
    model.registerHook(
        "",
        new ModuleHook() {
          @Override
          public List<Tensor> forward(Call call, List<Tensor> inputs, List<Tensor> outputs) {
            return List.of(outputs.get(0).mul(new Scalar(5)));
          }
        });
    TensorSubject.assertThat(backward()).within(1e-14, 1e-14).of(gradient.mul(new Scalar(5)));
  }

  @Test
  void hooksSurroundRules() {
    model.registerHook("block.0", logger("fc"));
    Map<Integer, LayerFunction> functions = new java.util.HashMap<>();
    for (Region region : model.program().regions()) {
      if (region.name().equals("block.0")) {
        functions.put(
            region.id(),
            (call, relevance) -> {
              log.add("rule");
              return relevance;
            });
      }
    }
    try (Propagation pass = pass(functions)) {
      pass.record(List.of(input()));
      pass.backward(List.of(seed()));
    }
    assertThat(log)
        .containsExactly(
            "fc.pre",
            "fc.post",
            "fc.pre",
            "fc.post", //
            "fc.backPre",
            "rule",
            "fc.back",
            "fc.backPre",
            "rule",
            "fc.back");
  }

  @ParameterizedTest
  @ValueSource(strings = {"pre", "post", "backPre", "back"})
  void exceptionsArriveWithCauseAndLayer(String where) {
    IllegalStateException cause = new IllegalStateException("nothing works in " + where);
    model.registerHook(
        "block.0",
        new ModuleHook() {
          private List<Tensor> fail(String here, List<Tensor> tensors) {
            if (here.equals(where)) {
              throw cause;
            }
            return tensors;
          }

          @Override
          public List<Tensor> forwardPre(Call call, List<Tensor> inputs) {
            return fail("pre", inputs);
          }

          @Override
          public List<Tensor> forward(Call call, List<Tensor> inputs, List<Tensor> outputs) {
            return fail("post", outputs);
          }

          @Override
          public List<Tensor> backwardPre(Call call, List<Tensor> gradOutput) {
            return fail("backPre", gradOutput);
          }

          @Override
          public List<Tensor> backward(Call call, List<Tensor> gradInput, List<Tensor> gradOutput) {
            return fail("back", gradInput);
          }
        });
    assertThatThrownBy(this::backward)
        .isInstanceOf(Zennit4jException.class)
        .hasMessageContaining("layer 'block.0'")
        .hasMessageContaining("nothing works in " + where)
        .hasCause(cause);
    model.close();
    load();
    backward();
  }

  @Test
  void wrongNumbersAndShapesAreNamed() {
    HookHandle handle =
        model.registerHook(
            "block.0",
            new ModuleHook() {
              @Override
              public List<Tensor> forward(Call call, List<Tensor> inputs, List<Tensor> outputs) {
                return List.of();
              }
            });
    assertThatThrownBy(this::backward)
        .isInstanceOf(ShapeException.class)
        .hasMessageContaining("'block.0' must return 1 tensor");
    handle.close();
    model.registerHook(
        "block.0",
        new ModuleHook() {
          @Override
          public List<Tensor> backward(Call call, List<Tensor> gradInput, List<Tensor> gradOutput) {
            return List.of(torch.zeros(2));
          }
        });
    assertThatThrownBy(this::backward)
        .isInstanceOf(ShapeException.class)
        .hasMessageContaining("layer 'block.0'")
        .hasMessageContaining("[2]");
  }

  @Test
  void hooksOnWhatIsNoModule() {
    for (String name : List.of("none", "/add#0", "block.2")) {
      assertThatThrownBy(() -> model.registerHook(name, logger("a")))
          .isInstanceOf(Zennit4jException.class)
          .hasMessageContaining("'" + name + "'");
    }
  }
}
