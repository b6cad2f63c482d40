/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.composites;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.bytedeco.pytorch.JitModule;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.zennit4j.bindings.ClosedException;
import org.zennit4j.graph.Region;
import org.zennit4j.model.ScriptModel;
import org.zennit4j.rules.AlphaBeta;
import org.zennit4j.rules.Epsilon;
import org.zennit4j.rules.Flat;
import org.zennit4j.rules.Gamma;
import org.zennit4j.rules.Pass;
import org.zennit4j.rules.Rule;
import org.zennit4j.rules.WSquare;
import org.zennit4j.rules.ZPlus;
import org.zennit4j.runtime.PropagationOptions;
import org.zennit4j.testing.ModelBuilder;
import org.zennit4j.testing.ModelBuilder.Conv;
import org.zennit4j.testing.NativeLeaks;

/** Which layer gets which rule. */
@ExtendWith(NativeLeaks.class)
class CompositeTests {
  private final ModelBuilder b = new ModelBuilder(ScalarType.Float, 1);

  /** Two convolutions and a head, registered in the order a, relu, z, head, but run as z, a. */
  private ScriptModel net() {
    Map<String, JitModule> children = new LinkedHashMap<>();
    children.put("a", b.conv(2, 3, 3, 3, Conv.PLAIN.withPadding(1)));
    children.put("relu", b.relu());
    children.put("z", b.conv(2, 3, 3, 3, Conv.PLAIN.withPadding(1)));
    children.put("head", b.sequential(b.adaptiveAvgPool(2, 1), b.flatten(), b.linear(3, 2)));
    return ScriptModel.of(
        b.module(
            "nets.Net",
            children,
            """
            def forward(self, x):
                x = self.a.forward(torch.relu(self.z.forward(x)))
                return self.head.forward(self.relu.forward(x))
            """));
  }

  private static Map<String, String> rules(ScriptModel model, Composite composite) {
    Map<String, String> names = new LinkedHashMap<>();
    try (Plan plan = Plan.of(model, composite)) {
      plan.rules().forEach((layer, rule) -> names.put(layer, rule.name()));
    }
    return names;
  }

  @Test
  void parametrizedModulesAreWhatTheyWere() {
    JitModule conv = b.empty("torch.nn.utils.parametrize.ParametrizedConv2d");
    conv.register_parameter("bias", b.numbers(0.1, 3), false);
    conv.register_module(
        "parametrizations",
        b.module(
            "nets.Norm", Map.of(), "def forward(self):\n    return torch.ones([3, 2, 3, 3])\n"));
    conv.define(
        """
        def forward(self, x):
            return torch.conv2d(x, self.parametrizations.forward(), self.bias)
        """);
    JitModule net = b.sequential(conv, b.relu());
    try (ScriptModel model = ScriptModel.of(net);
        Plan plan = Plan.of(model, Composites.epsilonPlus())) {
      assertThat(plan.rules().get("0").name()).isEqualTo("zplus");
      // What parameters alone determine is a weight that rules can change.
      assertThat(plan.findings()).noneMatch(f -> f.contains("computes its weight"));
      Region folded = model.program().regions(model.program().layer("0").orElseThrow()).get(0);
      assertThat(folded.parameters()).containsKey("weight");
      assertThat(folded.linearMap()).isPresent();
    }
    try (ScriptModel model = net();
        Plan plan = Plan.of(model, Composites.epsilonPlus())) {
      assertThat(plan.findings()).noneMatch(f -> f.contains("computes its weight"));
    }
  }

  @Test
  void layerMapsGoByType() {
    try (ScriptModel model = net()) {
      Composite composite =
          new LayerMapComposite(
              List.of(
                  MapEntry.of(new Gamma(), Types.CONVOLUTION),
                  MapEntry.of(new Epsilon(), Types.LINEAR),
                  MapEntry.of(new Pass(), Types.ACTIVATION, "torch.nn.Flatten")));
      assertThat(rules(model, composite))
          .containsExactly(
              Map.entry("a", "gamma"),
              Map.entry("relu", "pass"),
              Map.entry("z", "gamma"),
              Map.entry("head.1", "pass"),
              Map.entry("head.2", "epsilon"));
    }
  }

  @Test
  void nameMapsGoByWholeNamesOrPatterns() {
    try (ScriptModel model = net()) {
      Composite composite =
          new NameMapComposite(
              List.of(
                  MapEntry.of(new Gamma(), "z"),
                  MapEntry.of(new Epsilon(), "head.*", "a"),
                  MapEntry.of(new Pass(), "z", "relu")));
      assertThat(rules(model, composite))
          .containsOnly(
              Map.entry("z", "gamma"),
              Map.entry("a", "epsilon"),
              Map.entry("relu", "pass"),
              Map.entry("head.0", "epsilon"),
              Map.entry("head.1", "epsilon"),
              Map.entry("head.2", "epsilon"));
    }
  }

  @Test
  void namesComeBeforeTypes() {
    try (ScriptModel model = net()) {
      Composite composite =
          new NameLayerMapComposite(
              List.of(MapEntry.of(new Flat(), "a")),
              List.of(MapEntry.of(new ZPlus(), Types.CONVOLUTION)));
      assertThat(rules(model, composite))
          .containsOnly(Map.entry("a", "flat"), Map.entry("z", "zplus"));
    }
  }

  private static Composite special(Rule first) {
    return new SpecialFirstLayerMapComposite(
        List.of(MapEntry.of(new ZPlus(), Types.LINEAR)),
        List.of(MapEntry.of(first, Types.CONVOLUTION)));
  }

  @Test
  void theFirstLayerIsTheFirstRegisteredOne() {
    try (ScriptModel model = net()) {
      assertThat(rules(model, special(new Flat())))
          .containsOnly(
              Map.entry("a", "flat"), Map.entry("z", "zplus"), Map.entry("head.2", "zplus"));
      // A composite remembers nothing about the network that it was used on.
      Composite composite = special(new WSquare());
      assertThat(rules(model, composite)).isEqualTo(rules(model, composite));
    }
  }

  @Test
  void theFirstMatchingEntryOfTheFirstMapWins() {
    try (ScriptModel model = net()) {
      Composite composite =
          new SpecialFirstLayerMapComposite(
              List.of(),
              List.of(
                  MapEntry.of(new Epsilon(), Types.TORCH_LINEAR),
                  MapEntry.of(new Flat(), Types.CONVOLUTION),
                  MapEntry.of(new WSquare(), Types.LINEAR)));
      assertThat(rules(model, composite)).containsOnly(Map.entry("a", "flat"));
    }
  }

  @Test
  void aMixedCompositeAsksAllPartsSoThatTheFirstLayerIsUsedUp() {
    try (ScriptModel model = net()) {
      Composite names = new NameMapComposite(List.of(MapEntry.of(new Epsilon(), "a")));
      assertThat(rules(model, new MixedComposite(names, special(new Flat()))))
          .containsOnly(
              Map.entry("a", "epsilon"), Map.entry("z", "zplus"), Map.entry("head.2", "zplus"));
      MixedComposite nested =
          new MixedComposite(
              new MixedComposite(names, special(new WSquare())), special(new Flat()));
      assertThat(rules(model, nested)).containsEntry("a", "epsilon").containsEntry("z", "zplus");
    }
  }

  @Test
  void anEarlierPartThatTakesTheFirstOneLeavesTheNextToNobody() {
    try (ScriptModel model = net()) {
      assertThat(rules(model, new MixedComposite(special(new Flat()), special(new WSquare()))))
          .containsOnly(
              Map.entry("a", "flat"), Map.entry("z", "zplus"), Map.entry("head.2", "zplus"));
    }
  }

  @Test
  void unknownNamesAreErrorsWithTheNearestOnes() {
    try (ScriptModel model = net()) {
      Composite wrong = new NameMapComposite(List.of(MapEntry.of(new Pass(), "head.3", "a")));
      assertThatThrownBy(() -> Plan.of(model, wrong))
          .isInstanceOf(CompositeException.class)
          .hasMessageContaining("no layer 'head.3'")
          .hasMessageContaining("head.0, head.1, head.2");
      Composite type = new LayerMapComposite(List.of(MapEntry.of(new Pass(), "Convolutoin")));
      assertThatThrownBy(() -> Plan.of(model, type))
          .isInstanceOf(CompositeException.class)
          .hasMessageContaining("'Convolutoin'")
          .hasMessageContaining("Convolution");
      Composite both =
          new NameLayerMapComposite(
              List.of(MapEntry.of(new Pass(), "heat")), List.of(), List.of(), false, true);
      assertThatThrownBy(() -> Plan.of(model, both)).hasMessageContaining("head");
    }
  }

  @Test
  void unknownNamesAreFindingsIfTheMapIsNotStrict() {
    try (ScriptModel model = net();
        Plan plan =
            Plan.of(
                model,
                new NameMapComposite(
                    List.of(MapEntry.of(new Pass(), "relo"), MapEntry.of(new Pass(), "relu")),
                    List.of(),
                    false,
                    false))) {
      assertThat(plan.rules().keySet()).containsExactly("relu");
      assertThat(plan.findings())
          .anySatisfy(f -> assertThat(f).contains("'relo'").contains("relu").contains("ignored"));
    }
  }

  @Test
  void aCompositeMayBeALambda() {
    List<String> asked = new ArrayList<>();
    Composite composite =
        (context, name, layer) -> {
          asked.add(name);
          Object seen = context.get("seen");
          context.put("seen", seen == null ? 1 : (int) seen + 1);
          return layer.matches(Types.CONVOLUTION)
              ? Optional.of(seen == null || (int) seen < 2 ? new Flat() : new ZPlus())
              : Optional.empty();
        };
    try (ScriptModel model = net()) {
      assertThat(rules(model, composite))
          .containsOnly(Map.entry("a", "flat"), Map.entry("z", "zplus"));
      assertThat(asked).containsExactly("", "a", "relu", "z", "head", "head.0", "head.1", "head.2");
    }
  }

  @Test
  void operatorsCanBeNamedInAMap() {
    Map<String, JitModule> children = new LinkedHashMap<>();
    children.put("fc", b.linear(4, 3));
    try (ScriptModel model =
        ScriptModel.of(
            b.module(
                "nets.Net",
                children,
                "def forward(self, x: Tensor):\n    return torch.softmax(self.fc.forward(x), 1)\n"))) {
      for (String name : List.of("aten::softmax", "Softmax")) {
        // Strict: a name that no layer has would be refused.
        Composite composite =
            new LayerMapComposite(
                    List.of(
                        MapEntry.of(new Pass(), name), MapEntry.of(new Epsilon(), Types.LINEAR)))
                .withFunctional(true);
        assertThat(rules(model, composite)).containsOnlyKeys("fc", "/softmax#0");
        assertThat(composite.check(model.program())).isEmpty();
      }
      // One of LibTorch's operators that this network lacks is no mistake, a slip of the pen is.
      new LayerMapComposite(List.of(MapEntry.of(new Pass(), "aten::gelu"))).check(model.program());
      assertThatThrownBy(
              () ->
                  new LayerMapComposite(List.of(MapEntry.of(new Pass(), "aten::softmaxx")))
                      .check(model.program()))
          .isInstanceOf(CompositeException.class)
          .hasMessageContaining("aten::softmaxx");
    }
  }

  /** A view that is read later keeps the operator from being replaced by its twin. */
  @Test
  void activationsInPlaceOnATensorWithAViewAreActivations() {
    for (String line :
        List.of("y.relu_()", "torch.relu_(y)", "torch.celu_(y)", "y.sigmoid_()", "y.tanh_()")) {
      Map<String, JitModule> children = new LinkedHashMap<>();
      children.put("fc", b.linear(4, 4));
      children.put("out", b.linear(4, 2));
      try (ScriptModel model =
          ScriptModel.of(
              b.module(
                  "nets.Net",
                  children,
                  "def forward(self, x: Tensor):\n    y = self.fc.forward(x)\n    v = y.view(-1, 4)\n    "
                      + line
                      + "\n    return self.out.forward(v)\n"))) {
        Composite pass =
            new LayerMapComposite(List.of(MapEntry.of(new Pass(), Types.ACTIVATION)))
                .withFunctional(true);
        assertThat(rules(model, pass)).as(line).hasSize(1);
        if (line.contains("relu_")) {
          assertThat(rules(model, Composites.guidedBackprop().withFunctional(true)))
              .as(line)
              .hasSize(1);
        }
      }
    }
  }

  @Test
  void functionalOperatorsAreLayersOnlyIfAskedFor() {
    try (ScriptModel model = net()) {
      Composite plain = new LayerMapComposite(List.of(MapEntry.of(new Pass(), Types.ACTIVATION)));
      assertThat(rules(model, plain)).containsOnlyKeys("relu");
      assertThat(rules(model, plain.withFunctional(true))).containsOnlyKeys("relu", "/relu#0");
      Composite mixed = new MixedComposite(plain, new EmptyComposite());
      assertThat(rules(model, mixed)).containsOnlyKeys("relu");
      assertThat(rules(model, mixed.withFunctional(true))).containsOnlyKeys("relu", "/relu#0");
      assertThat(rules(model, new MixedComposite(plain, plain.withFunctional(true))))
          .containsOnlyKeys("relu", "/relu#0");
    }
  }

  @Test
  void functionalConvolutionsDoNotUseUpTheFirstLayer() {
    Map<String, JitModule> children = new LinkedHashMap<>();
    JitModule holder = b.empty("nets.Functional");
    holder.register_parameter("kernel", b.numbers(1, 2, 3, 3, 3), false);
    holder.define("def forward(self, x):\n    return torch.conv2d(x, self.kernel)\n");
    children.put("functional", holder);
    children.put("conv", b.conv(2, 2, 2, 3, Conv.PLAIN));
    JitModule net =
        b.module(
            "nets.Net",
            children,
            "def forward(self, x):\n    return self.conv.forward(self.functional.forward(x))\n");
    try (ScriptModel model = ScriptModel.of(net)) {
      assertThat(rules(model, special(new Flat()))).containsOnly(Map.entry("conv", "flat"));
      assertThat(rules(model, special(new Flat()).withFunctional(true)))
          .containsOnly(Map.entry("conv", "flat"), Map.entry("functional/conv2d#0", "zplus"));
    }
  }

  @Test
  void presetsAreZennits() {
    try (ScriptModel model = net()) {
      assertThat(rules(model, Composites.epsilonPlus()))
          .containsOnly(
              Map.entry("a", "zplus"),
              Map.entry("relu", "pass"),
              Map.entry("z", "zplus"),
              Map.entry("head.0", "norm"),
              Map.entry("head.2", "epsilon"));
      assertThat(rules(model, Composites.epsilonPlusFlat())).containsEntry("a", "flat");
      assertThat(rules(model, Composites.epsilonAlpha2Beta1())).containsEntry("z", "alpha_beta");
      assertThat(rules(model, Composites.epsilonAlpha2Beta1Flat()))
          .containsEntry("a", "flat")
          .containsEntry("z", "alpha_beta");
      assertThat(rules(model, Composites.epsilonGammaBox(-1, 1)))
          .containsEntry("a", "zbox")
          .containsEntry("z", "gamma");
      assertThat(rules(model, Composites.deconvnet()))
          .containsOnly(Map.entry("relu", "relu_deconvnet"));
      assertThat(rules(model, Composites.guidedBackprop()))
          .containsOnly(Map.entry("relu", "relu_guided_backprop"));
      assertThat(rules(model, Composites.betaSmooth()))
          .containsOnly(Map.entry("relu", "relu_beta_smooth"));
      assertThat(rules(model, Composites.excitationBackprop()))
          .containsOnly(
              Map.entry("a", "zplus"),
              Map.entry("z", "zplus"),
              Map.entry("head.0", "norm"),
              Map.entry("head.2", "zplus"));
      try (Plan plan = Plan.of(model, Composites.excitationBackprop())) {
        assertThat(plan.rules().get("a")).isEqualTo(new ZPlus());
      }
    }
  }

  @Test
  void ownEntriesComeBeforeThoseOfAPreset() {
    try (ScriptModel model = net()) {
      PresetArguments arguments =
          PresetArguments.defaults()
              .withLayerMap(List.of(MapEntry.of(new AlphaBeta(1, 0), Types.CONVOLUTION)))
              .withFirstMap(List.of(MapEntry.of(new WSquare(), Types.CONVOLUTION)));
      assertThat(rules(model, Composites.epsilonPlusFlat(arguments)))
          .containsEntry("a", "wsquare")
          .containsEntry("z", "alpha_beta")
          .containsEntry("head.2", "epsilon");
      assertThatThrownBy(() -> Composites.epsilonGammaBox(arguments))
          .isInstanceOf(CompositeException.class)
          .hasMessageContaining("low and high");
    }
  }

  @Test
  void compositesHaveNames() {
    CompositeRegistry registry =
        CompositeRegistry.standard().with("mine", arguments -> new EmptyComposite());
    assertThat(registry.names()).contains("mine", "epsilon_plus").isSorted();
    assertThat(CompositeRegistry.standard().names()).hasSize(11).doesNotContain("mine");
    assertThat(registry.create("mine", PresetArguments.defaults()))
        .isInstanceOf(EmptyComposite.class);
    assertThatThrownBy(() -> registry.create("epsilon_flat", PresetArguments.defaults()))
        .isInstanceOf(CompositeException.class)
        .hasMessageContaining("'epsilon_flat'")
        .hasMessageContaining("epsilon_plus");
  }

  @Test
  void aContainerWithARuleHidesTheLayersInside() {
    try (ScriptModel model = net()) {
      Composite composite =
          new MixedComposite(
              new NameMapComposite(List.of(MapEntry.of(new Epsilon(), "head"))),
              new LayerMapComposite(List.of(MapEntry.of(new ZPlus(), Types.LINEAR))));
      assertThat(rules(model, composite)).containsKeys("head", "head.2", "a", "z");
    }
  }

  @Test
  void plansAreClosedBeforeTheirModel() {
    ScriptModel model = net();
    Plan first = Plan.of(model, Composites.epsilonPlus());
    Plan second = Plan.gradient(model);
    assertThatThrownBy(model::close)
        .isInstanceOf(ClosedException.class)
        .hasMessageContaining("2 open plans");
    first.close();
    first.close();
    assertThatThrownBy(model::close).hasMessageContaining("1 open plan");
    assertThatThrownBy(() -> first.propagate(PropagationOptions.defaults()))
        .isInstanceOf(ClosedException.class)
        .hasMessageContaining("plan was closed");
    second.close();
    model.close();
    model.close();
    assertThatThrownBy(() -> Plan.gradient(model)).isInstanceOf(ClosedException.class);
  }

  @Test
  void aPlanThatFailsLeavesTheModelFree() {
    ScriptModel model = net();
    assertThatThrownBy(
            () -> Plan.of(model, new NameMapComposite(List.of(MapEntry.of(new Pass(), "no")))))
        .isInstanceOf(CompositeException.class);
    Rule refusing =
        new Rule() {
          @Override
          public String name() {
            return "refusing";
          }

          @Override
          public org.zennit4j.runtime.LayerFunction bind(org.zennit4j.graph.Region region) {
            throw new org.zennit4j.rules.RuleException("not this one: " + region.name());
          }
        };
    Composite composite =
        new LayerMapComposite(
            List.of(
                MapEntry.of(new ZPlus(), Types.CONVOLUTION),
                MapEntry.of(refusing, Types.TORCH_LINEAR)));
    assertThatThrownBy(() -> Plan.of(model, composite)).hasMessageContaining("head.2");
    model.close();
  }
}
