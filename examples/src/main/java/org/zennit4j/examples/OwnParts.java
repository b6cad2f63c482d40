/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.examples;

import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.zennit4j.attribution.Attribution;
import org.zennit4j.attribution.AttributionOptions;
import org.zennit4j.attribution.Attributor;
import org.zennit4j.attribution.AttributorProvider;
import org.zennit4j.attribution.AttributorSettings;
import org.zennit4j.attribution.Gradient;
import org.zennit4j.attribution.Target;
import org.zennit4j.composites.Canonizer;
import org.zennit4j.composites.CanonizerProvider;
import org.zennit4j.composites.Plan;
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
 * A rule, a canonizer and an attributor of one's own that have names in JSON. The files in
 * META-INF/services name this class; with its jar in ZENNIT4J_CLASSPATH the command line knows them
 * too.
 */
public final class OwnParts implements RuleProvider, CanonizerProvider, AttributorProvider {
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

  /**
   * What the composite gives for several sharpened copies of the input, added up.
   *
   * @param powers the exponents of the copies
   */
  public record Powers(List<Integer> powers) implements AttributorSettings {
    /** Copies the list. */
    public Powers {
      powers = List.copyOf(powers);
    }

    @Override
    public String name() {
      return "own_powers";
    }

    @Override
    public Map<String, Object> arguments() {
      return Map.of("powers", powers);
    }

    @Override
    public Attributor on(Plan plan) {
      Gradient gradient = new Gradient(plan);
      return new Attributor(plan) {
        @Override
        public Attribution attribute(
            List<Tensor> inputs, Target target, AttributionOptions options) {
          try (PointerScope scope = new PointerScope();
              Attribution clean = gradient.attribute(inputs, target, options)) {
            Target same = target.resolve(clean.output());
            Tensor sum = torch.zeros_like(clean.relevance());
            for (int power : powers) {
              List<Tensor> copies = inputs.stream().map(x -> x.pow(new Scalar(power))).toList();
              sum = sum.add(gradient.attribute(copies, same, options).relevance());
            }
            return Attribution.of(clean.output().clone(), sum, clean.warnings());
          }
        }
      };
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

  @Override
  public List<Entry<AttributorSettings>> attributors() {
    return List.of(
        Entry.of(
            "own_powers",
            Powers.class,
            "sum over powers of the input",
            values -> new Powers(values.list("powers", Integer.class)),
            Argument.of("powers", Kind.COUNTS, List.of(1, 2))));
  }
}
