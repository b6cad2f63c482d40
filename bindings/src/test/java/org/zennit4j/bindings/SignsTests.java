/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.bindings;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.JitModule;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.zennit4j.graph.Program;
import org.zennit4j.graph.Region;
import org.zennit4j.model.ScriptModel;
import org.zennit4j.runtime.LayerFunction;
import org.zennit4j.runtime.ModuleHook;
import org.zennit4j.runtime.Propagation;
import org.zennit4j.runtime.PropagationOptions;
import org.zennit4j.testing.ModelBuilder;
import org.zennit4j.testing.NativeLeaks;
import org.zennit4j.testing.SeededWeights;

/** What a program tells about the sign of a layer's input. */
@ExtendWith(NativeLeaks.class)
class SignsTests {
  private final ModelBuilder b = new ModelBuilder(ScalarType.Double, 3);

  private ScriptModel model(String body) {
    Map<String, JitModule> children = new LinkedHashMap<>();
    children.put("relu", b.relu());
    children.put("first", b.linear(4, 4));
    children.put("lin", b.linear(4, 4));
    return ScriptModel.of(
        b.module("nets.Net", children, "def forward(self, x):\n" + body.strip().indent(4)));
  }

  /** Whether the input of lin is known not to be negative. */
  private boolean known(String body) {
    try (ScriptModel model = model(body)) {
      Program program = model.program();
      List<Region> calls = program.regions(program.layer("lin").orElseThrow());
      assertThat(calls).isNotEmpty();
      return calls.stream().allMatch(Region::inputsNeverNegative);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "torch.relu(x)",
        "self.relu.forward(x)",
        "self.relu.forward(self.first.forward(x))",
        "torch.relu_(x + 1)",
        "torch.sigmoid(x)",
        "x.softmax(1)",
        "torch.hardtanh(x, 0., 6.)",
        "torch.clamp(x, 0., 6.)",
        "torch.clamp(x, 0.)",
        "torch.abs(x)",
        "torch.exp(x)",
        "torch.dropout(torch.relu(x), 0.5, False)",
        "torch.flatten(torch.relu(x).unsqueeze(1).contiguous(), 1)",
        "torch.relu(x).view(-1, 4)",
        "torch.relu(x) + torch.sigmoid(x)",
        "torch.relu(x) * 2 / 3.",
        "torch.cat([torch.relu(x)[:, 0:2], torch.sigmoid(x)[:, 0:2]], 1)",
        "torch.relu(x).chunk(2, 1)[0].repeat(1, 2)",
        "torch.max_pool1d(torch.relu(x), [3], [1], [1])",
        "torch.adaptive_avg_pool1d(torch.relu(x), [4])",
        "torch.constant_pad_nd(torch.relu(x)[:, 0:3], [1, 0], 0.)"
      })
  void whatIsNeverNegativeIsKnown(String expression) {
    assertThat(known("return self.lin.forward(" + expression + ")")).isTrue();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "x",
        "self.first.forward(torch.relu(x))",
        "torch.hardtanh(x, -1., 1.)",
        "torch.clamp(x, -1., 1.)",
        "torch.clamp(x, 0., -1.)",
        "torch.relu(x) - 1",
        "torch.add(torch.relu(x), torch.sigmoid(x), alpha=-1)",
        "torch.relu(x) * -1",
        "torch.relu(x) / torch.relu(x)",
        "torch.relu(x) + x",
        "torch.cat([torch.relu(x)[:, 0:2], x[:, 0:2]], 1)",
        "torch.max_pool1d(torch.relu(x), [2], [1], [1], [2]).repeat(1, 2)[:, 0:4]",
        "torch.constant_pad_nd(torch.relu(x)[:, 0:3], [1, 0], -1.)",
        "torch.tanh(torch.relu(x))",
        "torch.relu(x).to(3).to(7)"
      })
  void whatMayBeNegativeIsNot(String expression) {
    assertThat(known("return self.lin.forward(" + expression + ")")).isFalse();
  }

  @Test
  void bothWaysOfAConditionMustAgree() {
    String text =
        """
        y = torch.relu(x)
        if bool(x.sum() > 0):
            y = %s
        return self.lin.forward(y)
        """;
    assertThat(known(text.formatted("torch.sigmoid(x)"))).isTrue();
    assertThat(known(text.formatted("x"))).isFalse();
  }

  @Test
  void allTurnsOfALoopMustAgree() {
    String text =
        """
        y = torch.relu(x)
        for i in range(x.size(0)):
            y = %s
        return self.lin.forward(y)
        """;
    assertThat(known(text.formatted("torch.relu(y + x)"))).isTrue();
    assertThat(known(text.formatted("y + x"))).isFalse();
  }

  @Test
  void twoCallsOfALayerAreKeptApart() {
    try (ScriptModel model = model("return self.lin.forward(torch.relu(self.lin.forward(x)))")) {
      Program program = model.program();
      assertThat(program.regions(program.layer("lin").orElseThrow()))
          .extracting(Region::inputsNeverNegative)
          .containsExactly(false, true);
    }
  }

  @Test
  void aWriteThroughAViewIsNotOverlooked() {
    String text =
        """
        y = torch.relu(x)
        v = y.view(-1)
        v.%s
        return self.lin.forward(y)
        """;
    assertThat(known(text.formatted("sub_(1)"))).isFalse();
    assertThat(known(text.formatted("relu_()"))).isTrue();
  }

  @Test
  void aWriteIntoAPartIsNotOverlooked() {
    String text =
        """
        y = torch.relu(x)
        y[:, 0] = %s
        return self.lin.forward(y)
        """;
    assertThat(known(text.formatted("x[:, 1]"))).isFalse();
    assertThat(known(text.formatted("torch.sigmoid(x[:, 1])"))).isTrue();
  }

  @Test
  void whatIsPutIntoAListIsNotOverlooked() {
    assertThat(
            known(
                """
                list = [torch.relu(x)[:, 0:2]]
                list.append(x[:, 0:2])
                return self.lin.forward(torch.cat(list, 1))
                """))
        .isFalse();
  }

  /** As in torchvision's scripted Swin. */
  @Test
  void aListThatIsCopiedKeepsWhatIsKnown() {
    String text =
        """
        sizes = [-1, 4].copy()
        list = [%s].copy()
        return self.lin.forward(list[0].view(sizes))
        """;
    assertThat(known(text.formatted("torch.relu(x)"))).isTrue();
    assertThat(known(text.formatted("x"))).isFalse();
  }

  @Test
  void hooksMayChangeValuesSoThatNothingIsKnown() {
    try (ScriptModel model = model("return self.lin.forward(torch.relu(x))")) {
      Region region = model.program().regions(model.program().layer("lin").orElseThrow()).get(0);
      List<Boolean> told = new java.util.ArrayList<>();
      LayerFunction asking =
          (call, relevance) -> {
            told.add(call.neverNegative());
            return call.gradient(relevance);
          };
      ModuleHook hook = new ModuleHook() {};
      for (Map<String, List<ModuleHook>> hooks :
          List.of(Map.<String, List<ModuleHook>>of(), Map.of("relu", List.of(hook)))) {
        PropagationOptions options = PropagationOptions.defaults().withHooks(hooks);
        try (Propagation pass =
            new Propagation(model.program(), Map.of(region.id(), asking), options)) {
          Tensor output =
              pass.record(List.of(SeededWeights.normal(1, ScalarType.Double, 2, 4))).get(0);
          pass.backward(List.of(output.detach()));
        }
      }
      assertThat(told).containsExactly(true, false);
    }
  }
}
