/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.requests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.zennit4j.analyzers.BaseMethod;
import org.zennit4j.analyzers.MethodName;
import org.zennit4j.analyzers.MethodOptions;
import org.zennit4j.analyzers.SignXai;
import org.zennit4j.attribution.Attributor;
import org.zennit4j.attribution.AttributorSettings;
import org.zennit4j.attribution.Attributors;
import org.zennit4j.attribution.Gradient;
import org.zennit4j.attribution.IntegratedGradients;
import org.zennit4j.bindings.Zennit4jException;
import org.zennit4j.composites.Canonizer;
import org.zennit4j.composites.Canonizers;
import org.zennit4j.composites.Composite;
import org.zennit4j.composites.KernelComposite;
import org.zennit4j.composites.Plan;
import org.zennit4j.graph.Region;
import org.zennit4j.registry.Argument;
import org.zennit4j.registry.Entry;
import org.zennit4j.registry.Registry;
import org.zennit4j.rules.Bound;
import org.zennit4j.rules.Pass;
import org.zennit4j.rules.Rule;
import org.zennit4j.rules.Rules;
import org.zennit4j.rules.SignMu;
import org.zennit4j.rules.SignThreshold;
import org.zennit4j.rules.Stabilizer;
import org.zennit4j.rules.ZeroParams;
import org.zennit4j.runtime.LayerFunction;

/** What has a name can be written and read back. */
class RegistryTests {
  /** A rule of somebody else's. */
  private record Own(double strength) implements Rule {
    @Override
    public String name() {
      return "own";
    }

    @Override
    public Map<String, Object> arguments() {
      return Map.of("strength", strength);
    }

    @Override
    public LayerFunction bind(Region region) {
      return new Pass().bind(region);
    }
  }

  private static final Entry<Rule> OWN =
      Entry.of(
          "own",
          Own.class,
          "as it is",
          values -> new Own(values.number("strength")),
          Argument.of("strength", Argument.Kind.NUMBER, 1.5));

  @Test
  void everyRuleIsWrittenAndReadBack() {
    for (Entry<Rule> entry : Rules.registry().entries()) {
      Map<String, Object> needed = new HashMap<>();
      for (Argument argument : entry.arguments()) {
        if (argument.needed()) {
          needed.put(
              argument.name(),
              argument.kind() == Argument.Kind.COUNT
                  ? 5
                  : Bound.of(argument.name().equals("low") ? -1 : 2));
        }
      }
      Rule rule = entry.create(needed);
      assertThat(rule.name()).isEqualTo(entry.name());
      ObjectNode json = new CompositeWriter().write(rule);
      assertThat(new CompositeReader().readRule(json)).as(json.toString()).isEqualTo(rule);
      assertThat(entry.argumentNames()).containsAll(rule.arguments().keySet());
    }
  }

  @Test
  void everyCanonizerIsWrittenAndReadBack() {
    for (Entry<Canonizer> entry : Canonizers.registry().entries()) {
      ObjectNode json = JsonNodeFactory.instance.objectNode().put("type", entry.name());
      for (Argument argument : entry.arguments()) {
        if (argument.kind() == Argument.Kind.FLAG) {
          json.put(argument.name(), true);
        } else {
          json.putArray(argument.name());
        }
      }
      Canonizer canonizer = new CompositeReader().readCanonizer(json);
      JsonNode written = new CompositeWriter().canonizers(List.of(canonizer)).get(0);
      assertThat(written).isEqualTo(json);
    }
  }

  @Test
  void everyListedMethodWithRulesIsWrittenAndReadBack() {
    List<String> names = new ArrayList<>();
    List<String> all = new ArrayList<>(MethodName.listed());
    all.add("lrp_gamma_0_5_IB");
    for (String name : all) {
      BaseMethod base = MethodName.parse(name).base();
      if (!base.isLrp() && !base.isDeepTaylor()) {
        continue;
      }
      MethodOptions options =
          MethodName.parse(name).needsBounds()
              ? MethodOptions.of("low", -2.0).with("high", 3.0)
              : base == BaseMethod.LRP_ADVANCED
                  ? MethodOptions.of("rule_type", "epsilon")
                  : MethodOptions.none();
      Composite composite = SignXai.composite(name, options);
      String json = new CompositeWriter().toJson(composite);
      assertThat(new CompositeWriter().toJson(new CompositeReader().read(json)))
          .as(name)
          .isEqualTo(json);
      assertThat(new CompositeReader().read(json)).as(name).isEqualTo(composite);
      names.add(name);
    }
    assertThat(names).hasSizeGreaterThanOrEqualTo(171).contains("lrp_gamma_0_5_IB");
  }

  private static AttributorSettings settings(JsonNode json) {
    return AttributorReader.readSettings(json, ArraySource.none(), Attributors.registry());
  }

  @Test
  void everyAttributorIsWrittenAndReadBack() {
    for (Entry<AttributorSettings> entry : Attributors.registry().entries()) {
      AttributorSettings made = entry.create(Map.of());
      JsonNode json = new CompositeWriter().write(made);
      assertThat(json.get("type").asText()).isEqualTo(entry.name());
      assertThat(settings(json)).as(json.toString()).isEqualTo(made);
    }
    String drop =
        "{\"type\":\"occlusion\",\"window\":[2,3],\"stride\":1,\"fill\":0.5,\"invert\":true,"
            + "\"score\":\"drop\",\"border\":\"cut\",\"spatial\":false,\"batch_size\":4}";
    assertThat(new CompositeWriter().write(settings(Json.parse(drop)))).hasToString(drop);
    String variance =
        "{\"type\":\"smooth_grad\",\"noise_level\":0.5,\"n_iter\":3,\"seed\":7,"
            + "\"source\":\"java\",\"relative\":false,\"statistic\":\"variance\","
            + "\"clean_copy\":false,\"batch_size\":1}";
    assertThat(new CompositeWriter().write(settings(Json.parse(variance)))).hasToString(variance);
    assertThatThrownBy(
            () -> settings(Json.parse("{\"type\":\"smooth_grad\",\"source\":\"numpy\"}")))
        .isInstanceOf(RequestException.class)
        .hasMessage("attributor: source must be one of torch, java, not 'numpy'");
    assertThatThrownBy(() -> settings(Json.parse("{\"type\":\"smoth_grad\"}")))
        .isInstanceOf(RequestException.class)
        .hasMessageContaining("there is no attributor 'smoth_grad'; the nearest: smooth_grad");
    assertThatThrownBy(
            () ->
                new CompositeWriter()
                    .write(
                        IntegratedGradients.Settings.defaults()
                            .withBaseline((input, index) -> input)))
        .isInstanceOf(RequestException.class)
        .hasMessageContaining("code of one's own");
  }

  /** An attributor of somebody else's: the gradient, so many times. */
  private record Often(int times) implements AttributorSettings {
    @Override
    public String name() {
      return "often";
    }

    @Override
    public Map<String, Object> arguments() {
      return Map.of("times", times);
    }

    @Override
    public Attributor on(Plan plan) {
      return new Gradient(plan);
    }
  }

  @Test
  void anAttributorOfOnesOwnIsKnownWhereItsRegistryIsPassedOn() {
    Registry<AttributorSettings> registry =
        Attributors.registry()
            .with(
                Entry.of(
                    "often",
                    Often.class,
                    "often",
                    values -> new Often(values.whole("times")),
                    Argument.of("times", Argument.Kind.COUNT, 2)));
    JsonNode json = new CompositeWriter().withAttributors(registry).write(new Often(3));
    assertThat(json).hasToString("{\"type\":\"often\",\"times\":3}");
    assertThat(AttributorReader.readSettings(json, ArraySource.none(), registry))
        .isEqualTo(new Often(3));
    assertThatThrownBy(() -> settings(json)).hasMessageContaining("no attributor 'often'");
  }

  @Test
  void boundsAndThresholdsForChannelsAreListsOfNumbers() {
    String json =
        "{\"rule\":\"zbox\",\"low\":[-1.0,-2.5],\"high\":3.0,\"stabilizer\":1.0E-6,"
            + "\"report_outside\":true}";
    Rule box =
        SignXai.composite("zblrp_z", MethodOptions.of("low", List.of(-1, -2.5)).with("high", 3))
                instanceof KernelComposite c
            ? c.input().orElseThrow()
            : null;
    assertThat(new CompositeWriter().write(box)).hasToString(json);
    assertThat(new CompositeReader().readRule(Json.parse(json))).isEqualTo(box);
    Rule sign =
        new SignMu(SignThreshold.of(List.of(0.5, 1.0)), Stabilizer.standard(), ZeroParams.none());
    JsonNode written = new CompositeWriter().write(sign);
    assertThat(written.get("mu")).hasToString("[0.5,1.0]");
    assertThat(new CompositeReader().readRule(written)).isEqualTo(sign);
  }

  @Test
  void aRuleOfOnesOwnIsKnownWhereItsRegistryIsPassedOn() {
    Registry<Rule> registry = Rules.registry().with(OWN);
    JsonNode json = new CompositeWriter().withRules(registry).write(new Own(3));
    assertThat(json).hasToString("{\"rule\":\"own\",\"strength\":3.0}");
    assertThat(new CompositeReader().withRules(registry).readRule(json)).isEqualTo(new Own(3));
    assertThatThrownBy(() -> new CompositeWriter().write(new Own(3)))
        .isInstanceOf(RequestException.class)
        .hasMessageContaining("code of one's own");
    assertThatThrownBy(() -> new CompositeReader().readRule(json))
        .isInstanceOf(RequestException.class)
        .hasMessageContaining("there is no rule 'own'; the nearest: ");
  }

  @Test
  void aNameIsTakenOnce() {
    Registry<Rule> registry = Rules.registry().with(OWN);
    assertThatThrownBy(() -> registry.withNew(List.of(OWN)))
        .isInstanceOf(Zennit4jException.class)
        .hasMessageContaining("'own'");
  }
}
