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
import org.junit.jupiter.params.provider.CsvSource;
import org.zennit4j.graph.Ending;
import org.zennit4j.graph.Operators;
import org.zennit4j.graph.Operators.Kind;
import org.zennit4j.graph.Operators.Trait;
import org.zennit4j.model.ScriptModel;
import org.zennit4j.testing.ModelBuilder;
import org.zennit4j.testing.NativeLeaks;
import org.zennit4j.testing.SeededWeights;
import org.zennit4j.testing.TensorSubject;

@ExtendWith(NativeLeaks.class)
class OperatorsTests {
  @Test
  void anOperatorIsTheSameInEverySpelling() {
    for (String name : List.of("relu", "aten::relu", "aten::relu_", "relu_")) {
      Operators.Info relu = Operators.of(name);
      assertThat(relu.name()).as(name).isEqualTo("relu");
      assertThat(relu.is(Kind.ACTIVATION)).isTrue();
      assertThat(relu.is(Trait.NEVER_NEGATIVE)).isTrue();
      assertThat(relu.types()).containsExactlyInAnyOrder("Activation", "torch.nn.ReLU");
    }
    assertThat(Operators.of("aten::__and__").name()).isEqualTo("__and__");
    assertThat(Operators.isInPlace("aten::__is__")).isFalse();
    assertThat(Operators.isInPlace("aten::add_")).isTrue();
  }

  @Test
  void unknownOperatorsAreOfNoKind() {
    Operators.Info unknown = Operators.of("mine::twice");
    assertThat(unknown.kind()).isEqualTo(Kind.OTHER);
    assertThat(unknown.traits()).isEmpty();
    assertThat(unknown.types()).isEmpty();
    assertThat(Operators.isKnown("mine::twice")).isFalse();
    assertThat(Operators.of("aten::multiply_")).isEqualTo(Operators.of("mul"));
    assertThat(Operators.of("aten::concat")).isEqualTo(Operators.of("cat"));
    // Another library's operator of the same name is another operator.
    assertThat(Operators.of("mine::relu").kind()).isEqualTo(Kind.OTHER);
    assertThat(Operators.of("mine::relu_").name()).isEqualTo("mine::relu_");
  }

  @Test
  void everyTraitIsThatOfSomeOperator() {
    for (Trait trait : Trait.values()) {
      assertThat(Operators.with(trait)).as(trait.toString()).isNotEmpty();
    }
  }

  private static ScriptModel model(String line) {
    ModelBuilder b = new ModelBuilder(ScalarType.Float, 1);
    Map<String, JitModule> children = new LinkedHashMap<>();
    children.put("fc", b.linear(4, 3));
    String text = "def forward(self, x: Tensor):\n    y = self.fc.forward(x)\n    " + line + "\n";
    return ScriptModel.of(b.module("nets.Net", children, text));
  }

  private static Ending ending(String line) {
    try (ScriptModel model = model(line)) {
      Ending ending = Ending.of(model.program());
      assertThat(Ending.operators(model.program()).isEmpty()).isEqualTo(ending == Ending.OTHER);
      return ending;
    }
  }

  @Test
  void takingTheEndingOffLeavesLogits() {
    for (String line :
        List.of(
            "return torch.exp(torch.log_softmax(y, 1))",
            "return torch.log(torch.softmax(y, 1))",
            "return torch.softmax(y, 1) * 1",
            "return torch.sigmoid(y).double().float()")) {
      try (ScriptModel model = model(line);
          ScriptModel logits = model.withoutEnding();
          ScriptModel plain = model("return y")) {
        Tensor x = SeededWeights.normal(3, ScalarType.Float, 2, 4);
        TensorSubject.assertThat(logits.run(x).get(0)).isBitEqualTo(plain.run(x).get(0));
      }
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          return torch.softmax(y, 1)                                         | SOFTMAX
          return torch.softmax(y, 1).type_as(x)                              | SOFTMAX
          return torch.softmax(y, 1).float()                                 | SOFTMAX
          return torch.softmax(y, 1).double()                                | SOFTMAX
          return torch.softmax(y, 1).half()                                  | SOFTMAX
          return torch.softmax(y, 1).view(-1, 3).contiguous()                | SOFTMAX
          return torch.unflatten(torch.softmax(y, 1), 1, [3, 1])             | SOFTMAX
          return torch.softmax(y.unsqueeze(0), 2).squeeze(0)                 | SOFTMAX
          return torch.dropout(torch.softmax(y, 1), 0.5, False)              | SOFTMAX
          return torch.softmax(y.t(), 0).t()                                 | SOFTMAX
          return torch.softmax(y, 1)[:, :]                                   | SOFTMAX
          return torch.cat([torch.softmax(y, 1), torch.softmax(-y, 1)], 1)   | SOFTMAX
          return torch.softmax(y, 1) * 1                                     | SOFTMAX
          return torch.softmax(y, 1) / 1.0 + 0                               | SOFTMAX
          return torch.softmax(y, 1) * 2                                     | OTHER
          return torch.exp(torch.log_softmax(y, 1))                          | SOFTMAX
          return torch.log_softmax(y, 1).view(-1, 3).exp().double()          | SOFTMAX
          return torch.log(torch.softmax(y, 1))                              | LOG_SOFTMAX
          return torch.exp(y)                                                | OTHER
          return torch.exp(torch.softmax(y, 1))                              | OTHER
          return torch.stack([torch.softmax(y, 1)], 0).squeeze(0)            | SOFTMAX
          return torch.alias(torch.softmax(y, 1))                            | SOFTMAX
          return torch.log_softmax(y, 1).to(x.dtype)                         | LOG_SOFTMAX
          return torch.sigmoid(y).squeeze(1)                                 | SIGMOID
          return y.sigmoid_()                                                | SIGMOID
          return torch.relu(torch.softmax(y, 1))                             | OTHER
          return torch.cat([torch.softmax(y, 1), y], 1)                      | SOFTMAX
          return torch.cat([torch.sigmoid(y), y], 1)                         | OTHER
          return torch.softmax(y, 1) + y                                     | OTHER
          return y                                                           | OTHER
          return y.type_as(torch.softmax(x, 1))                              | OTHER
          """)
  void theEndingIsSeenThroughWhatOnlyMovesOrCasts(String line, Ending kind) {
    assertThat(ending(line)).as(line).isEqualTo(kind);
  }
}
