/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.diagnosis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.JitModule;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.zennit4j.attribution.AttributionOptions;
import org.zennit4j.attribution.NonFinite;
import org.zennit4j.attribution.Target;
import org.zennit4j.composites.Canonizers;
import org.zennit4j.composites.Composite;
import org.zennit4j.composites.Composites;
import org.zennit4j.composites.Plan;
import org.zennit4j.diagnosis.Finding.Kind;
import org.zennit4j.graph.Ending;
import org.zennit4j.model.ScriptModel;
import org.zennit4j.testing.ModelBuilder;
import org.zennit4j.testing.NativeLeaks;
import org.zennit4j.testing.SeededWeights;

/** What a Java program learns about a model, a plan and one input. */
@ExtendWith(NativeLeaks.class)
class DiagnosisTests {
  private final ModelBuilder b = new ModelBuilder(ScalarType.Double, 4);

  private ScriptModel branches() {
    Map<String, JitModule> children = new LinkedHashMap<>();
    children.put("a", b.linear(4, 4));
    children.put("norm", b.batchNorm(1, 4));
    children.put("b", b.linear(4, 4));
    return ScriptModel.of(
        b.module(
            "nets.Branches",
            children,
            """
            def forward(self, x):
                y = torch.relu(self.norm.forward(self.a.forward(x)))
                return ((y + self.b.forward(y)) * torch.sigmoid(x)).softmax(1)
            """));
  }

  private static List<Kind> kinds(Diagnosis diagnosis) {
    return diagnosis.findings().stream().map(Finding::kind).toList();
  }

  private static Tensor input() {
    return SeededWeights.normal(1, ScalarType.Double, 3, 4);
  }

  @Test
  void aModelIsLookedAtWithoutRules() {
    try (ScriptModel model = branches()) {
      Diagnosis diagnosis = Diagnosis.of(model);
      assertThat(diagnosis.ending()).isEqualTo(Ending.SOFTMAX);
      assertThat(kinds(diagnosis)).containsExactly(Kind.ENDING, Kind.BATCH_NORM);
      assertThat(diagnosis.findings().get(1).layers()).containsExactly("norm");
    }
  }

  @Test
  void operatorsThatOnlyMoveValuesNeedNoRule() {
    for (String line :
        java.util.List.of(
            "torch.movedim(y, 0, 1)",
            "torch.moveaxis(y, 0, 1)",
            "torch.swapaxes(y, 0, 1)",
            "torch.roll(y, [1], [1])",
            "torch.flip(y, [1])",
            "y.repeat([1, 2])",
            "torch.tile(y, [1, 2])",
            "y.unfold(1, 2, 1)",
            "torch.gather(y, 1, torch.zeros_like(y).long())",
            "torch.index_select(y, 1, torch.zeros([2]).long())",
            "torch.replication_pad1d(y.unsqueeze(0), [1, 1])",
            "torch.reflection_pad1d(y.unsqueeze(0), [1, 1])",
            "torch.diagonal(y)",
            "torch.tril(y)",
            "y.float().double()")) {
      try (ScriptModel model =
              ScriptModel.of(
                  b.module(
                      "nets.Moving",
                      Map.of("fc", b.linear(4, 4)),
                      "def forward(self, x: Tensor):\n    y = self.fc.forward(x)\n    return "
                          + line
                          + "\n"));
          Plan plan = Plan.of(model, Composites.epsilonPlus())) {
        assertThat(kinds(Diagnosis.of(plan))).as(line).doesNotContain(Kind.NO_RULE);
      }
    }
  }

  @Test
  void aPlanIsLookedAtWithItsRules() {
    try (ScriptModel model = branches();
        Plan plan = Plan.of(model, Composites.epsilonPlus())) {
      Diagnosis diagnosis = Diagnosis.of(plan);
      assertThat(kinds(diagnosis))
          .containsExactly(
              Kind.ENDING,
              Kind.BATCH_NORM,
              Kind.ADDITION,
              Kind.FUNCTIONAL,
              Kind.NO_RULE,
              Kind.NO_RULE);
      assertThat(diagnosis.findings().get(3).layers()).contains("/relu#0", "/sigmoid#0");
      assertThat(diagnosis.sentences().get(2)).contains("add the canonizer residual_sum");
    }
  }

  @Test
  void canonizersAnswerFindings() {
    Composite composite =
        Composites.epsilonPlus()
            .withCanonizers(Canonizers.mergeBatchNorm(), Canonizers.residualSum());
    try (ScriptModel model = branches();
        Plan plan = Plan.of(model, composite)) {
      assertThat(kinds(Diagnosis.of(plan))).doesNotContain(Kind.BATCH_NORM, Kind.ADDITION);
    }
  }

  @Test
  void aPlanWithoutRulesHasNothingToSayAboutOperators() {
    try (ScriptModel model = branches();
        Plan plan = Plan.gradient(model)) {
      assertThat(Diagnosis.of(plan).findings()).isEqualTo(Diagnosis.of(model).findings());
    }
  }

  @Test
  void whatIsLostIsToldByWhoTookIt() {
    try (ScriptModel model =
            ScriptModel.of(b.sequential(b.linear(4, 5), b.relu(), b.linear(5, 3)));
        Plan plan = Plan.of(model, Composites.epsilonPlus())) {
      Conservation found = Conservation.of(plan, input());
      Conservation.Row head = found.at("2").orElseThrow();
      Loss loss = head.loss().orElseThrow();
      assertThat(head.shape()).containsExactly(3L, 3L);
      assertThat(loss.bias()).isNotZero();
      assertThat(loss.otherwise()).isZero();
      assertThat(loss.bias() + loss.epsilon()).isCloseTo(head.lost(), within(1e-12));
      assertThat(found.at("1").orElseThrow().passes())
          .isEqualTo(found.at("0").orElseThrow().arrives());
      assertThat(found.root().orElseThrow().passes()).isEqualTo(found.input());
      assertThat(found.firstNotFinite()).isEmpty();
      assertThat(plan.rules().get("2").withoutBias()).isNotEqualTo(plan.rules().get("2"));
    }
  }

  @Test
  void theTargetIsTheCallersChoice() {
    try (ScriptModel model = ScriptModel.of(b.sequential(b.linear(4, 3)));
        Plan plan = Plan.of(model, Composites.epsilonPlus())) {
      Conservation found =
          Conservation.of(plan, List.of(input()), Target.classes(2), AttributionOptions.defaults());
      assertThat(found.root().orElseThrow().arrives()).isEqualTo(3);
    }
  }

  @Test
  void theFirstNaNIsFound() {
    try (ScriptModel model = ScriptModel.of(b.sequential(b.linear(4, 3)));
        Plan plan = Plan.of(model, Composites.epsilonPlus())) {
      Tensor broken = torch.full_like(input(), new Scalar(Double.NaN));
      assertThat(Conservation.of(plan, broken).firstNotFinite().map(NonFinite::stage))
          .contains(NonFinite.Stage.INPUT);
    }
  }

  /** The exponential's gradient is no share of it; the block around it has what both parts keep. */
  @Test
  void operatorsWithoutARuleShowWhatTheyCostAndBlocksWhatTheyKeep() {
    JitModule block = b.sequential(b.expression("nets.Exp", "torch.exp(input)"), b.linear(4, 3));
    try (ScriptModel model = ScriptModel.of(b.sequential(b.linear(4, 4), block));
        Plan plan = Plan.of(model, Composites.epsilonPlus())) {
      Conservation found = Conservation.of(plan, input());
      assertThat(found.costs()).extracting(Conservation.Row::layer).containsExactly("1.0/exp#0");
      Conservation.Row exponential = found.costs().get(0);
      assertThat(exponential.loss()).isEmpty();
      assertThat(exponential.lost()).isNotZero();
      assertThat(found.blocks()).extracting(Conservation.Row::layer).containsExactly("1");
      Conservation.Row whole = found.blocks().get(0);
      assertThat(whole.passes()).isCloseTo(exponential.passes(), within(1e-12));
      assertThat(whole.kept()).isCloseTo(whole.passes() / whole.arrives(), within(1e-15));
    }
  }
}
