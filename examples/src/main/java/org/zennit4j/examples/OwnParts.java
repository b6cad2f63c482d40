/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.examples;

import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.bytedeco.pytorch.Scalar;
import org.zennit4j.composites.Canonizer;
import org.zennit4j.composites.CanonizerProvider;
import org.zennit4j.graph.Program;
import org.zennit4j.graph.ProgramEditor;
import org.zennit4j.graph.Region;
import org.zennit4j.registry.Argument;
import org.zennit4j.registry.Argument.Kind;
import org.zennit4j.registry.Entry;
import org.zennit4j.rules.BasicRule;
import org.zennit4j.rules.BasicRule.Modification;
import org.zennit4j.rules.Rule;
import org.zennit4j.rules.RuleProvider;
import org.zennit4j.rules.Stabilizer;
import org.zennit4j.runtime.LayerFunction;

/**
 * A rule and a canonizer of one's own that have names in JSON. The files in META-INF/services name
 * this class; with its jar in ZENNIT4J_CLASSPATH the command line knows them too.
 */
public final class OwnParts implements RuleProvider, CanonizerProvider {
  /**
   * LRP-gamma as first published, for inputs that are never negative.
   *
   * @param gamma how much positive weights are favoured
   */
  public record OwnGamma(double gamma) implements Rule {
    @Override
    public String name() {
      return "own_gamma";
    }

    @Override
    public Map<String, Object> arguments() {
      return Map.of("gamma", gamma);
    }

    @Override
    public LayerFunction bind(Region region) {
      Modification favourPositive =
          new Modification(
              UnaryOperator.identity(),
              (p, parameter) -> p.add(p.clamp_min(new Scalar(0)), new Scalar(gamma)));
      return new BasicRule(
              name(),
              List.of(favourPositive),
              (relevance, z) -> List.of(relevance.div(Stabilizer.standard().apply(z.get(0)))),
              (x, g) -> x.get(0).mul(g.get(0)))
          .bind(region);
    }
  }

  /**
   * Leaves out modules of a class.
   *
   * @param module the class, such as {@code torch.nn.Dropout}
   */
  public record Without(String module) implements Canonizer {
    @Override
    public String name() {
      return "without";
    }

    @Override
    public Map<String, Object> arguments() {
      return Map.of("module", module);
    }

    @Override
    public Program apply(Program program) {
      try (ProgramEditor editor = program.edit()) {
        for (Region region : program.regions()) {
          if (region.layer().matches(module)) {
            editor.bypass(region);
          }
        }
        return editor.isEmpty() ? program : editor.apply();
      }
    }
  }

  @Override
  public List<Entry<Rule>> rules() {
    return List.of(
        Entry.of(
            "own_gamma",
            OwnGamma.class,
            "gamma for inputs that are never negative",
            values -> new OwnGamma(values.number("gamma")),
            Argument.of("gamma", Kind.NUMBER, 0.25)));
  }

  @Override
  public List<Entry<Canonizer>> canonizers() {
    return List.of(
        Entry.of(
            "without",
            Without.class,
            "leaves out modules of a class",
            values -> new Without(values.text("module")),
            Argument.needed("module", Kind.TEXT)));
  }
}
