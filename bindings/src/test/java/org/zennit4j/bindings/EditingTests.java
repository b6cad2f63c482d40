/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.bindings;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import java.util.Set;
import org.bytedeco.pytorch.JitModule;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.zennit4j.graph.DataFlow;
import org.zennit4j.graph.Layer;
import org.zennit4j.graph.Program;
import org.zennit4j.graph.ProgramEditor;
import org.zennit4j.graph.Region;
import org.zennit4j.model.ScriptModel;
import org.zennit4j.runtime.Propagation;
import org.zennit4j.runtime.PropagationOptions;
import org.zennit4j.testing.ModelBuilder;
import org.zennit4j.testing.NativeLeaks;
import org.zennit4j.testing.SeededWeights;
import org.zennit4j.testing.TensorSubject;

@ExtendWith(NativeLeaks.class)
class EditingTests {
  private ModelBuilder b;
  private ScriptModel model;
  private Program program;

  /** Convolution without bias, its normalisation, a residual sum, and a constant that is added. */
  @BeforeEach
  void load() {
    b = new ModelBuilder(ScalarType.Double, 1);
    JitModule net = b.empty("nets.Net");
    net.register_module(
        "conv", b.conv(2, 3, 3, 3, ModelBuilder.Conv.PLAIN.withPadding(1).withBias(false)));
    net.register_module("norm", b.batchNorm(2, 3));
    net.register_module("act", b.reluInPlace());
    net.register_parameter("offset", b.numbers(1, 3, 1, 1), false);
    net.define(
        """
        def forward(self, x):
            n = x.size(0) + x.dim()
            y = self.act.forward(self.norm.forward(self.conv.forward(x)))
            z = y + x
            return z + self.offset
        """);
    model = ScriptModel.of(net);
    program = model.program();
  }

  @AfterEach
  void close() {
    model.close();
  }

  private static Tensor input() {
    return SeededWeights.normal(7, ScalarType.Double, 2, 3, 5, 5);
  }

  private Region operator(String name) {
    return program.regions().stream()
        .filter(r -> r.toString().contains(name) && r.operators().size() == 1)
        .filter(Region::isOperator)
        .findFirst()
        .orElseThrow();
  }

  private Region call(String name) {
    return program.regions(program.layer(name).orElseThrow()).get(0);
  }

  @Test
  void flow() {
    DataFlow flow = program.dataFlow();
    Region conv = operator("conv2d");
    Region norm = operator("batch_norm");
    Region relu = operator("relu");
    Region first = operator("/add#0");
    Region second = operator("/add#1");
    assertThat(flow.producer(norm, 0)).contains(conv);
    assertThat(flow.producer(conv, 0)).isEmpty();
    assertThat(flow.onlyConsumers(conv)).contains(List.of(norm));
    assertThat(flow.onlyConsumers(relu)).contains(List.of(first));
    assertThat(flow.producer(first, 0)).contains(relu);
    assertThat(flow.producer(second, 0)).contains(first);
    assertThat(flow.producer(call("norm"), 0)).contains(conv);
    assertThat(flow.result(call("conv"))).contains(conv);
    assertThat(flow.dependsOnInput(first, 0)).isTrue();
    assertThat(flow.dependsOnInput(first, 1)).isTrue();
    assertThat(flow.dependsOnInput(second, 1)).isFalse();
    assertThat(flow.onlyConsumers(second)).isEmpty();
  }

  @Test
  void nothingChangedIsTheSameProgram() {
    assertThat(program.edit().isEmpty()).isTrue();
    try (Program copy = program.edit().apply()) {
      TensorSubject.assertThat(Propagation.run(copy, input()).get(0))
          .isBitEqualTo(Propagation.run(program, input()).get(0));
    }
  }

  @Test
  void bypass() {
    Tensor x = input();
    try (Program changed =
        program.edit().bypass(call("norm")).bypass(call("conv")).bypass(call("act")).apply()) {
      Tensor offset = operator("/add#1").parameters().get("other");
      TensorSubject.assertThat(Propagation.run(changed, x).get(0))
          .within(1e-15, 1e-15)
          .of(x.add(x).add(offset));
      assertThat(changed.layers()).hasSameSizeAs(program.layers());
      assertThat(changed.region(call("norm").id()).parameters()).containsKey("weight");
    }
    try (Program changed = program.edit().bypass(operator("batch_norm")).apply()) {
      Tensor offset = operator("/add#1").parameters().get("other");
      Tensor conv =
          torch.conv2d(
              x,
              call("conv").parameters().get("weight"),
              new org.bytedeco.pytorch.TensorOptional(),
              new long[] {1, 1},
              new long[] {1, 1},
              new long[] {1, 1},
              1);
      TensorSubject.assertThat(Propagation.run(changed, x).get(0))
          .within(1e-14, 1e-14)
          .of(torch.relu(conv).add(x).add(offset));
    }
  }

  @Test
  void aBiasAppears() {
    Tensor x = input();
    Tensor weight = call("conv").parameters().get("weight").mul(new Scalar(2));
    Tensor bias = b.numbers(1, 3);
    assertThat(call("conv").parameters()).containsOnlyKeys("weight");
    try (Program changed =
        program
            .edit()
            .setParameter(operator("conv2d"), "weight", weight)
            .setParameter(operator("conv2d"), "bias", bias)
            .apply()) {
      Region conv = changed.region(call("conv").id());
      assertThat(conv.parameters()).containsOnlyKeys("weight", "bias");
      TensorSubject.assertThat(conv.parameters().get("bias")).isBitEqualTo(bias);
      assertThat(conv.linearMap().orElseThrow().bias()).isPresent();
      Tensor expected =
          torch.conv2d(
              x,
              weight,
              new org.bytedeco.pytorch.TensorOptional(bias),
              new long[] {1, 1},
              new long[] {1, 1},
              new long[] {1, 1},
              1);
      try (Propagation pass =
          new Propagation(
              changed,
              Map.of(
                  conv.id(),
                  (call, r) -> {
                    TensorSubject.assertThat(call.outputs().get(0)).isBitEqualTo(expected);
                    // Replaced parameters can be replaced again.
                    Tensor zero =
                        call.forward(
                                call.inputs(), Map.of("bias", torch.zeros(3).to(ScalarType.Double)))
                            .get(0);
                    TensorSubject.assertThat(zero.add(bias.reshape(1, 3, 1, 1)))
                        .within(1e-13, 1e-13)
                        .of(expected);
                    return r;
                  }),
              PropagationOptions.defaults())) {
        Tensor output = pass.record(List.of(x)).get(0);
        pass.backward(List.of(output.detach()));
      }
    }
    TensorSubject.assertThat(call("conv").parameters().get("weight").mul(new Scalar(2)))
        .isBitEqualTo(weight);
  }

  @Test
  void sums() {
    Region addition = operator("/add#0");
    try (Program changed =
        program
            .edit()
            .label(addition, "canonizer_sum", "zennit.layer.Sum", Set.of("Sum"), List.of(1, 0))
            .apply()) {
      Layer layer = changed.layer("canonizer_sum").orElseThrow();
      assertThat(layer.types()).containsExactly("Sum");
      assertThat(layer.functional()).isFalse();
      assertThat(changed.layer("/add#0").orElseThrow().name()).isEqualTo("/add#0");
      TensorSubject.assertThat(Propagation.run(changed, input()).get(0))
          .isBitEqualTo(model.run(input()).get(0));
    }
    assertThatThrownBy(() -> program.edit().label(program.root(), "s", "S", Set.of(), List.of()))
        .isInstanceOf(UnsupportedOperatorException.class);
    assertThatThrownBy(() -> program.edit().setParameter(operator("relu"), "weight", input()))
        .isInstanceOf(UnsupportedOperatorException.class);
  }

  @Test
  void anEditorThatIsNotAppliedKeepsNothing() throws Exception {
    Tensor weight = call("conv").parameters().get("weight");
    NativeLeaks.assertNone(
        () -> {
          try (ProgramEditor editor = program.edit()) {
            editor.setParameter(operator("conv2d"), "weight", weight).neutralize(call("norm"));
          }
        });
    NativeLeaks.assertNone(
        () -> {
          try (ProgramEditor editor = program.edit()) {
            editor.setParameter(operator("conv2d"), "weight", weight);
            assertThatThrownBy(() -> editor.neutralize(call("act")))
                .isInstanceOf(UnsupportedOperatorException.class)
                .hasMessageContaining("no batch normalisation");
          }
        });
  }

  @Test
  void anAppliedEditorIsDone() {
    try (ProgramEditor editor = program.edit().neutralize(call("norm"));
        Program changed = editor.apply()) {
      editor.close();
      assertThat(Propagation.run(changed, input())).hasSize(1);
      assertThatThrownBy(editor::apply)
          .isInstanceOf(ClosedException.class)
          .hasMessageContaining("program.edit()");
      assertThatThrownBy(() -> editor.bypass(call("act"))).isInstanceOf(ClosedException.class);
    }
  }

  @Test
  void operatorsTakeTheirPlace() {
    Tensor x = input();
    Tensor offset = operator("/add#1").parameters().get("other");
    Tensor act;
    try (Program linear = program.edit().bypass(call("act")).apply()) {
      act = torch.softplus(Propagation.run(linear, x).get(0).sub(x).sub(offset));
    }
    try (Program changed =
        program
            .edit()
            .replace(call("act"), w -> w.call("aten::softplus", w.argument(0), 1, 20))
            .replace(
                operator("/add#0"),
                w -> {
                  var all = List.of(w.original(), w.argument(1), w.argument("self"));
                  return w.call(
                      "aten::sum.dim_IntList", w.call("aten::stack", all, 0), new long[] {0});
                })
            .apply()) {
      TensorSubject.assertThat(Propagation.run(changed, x).get(0))
          .within(1e-13, 1e-13)
          .of(act.add(x).mul(new Scalar(2)).add(offset));
      assertThat(changed.functionalLayers().stream().map(Layer::name))
          .contains("act/softplus#0", "/add#0", "/add#0/stack#0", "/add#0/sum#0", "/add#1");
      assertThat(changed.regions(changed.layer("act").orElseThrow())).isEmpty();
    }
  }

  @Test
  void aRemovedCallIsNoLayerAnyMore() {
    Tensor x = input();
    try (Program changed = program.edit().remove(operator("/add#1")).remove(call("norm")).apply();
        Program bypassed = program.edit().bypass(operator("/add#1")).bypass(call("norm")).apply()) {
      TensorSubject.assertThat(Propagation.run(changed, x).get(0))
          .isBitEqualTo(Propagation.run(bypassed, x).get(0));
      assertThat(changed.layer("/add#1")).isEmpty();
      assertThat(changed.regions(changed.layer("norm").orElseThrow())).isEmpty();
    }
  }

  @Test
  void whatCannotBeWrittenIsNamed() {
    try (ProgramEditor editor = program.edit()) {
      editor.replace(call("act"), w -> w.call("aten::softmaxx", w.argument(0), 1));
      assertThatThrownBy(editor::apply)
          .hasMessageContaining("aten::softmaxx")
          .hasMessageContaining("softmax");
    }
    try (ProgramEditor editor = program.edit()) {
      editor.replace(call("act"), w -> w.call("aten::softmax.int", w.argument(0)));
      assertThatThrownBy(editor::apply).hasMessageContaining("needs its argument 'dim'");
    }
    try (ProgramEditor editor = program.edit()) {
      assertThatThrownBy(() -> editor.remove(program.root()))
          .isInstanceOf(UnsupportedOperatorException.class);
    }
  }
}
