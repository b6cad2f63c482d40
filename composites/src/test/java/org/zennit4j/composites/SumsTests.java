/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.composites;

import static org.assertj.core.api.Assertions.assertThat;
import static org.zennit4j.testing.TensorSubject.assertThat;

import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.JitModule;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.zennit4j.model.ScriptModel;
import org.zennit4j.rules.Epsilon;
import org.zennit4j.rules.Norm;
import org.zennit4j.rules.Pass;
import org.zennit4j.rules.Rule;
import org.zennit4j.rules.Stabilizer;
import org.zennit4j.runtime.Propagation;
import org.zennit4j.runtime.PropagationOptions;
import org.zennit4j.testing.ModelBuilder;
import org.zennit4j.testing.NativeLeaks;
import org.zennit4j.testing.SeededWeights;

/** Sums, preprocessing and containers in the spellings of users, against formulas. */
@ExtendWith(NativeLeaks.class)
class SumsTests {
  private static final double EPSILON = 1e-6;

  private final ModelBuilder b = new ModelBuilder(ScalarType.Double, 3);
  private final Tensor x = SeededWeights.normal(8, ScalarType.Double, 2, 3, 4);
  private final Tensor r = SeededWeights.normal(9, ScalarType.Double, 2, 3, 4);

  private static final Composite NORM =
      new LayerMapComposite(
              List.of(
                  MapEntry.of(new Norm(Stabilizer.of(EPSILON)), Types.SUM),
                  MapEntry.of(new Pass(), Types.ACTIVATION)))
          .withFunctional(true)
          .withCanonizers(Canonizers.residualSum());

  private ScriptModel model(String body) {
    return ScriptModel.of(
        b.module("nets.Net", Map.of(), "def forward(self, x):\n" + body.indent(4)));
  }

  /** The relevance of h = tanh(x) and of c = 3 * h.relu() + 1 at the input, by Pass: R_h + R_c. */
  private Tensor explain(String body, Tensor relevance) {
    try (ScriptModel model = model(body);
        Plan plan = Plan.of(model, NORM);
        Propagation pass = plan.propagate(PropagationOptions.defaults())) {
      pass.record(List.of(x));
      return pass.backward(List.of(relevance)).get(0).clone();
    }
  }

  private static Tensor stabilized(Tensor z) {
    return z.add(torch.where(z.ge(new Scalar(0)), ones(z), ones(z).neg()).mul(new Scalar(EPSILON)));
  }

  private static Tensor ones(Tensor z) {
    return torch.ones_like(z);
  }

  /** Branch a is tanh, branch c sigmoid: both pass relevance on to the input, as they are. */
  private Tensor shared(double weightA, double weightC) {
    Tensor a = x.tanh().mul(new Scalar(weightA));
    Tensor c = x.sigmoid().mul(new Scalar(weightC));
    Tensor q = r.div(stabilized(a.add(c)));
    return a.mul(q).add(c.mul(q));
  }

  /** What the branches get, one at a time: the other one is cut off from the input. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          a + c                                           |  1   |  1
          a - c                                           |  1   | -1
          torch.rsub(a, c)                                | -1   |  1
          torch.add(a, c, alpha=0.17)                     |  1   |  0.17
          torch.sub(a, c, alpha=0.5)                      |  1   | -0.5
          torch.lerp(a, c, 0.25)                          |  0.75|  0.25
          torch.addcmul(a, c, torch.full_like(c, 0.4))    |  1   |  0.4
          torch.stack([a, c]).sum(0)                      |  1   |  1
          torch.stack([a, c], 1).sum(1)                   |  1   |  1
          torch.stack([a, c], -1).sum([-1])               |  1   |  1
          torch.stack([a, c], dim=2).mean(2)              |  0.5 |  0.5
          torch.cat([a.unsqueeze(0), c.unsqueeze(0)]).sum(0) | 1 |  1
          torch.cat([t.unsqueeze(0) for t in [a, c]]).sum(0) | 1 |  1
          torch.cat([a, c], 1).view(2, 2, 3, 4).sum(1)    |  1   |  1
          torch.unflatten(torch.cat([a, c], 1), 1, [2, 3]).sum(1, keepdim=False) | 1 | 1
          a.add_(c)                                       |  1   |  1
          """)
  void summandsShareByContribution(String sum, double weightA, double weightC) {
    for (boolean first : new boolean[] {true, false}) {
      String body =
          "a = torch.tanh(x)\nc = torch.sigmoid(x)\n"
              + (first ? "c = c.detach()" : "a = a.detach()")
              + "\nreturn "
              + sum;
      Tensor a = x.tanh().mul(new Scalar(weightA));
      Tensor c = x.sigmoid().mul(new Scalar(weightC));
      Tensor expected = (first ? a : c).mul(r).div(stabilized(a.add(c)));
      assertThat(explain(body, r)).within(1e-9, 1e-12).of(expected);
    }
    assertThat(explain("a = torch.tanh(x)\nc = torch.sigmoid(x)\nreturn " + sum, r))
        .within(1e-9, 1e-12)
        .of(shared(weightA, weightC));
  }

  /** A sum over channels or places is one over branches too: without a rule each had it whole. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          a.sum(1)                    | 1
          a.sum([-1])                 | 2
          torch.sum(a, 2)             | 2
          a.sum(1, keepdim=True)[:, 0]| 1
          """)
  void summandsAlongAnAxisShare(String sum, int axis) {
    Tensor relevance = r.select(axis, 0);
    Tensor a = x.tanh();
    Tensor q = relevance.div(stabilized(a.sum(axis))).unsqueeze(axis);
    assertThat(explain("a = torch.tanh(x)\nreturn " + sum, relevance))
        .within(1e-9, 1e-12)
        .of(a.mul(q));
  }

  /** Constant factors are handed through whole, the weights count in the sum. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          a + 0.17 * c                            |  1   |  0.17 | 1
          a + c * torch.full([3, 1], 0.4, dtype=x.dtype) | 1 | 0.4 | 1
          0.5 * a + 0.25 * c                      |  0.5 |  0.25 | 1
          a + c / 4                               |  1   |  0.25 | 1
          a + (-c)                                |  1   | -1    | 1
          (a + c) / 2                             |  1   |  1    | 2
          0.5 * (a + c)                           |  1   |  1    | 2
          ((a + c) * 3).contiguous() / 2          |  1   |  1    | 2
          torch.stack([a, c]).sum(0) / 2          |  1   |  1    | 2
          (torch.stack([a, c]) * torch.tensor([0.3, 0.7], dtype=x.dtype).view(2, 1, 1, 1)).sum(0) | 0.3 | 0.7 | 1
          """)
  void constantFactorsKeepRelevance(String sum, double weightA, double weightC, double unused) {
    assertThat(explain("a = torch.tanh(x)\nc = torch.sigmoid(x)\nreturn " + sum, r))
        .within(1e-9, 1e-12)
        .of(shared(weightA, weightC));
  }

  @Test
  void aBroadcastSummandGetsTheRelevanceOfItsCopies() {
    Tensor found =
        explain("a = torch.tanh(x)\nc = torch.sigmoid(x[:, :1, :1]).detach()\nreturn a + c", r);
    Tensor other = explain("a = torch.tanh(x).detach()\nc = torch.sigmoid(x)[:1]\nreturn a + c", r);

    Tensor a = x.tanh();
    Tensor c = x.sigmoid();
    Tensor z = stabilized(a.add(c.narrow(1, 0, 1).narrow(2, 0, 1)));
    assertThat(found).within(1e-9, 1e-12).of(a.mul(r).div(z));
    Tensor first = c.narrow(0, 0, 1);
    Tensor share = first.mul(r.div(stabilized(a.add(first)))).sum(new long[] {0}, true, null);
    assertThat(other.narrow(0, 0, 1)).within(1e-9, 1e-12).of(share);
    assertThat(other.narrow(0, 1, 1)).within(0, 0).of(torch.zeros_like(share));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "x + 1",
        "2 * x",
        "x - x.mean(-1, keepdim=True)",
        "x - torch.amax(x, [1], True)",
        "torch.stack([x, torch.ones_like(x)]).amax(0)",
        "torch.stack([x, x * 2]).sum(-1)",
        "torch.add(x, torch.tanh(x), alpha=0)",
        "torch.tanh(x) + torch.ones([4], dtype=x.dtype)"
      })
  void whatIsNoSumOfBranchesIsLeft(String expression) {
    try (ScriptModel model = model("return " + expression)) {
      assertThat(Canonizers.residualSum().apply(model.program())).isSameAs(model.program());
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "o = [a]\no.append(c)\nreturn o[0] + o[1]",
        "o = [a]\no.append(c)\nreturn torch.stack(o).sum(0)",
        "o: List[Tensor] = []\no.append(a)\no += [c]\nreturn o[-2] + o[-1]",
        "o = [a, a]\no[1] = c\nreturn o[0] + o[1]",
        "o: List[Tensor] = []\no.extend([a, c])\nz = o[0]\nfor i in range(1, len(o)):\n"
            + "    z = z + o[i]\nreturn z",
        "o = [a]\no.insert(0, c)\nreturn o.pop() + o.pop()",
        "o: Dict[str, Tensor] = {}\no['a'] = a\no['c'] = c\nreturn o['a'] + o['c']",
        "o = {'a': a, 'b': a}\no['b'] = c\nz = torch.zeros_like(a)\nfor v in o.values():\n"
            + "    z = z + v\nreturn z",
        "o = {1: a}\no.update({2: c})\nreturn o[1] + o[2]"
      })
  void sumsAreFoundThroughListsAndDictionaries(String body) {
    String all = "a = torch.tanh(x)\nc = torch.sigmoid(x)\n" + body;
    assertThat(explain(all, r)).within(1e-4, 1e-4).of(shared(1, 1));
    try (ScriptModel model = model(all);
        Plan plan = Plan.of(model, NORM);
        Propagation plain = plan.propagate(PropagationOptions.defaults());
        Propagation captured =
            plan.propagate(PropagationOptions.defaults().withCapture(layer -> true))) {
      plain.record(List.of(x));
      captured.record(List.of(x));
      assertThat(captured.outputs().get(0)).isBitEqualTo(plain.outputs().get(0));
      Tensor expected = plain.backward(List.of(r)).get(0);
      assertThat(captured.backward(List.of(r)).get(0)).isBitEqualTo(expected);
    }
  }

  /** A list that a module changes is the caller's, whether or not it is looked at. */
  @Test
  void aModuleMayChangeAListOfItsCaller() {
    JitModule inner =
        b.module(
            "nets.Inner",
            Map.of(),
            "def forward(self, o: List[Tensor]):\n    o.append(torch.sigmoid(o[0]))\n    return o[0]\n");
    JitModule net =
        b.module(
            "nets.Net",
            Map.of("inner", inner),
            "def forward(self, x):\n    o = [torch.tanh(x)]\n    y = self.inner.forward(o)\n    return y + o[1]\n");
    try (ScriptModel model = ScriptModel.of(net);
        Plan plan = Plan.of(model, NORM);
        Propagation plain = plan.propagate(PropagationOptions.defaults());
        Propagation captured =
            plan.propagate(PropagationOptions.defaults().withCapture(layer -> true))) {
      plain.record(List.of(x));
      captured.record(List.of(x));
      assertThat(plan.rules()).containsKey("canonizer_sum");
      assertThat(captured.outputs().get(0)).isBitEqualTo(plain.outputs().get(0));
      Tensor expected = plain.backward(List.of(r)).get(0);
      assertThat(captured.backward(List.of(r)).get(0)).within(1e-12, 1e-13).of(expected);
    }
  }

  /** Whatever the spelling, the input has the relevance that the normalised one has. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "(x / 255 - 0.4) / 0.2",
        "x.mul(2).sub(1)",
        "1 - x",
        "(x - torch.tensor([0.1, 0.2, 0.3], dtype=x.dtype).view(3, 1)) / torch.full([3, 1], 0.3, dtype=x.dtype)",
        "torch.add(torch.tensor(0.5, dtype=x.dtype), x, alpha=3)",
        "x.clone().sub_(0.5).div_(0.25)",
        "-(x * torch.full([3, 1], 0.3, dtype=x.dtype)) + 2"
      })
  void preprocessingHandsRelevanceOn(String normalised) {
    JitModule net =
        b.module(
            "nets.Net",
            Map.of("fc", b.linear(4, 3)),
            "def forward(self, x):\n    return self.fc.forward(" + normalised + ")\n");
    Composite composite =
        new LayerMapComposite(List.of(MapEntry.of(new Epsilon(EPSILON), Types.LINEAR)))
            .withFunctional(true);
    Tensor seed = SeededWeights.normal(4, ScalarType.Double, 2, 3, 3);
    try (ScriptModel model = ScriptModel.of(net);
        Plan plan = Plan.of(model, composite);
        Propagation pass =
            plan.propagate(
                PropagationOptions.defaults().withCapture(layer -> layer.name().equals("fc")))) {
      pass.record(List.of(x));
      Tensor found = pass.backward(List.of(seed)).get(0);
      assertThat(found).isBitEqualTo(pass.layerRelevances().get(0).inputs().get(0));
      assertThat(plan.rules().values()).extracting(Rule::name).contains("pass");
    }
  }
}
