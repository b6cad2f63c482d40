/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.attribution;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.bytedeco.pytorch.JitModule;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.zennit4j.bindings.Zennit4jException;
import org.zennit4j.composites.Composite;
import org.zennit4j.composites.Composites;
import org.zennit4j.composites.Plan;
import org.zennit4j.model.ScriptModel;
import org.zennit4j.testing.ModelBuilder;
import org.zennit4j.testing.NativeLeaks;
import org.zennit4j.testing.SeededWeights;

/** What is wrong with a map is among its warnings. */
@ExtendWith(NativeLeaks.class)
class NotesTests {
  private final ModelBuilder b = new ModelBuilder(ScalarType.Float, 1);
  private final Tensor x = SeededWeights.normal(1, ScalarType.Float, 2, 4);

  private List<String> warnings(JitModule module, Composite composite) {
    try (ScriptModel model = ScriptModel.of(module);
        Plan plan = Plan.of(model, composite);
        Attribution attribution =
            new Gradient(plan)
                .attribute(List.of(x), Target.classes(0, 1), AttributionOptions.defaults())) {
      return attribution.warnings();
    }
  }

  @Test
  void aGoodMapHasNone() {
    assertThat(
            warnings(
                b.sequential(b.linear(4, 8), b.relu(), b.linear(8, 3)), Composites.epsilonPlus()))
        .isEmpty();
  }

  @Test
  void cancelledRelevanceIsNoise() {
    // What is subtracted again leaves rounding errors; so does a normalisation without a rule.
    JitModule cancelling =
        b.expression("nets.Odd", "input * 1.0000001 - input.sum(1, True) * 0 - input");
    assertThat(
            warnings(
                b.sequential(b.linear(4, 8), cancelling, b.linear(8, 3)), Composites.epsilonPlus()))
        .anyMatch(w -> w.contains("probably noise"));
    JitModule growing = b.expression("nets.Odd", "input * 1e20");
    assertThat(
            warnings(
                b.sequential(b.linear(4, 8), growing, b.linear(8, 3)), Composites.epsilonPlus()))
        .anyMatch(w -> w.contains("probably noise"));
  }

  @Test
  void zeroAndNotFiniteRelevanceIsNamed() {
    assertThat(
            warnings(
                b.sequential(b.linear(4, 3), b.expression("nets.Odd", "input * 0")),
                Composites.epsilonPlus()))
        .contains("the relevance is zero everywhere");
    assertThat(
            warnings(
                b.sequential(b.linear(4, 3), b.expression("nets.Odd", "(input * 0).sqrt()")),
                Composites.epsilonPlus()))
        .anyMatch(w -> w.contains("NaN or infinity"));
  }

  @Test
  void layersLeftOutAreCounted() {
    Composite first =
        (context, name, layer) ->
            Composites.epsilonPlus().rule(context, name, layer).filter(r -> name.equals("0"));
    assertThat(warnings(b.sequential(b.linear(4, 8), b.relu(), b.linear(8, 3)), first))
        .anyMatch(w -> w.startsWith("1 of 2 linear layers have no rule") && w.contains("(2)"));
    JitModule functional =
        b.module(
            "nets.Net",
            Map.of("fc", b.expression("nets.Mine", "torch.linear(input, torch.ones([3, 4]))")),
            "def forward(self, x):\n    return self.fc.forward(x)\n");
    // No module of a known class: its operators count, whatever the composite says.
    assertThat(warnings(functional, Composites.epsilonPlus()))
        .noneMatch(w -> w.startsWith("no layer of this model gets a rule"));
    Composite nothing = (context, name, layer) -> Optional.empty();
    assertThat(warnings(functional, nothing))
        .anyMatch(w -> w.startsWith("no layer of this model gets a rule"));
  }

  @Test
  void theEndingIsNamed() {
    for (String ending : List.of("softmax(input, 1)", "log_softmax(input, 1)", "sigmoid(input)")) {
      JitModule module =
          b.sequential(
              b.linear(4, 3),
              b.expression("nets.Odd", "torch." + ending),
              b.expression("nets.Odd", "input.type_as(input)"));
      assertThat(warnings(module, Composites.epsilonPlus()))
          .anyMatch(w -> w.startsWith("the model ends in a "));
    }
  }

  @Test
  void aCheckLooksAtTheOutputToo() {
    // The ReLU of NaN has a gradient of zero: the map is finite, and means nothing.
    Tensor bad = torch.full(new long[] {1, 4}, new Scalar(Double.NaN));
    JitModule net = b.sequential(b.linear(4, 4), b.relu(), b.linear(4, 3));
    try (ScriptModel model = ScriptModel.of(net);
        Plan plan = Plan.gradient(model)) {
      assertThatThrownBy(
              () ->
                  new Gradient(plan)
                      .attribute(
                          List.of(bad),
                          Target.top1(),
                          AttributionOptions.defaults().withCheckFinite(true)))
          .isInstanceOf(Zennit4jException.class)
          .hasMessageContaining("output holds NaN")
          .hasMessageContaining("the model's input");
    }
  }
}
