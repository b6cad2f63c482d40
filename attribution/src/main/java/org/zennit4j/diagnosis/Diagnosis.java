/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.diagnosis;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;
import org.zennit4j.composites.Plan;
import org.zennit4j.diagnosis.Finding.Kind;
import org.zennit4j.graph.DataFlow;
import org.zennit4j.graph.Ending;
import org.zennit4j.graph.Layer;
import org.zennit4j.graph.Operators;
import org.zennit4j.graph.Operators.Trait;
import org.zennit4j.graph.Program;
import org.zennit4j.graph.Region;
import org.zennit4j.model.ScriptModel;

/**
 * What is unusual about a model, and about the rules that a plan gives it: what it ends in, what
 * has no rule and why that may matter.
 *
 * <p>Found in programs and rules alone; nothing is run. Immutable and thread-safe; it may outlive
 * the model and the plan.
 */
public final class Diagnosis {

  private final Ending ending;
  private final List<Finding> findings;

  private Diagnosis(Ending ending, List<Finding> findings) {
    this.ending = ending;
    this.findings = List.copyOf(findings);
  }

  /**
   * Looks at a model as it was loaded, without canonizers and rules.
   *
   * @param model any open model
   * @return what is unusual about it
   */
  public static Diagnosis of(ScriptModel model) {
    Search search = new Search(model.program(), model.findings(), Optional.empty());
    return search.diagnosis();
  }

  /**
   * Looks at a plan: the canonized model and, if any layer has a rule, the operators without one.
   *
   * @param plan any open plan
   * @return what is unusual about it
   */
  public static Diagnosis of(Plan plan) {
    Search search = new Search(plan.program(), plan.findings(), Optional.of(plan));
    return search.diagnosis();
  }

  /**
   * What the model ends in.
   *
   * @return whether its output is probabilities, their logarithms, or neither
   */
  public Ending ending() {
    return ending;
  }

  /**
   * All that was found, what was reported before first.
   *
   * @return perhaps empty
   */
  public List<Finding> findings() {
    return findings;
  }

  /**
   * The findings in words.
   *
   * @return one sentence each, perhaps none
   */
  public List<String> sentences() {
    return findings.stream().map(Finding::text).toList();
  }

  /** The search for findings in one program. */
  private static final class Search {
    private final Program program;
    private final Optional<Plan> plan;
    private final List<Finding> findings = new ArrayList<>();

    Search(Program program, List<String> reported, Optional<Plan> plan) {
      this.program = program;
      this.plan = plan;
      Set<String> others = new LinkedHashSet<>(reported);
      others.remove(Ending.of(program).finding());
      others.forEach(text -> add(Kind.REPORTED, text, Set.of()));
    }

    Diagnosis diagnosis() {
      Ending end = Ending.of(program);
      ending(end);
      batchNorms();
      firstLayer();
      plan.filter(p -> !p.rules().isEmpty()).ifPresent(this::operators);
      return new Diagnosis(end, findings);
    }

    private void add(Kind kind, String text, Collection<String> layers) {
      findings.add(new Finding(kind, text, List.copyOf(layers)));
    }

    private void ending(Ending end) {
      if (end != Ending.OTHER) {
        add(Kind.ENDING, end.finding(), Set.of());
      }
    }

    private void batchNorms() {
      Set<String> names = new LinkedHashSet<>();
      for (Region region : program.regions()) {
        if (region.batchNorm().isPresent()) {
          names.add(layerOf(region));
        }
      }
      if (!names.isEmpty()) {
        add(
            Kind.BATCH_NORM,
            count(names.size(), "batch normalisation")
                + (names.size() == 1 ? " is" : " are")
                + " not merged ("
                + examples(names)
                + "): add the canonizer merge_batch_norm"
                + (plan.isEmpty() || plan.get().composite().canonizers().isEmpty()
                    ? ""
                    : ", or nothing linear stands before"),
            names);
      }
    }

    /** An operator's own name, or that of the module that it is all of. */
    private static String layerOf(Region region) {
      Layer layer = region.layer();
      Optional<Region> parent = region.parent();
      boolean inside =
          region.isOperator() && parent.isPresent() && parent.get().batchNorm().isPresent();
      return inside ? parent.get().layer().name() : layer.name();
    }

    private void firstLayer() {
      Set<Layer> linear = new LinkedHashSet<>();
      for (Layer layer : program.layers()) {
        if (layer.types().contains("Linear")) {
          linear.add(layer);
        }
      }
      if (linear.isEmpty()) {
        return;
      }
      Layer registered = linear.iterator().next();
      for (Region region : program.regions()) {
        if (linear.contains(region.layer())) {
          if (region.layer() != registered) {
            add(
                Kind.FIRST_LAYER,
                "the first linear layer in the order of registration, "
                    + registered.name()
                    + ", is not executed first, but "
                    + region.layer().name()
                    + " is: composites with a special first layer give its rule to "
                    + registered.name(),
                List.of(region.layer().name(), registered.name()));
          }
          return;
        }
      }
    }

    private void operators(Plan plan) {
      DataFlow flow = program.dataFlow();
      Map<String, Set<String>> without = new LinkedHashMap<>();
      Set<String> additions = new LinkedHashSet<>();
      Set<String> functional = new LinkedHashSet<>();
      for (Region region : program.regions()) {
        if (!region.isOperator() || hasRule(plan, region) || !depends(flow, region)) {
          continue;
        }
        String name = region.operators().get(0);
        Operators.Info info = Operators.of(region);
        String shortName = info.name();
        if (name.startsWith("prim::")
            || info.is(Trait.MOVES)
            || info.is(Trait.WRITES_LIST)
            || info.is(Trait.NO_VALUES)
            || info.is(Trait.NO_GRADIENT)) {
          continue;
        }
        String where = owner(region);
        if (region.layer().functional()
            && !Operators.furtherTypes().containsAll(region.layer().types())
            && !plan.composite().functional()) {
          functional.add(region.layer().name());
        } else if (shortName.equals("add") || shortName.equals("sub")) {
          boolean branches = flow.dependsOnInput(region, 0) && flow.dependsOnInput(region, 1);
          // A constant that is added or subtracted changes no relevance.
          if (branches && shortName.equals("add")) {
            additions.add(where);
          } else if (branches) {
            without.computeIfAbsent(shortName, k -> new LinkedHashSet<>()).add(where);
          }
        } else {
          without.computeIfAbsent(shortName, k -> new LinkedHashSet<>()).add(where);
        }
      }
      if (!additions.isEmpty()) {
        add(
            Kind.ADDITION,
            count(additions.size(), "addition")
                + " of two branches ("
                + examples(additions)
                + (additions.size() == 1 ? ") passes" : ") pass")
                + " all relevance to both: add the canonizer residual_sum",
            additions);
      }
      if (!functional.isEmpty()) {
        add(
            Kind.FUNCTIONAL,
            count(functional.size(), "functional operator")
                + (functional.size() == 1 ? " takes" : " take")
                + " no part ("
                + examples(functional)
                + "): the gradient is used; set \"functional\": true in the composite",
            functional);
      }
      without.forEach(
          (name, where) ->
              add(
                  Kind.NO_RULE,
                  name + " has no rule and passes its gradient (" + examples(where) + ")",
                  where));
    }

    private static boolean depends(DataFlow flow, Region region) {
      return IntStream.range(0, 4).anyMatch(i -> flow.dependsOnInput(region, i));
    }

    private static boolean hasRule(Plan plan, Region region) {
      for (Optional<Region> r = Optional.of(region); r.isPresent(); r = r.get().parent()) {
        Region here = r.get();
        if (here.layer() != null && plan.rules().containsKey(here.layer().name())) {
          return true;
        }
      }
      return false;
    }

    /** The leaf module that an operator is a part of, or else the operator. */
    private static String owner(Region region) {
      Optional<Region> parent = region.parent();
      return parent.isPresent()
              && parent.get().layer().leaf()
              && !parent.get().layer().name().isEmpty()
          ? parent.get().layer().name()
          : region.layer().name();
    }

    private static String count(int n, String what) {
      return n + " " + what + (n == 1 ? "" : "s");
    }

    private static String examples(Set<String> names) {
      List<String> first = names.stream().limit(3).toList();
      return String.join(", ", first)
          + (names.size() > 3 ? " and " + (names.size() - 3) + " more" : "");
    }
  }
}
