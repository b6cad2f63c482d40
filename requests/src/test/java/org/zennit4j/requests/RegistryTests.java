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
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.zennit4j.analyzers.BaseMethod;
import org.zennit4j.analyzers.MethodName;
import org.zennit4j.analyzers.MethodOptions;
import org.zennit4j.analyzers.SignXai;
import org.zennit4j.bindings.LayerFunction;
import org.zennit4j.bindings.Region;
import org.zennit4j.bindings.Zennit4jException;
import org.zennit4j.composites.Canonizer;
import org.zennit4j.composites.Canonizers;
import org.zennit4j.composites.Composite;
import org.zennit4j.composites.KernelComposite;
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
      Rule rule =
          entry.create(
              entry.isPlain() ? Map.of() : Map.of("low", Bound.of(-1), "high", Bound.of(2)));
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
      entry.arguments().forEach(argument -> json.putArray(argument.name()));
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
