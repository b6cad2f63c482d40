/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.composites;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.zennit4j.bindings.ClosedException;
import org.zennit4j.bindings.Devices;
import org.zennit4j.bindings.Layer;
import org.zennit4j.bindings.LayerFunction;
import org.zennit4j.bindings.Program;
import org.zennit4j.bindings.Propagation;
import org.zennit4j.bindings.PropagationOptions;
import org.zennit4j.bindings.Region;
import org.zennit4j.bindings.ScriptModel;
import org.zennit4j.rules.Rule;

/**
 * A model, canonized, with a rule for each layer and everything prepared that does not depend on
 * the input.
 *
 * <p>Immutable and thread-safe; make it once and use it for any number of attributions. It does not
 * own its model, but the model cannot be closed before it.
 */
public final class Plan implements AutoCloseable {
  private final ScriptModel model;
  private final Program program;
  private final Composite composite;
  private final Map<String, Rule> rules;
  private final Map<Integer, LayerFunction> functions;
  private final List<String> findings;
  private boolean closed;

  private Plan(ScriptModel model, Composite composite) {
    this.model = model.retain();
    this.composite = composite;
    this.functions = new HashMap<>();
    Program canonized = null;
    try {
      canonized = CompositeCanonizer.applyAll(composite.canonizers(), model.program());
      this.program = canonized;
      List<String> found = new ArrayList<>(model.findings());
      found.addAll(composite.check(program));
      this.rules = Collections.unmodifiableMap(compose(program, composite));
      for (Region region : program.regions()) {
        Rule rule = region.layer() == null ? null : rules.get(region.layer().name());
        if (rule != null && reachable(region)) {
          functions.put(region.id(), rule.bind(region));
          if (computesWeight(region)) {
            found.add(
                "layer '"
                    + region.name()
                    + "' computes its weight while it runs (weight_norm or the like): its rule cannot change the weight,"
                    + " as in Zennit; remove the parametrization before saving the model");
          }
        }
      }
      this.findings = found.stream().distinct().toList();
      // Canonizers compute weights; calls may run on other CUDA streams than this one.
      program.regions().stream()
          .flatMap(region -> region.parameters().values().stream())
          .findFirst()
          .ifPresent(Devices::finish);
    } catch (RuntimeException e) {
      functions.values().forEach(LayerFunction::close);
      if (canonized != null && canonized != model.program()) {
        canonized.close();
      }
      model.release();
      throw e;
    }
  }

  /**
   * Makes a plan.
   *
   * @param model the model; stays open as long as the plan
   * @param composite canonizers and rules
   * @return the plan, to be closed by the caller
   * @throws CompositeException if the composite does not fit the model
   * @throws org.zennit4j.rules.RuleException if a rule does not fit its layer
   */
  public static Plan of(ScriptModel model, Composite composite) {
    return new Plan(model, composite);
  }

  /**
   * A plan without rules: the plain gradient.
   *
   * @param model the model; stays open as long as the plan
   * @return the plan, to be closed by the caller
   */
  public static Plan gradient(ScriptModel model) {
    return new Plan(model, new EmptyComposite());
  }

  private static Map<String, Rule> compose(Program program, Composite composite) {
    Map<String, Rule> rules = new LinkedHashMap<>();
    Context context = new Context(program);
    List<Layer> asked = new ArrayList<>(program.layers());
    if (composite.functional()) {
      asked.addAll(program.functionalLayers());
    }
    for (Layer layer : asked) {
      Optional<Rule> rule = composite.rule(context, layer.name(), layer);
      rule.ifPresent(r -> rules.put(layer.name(), r));
    }
    return rules;
  }

  private static boolean computesWeight(Region region) {
    return region.layer().matches(Types.LINEAR)
        && region.linearMap().isEmpty()
        && !region.parameters().containsKey("weight");
  }

  /** Inside a layer with a rule there are no layers. */
  private boolean reachable(Region region) {
    for (Optional<Region> r = region.parent(); r.isPresent(); r = r.get().parent()) {
      if (rules.containsKey(r.get().layer().name())) {
        return false;
      }
    }
    return true;
  }

  /**
   * The model that the plan explains.
   *
   * @return the model
   */
  public ScriptModel model() {
    return model;
  }

  /**
   * The canonized network.
   *
   * @return the program, owned by the plan or its model
   */
  public Program program() {
    return program;
  }

  /**
   * What the plan was made from.
   *
   * @return the composite
   */
  public Composite composite() {
    return composite;
  }

  /**
   * Which layer got which rule, in the order in which layers were asked about.
   *
   * @return layer name to rule; layers without a rule are absent
   */
  public Map<String, Rule> rules() {
    return rules;
  }

  /**
   * What is unusual about model and composite.
   *
   * @return one sentence each, perhaps none
   */
  public List<String> findings() {
    return findings;
  }

  /**
   * Starts a run with the plan's rules and the model's hooks.
   *
   * @param options how to run; hooks are added
   * @return the run, to be closed by the caller
   * @throws ClosedException if the plan was closed
   */
  public synchronized Propagation propagate(PropagationOptions options) {
    if (closed) {
      throw new ClosedException("the plan was closed");
    }
    return new Propagation(program, functions, options.withHooks(model.hooks()));
  }

  /** Frees what was prepared; closing twice is harmless. */
  @Override
  public synchronized void close() {
    if (closed) {
      return;
    }
    closed = true;
    functions.values().forEach(LayerFunction::close);
    if (program != model.program()) {
      program.close();
    }
    model.release();
  }
}
