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
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.zennit4j.bindings.Devices;
import org.zennit4j.bindings.Zennit4jException;
import org.zennit4j.bindings.internal.Leaks;
import org.zennit4j.bindings.internal.NativeWork;
import org.zennit4j.bindings.internal.Uses;
import org.zennit4j.graph.Layer;
import org.zennit4j.graph.Program;
import org.zennit4j.graph.Region;
import org.zennit4j.model.ScriptModel;
import org.zennit4j.rules.Rule;
import org.zennit4j.runtime.LayerFunction;
import org.zennit4j.runtime.ModuleHook;
import org.zennit4j.runtime.Propagation;
import org.zennit4j.runtime.PropagationOptions;
import org.zennit4j.runtime.Variants;

/**
 * A model, canonized, with a rule for each layer and everything prepared that does not depend on
 * the input.
 *
 * <p>Immutable and thread-safe; make it once and use it for any number of attributions. Owned by
 * who makes it, who closes it before the model, which it does not own.
 */
public final class Plan implements AutoCloseable {
  private final ScriptModel model;
  private final Program program;
  private final Composite composite;
  private final Map<String, Rule> rules;
  private final Map<Integer, LayerFunction> functions;
  private final List<String> findings;
  private final Layout layout;
  private final boolean saveMemory;
  private final Uses uses;
  private final List<Runnable> companions = new CopyOnWriteArrayList<>();
  private final AtomicBoolean released = new AtomicBoolean();
  private final Runnable release;
  private final PlanVariants variants;

  private Plan(ScriptModel model, Composite given, PlanOptions options) {
    this(model.retain(), given, model.program(), options, model::release);
  }

  /**
   * Prepares everything.
   *
   * @param base the network before canonizers; if it is not the model's, it is this plan's
   * @param release lets the model go
   */
  Plan(ScriptModel model, Composite given, Program base, PlanOptions options, Runnable release) {
    this.model = model;
    this.layout = options.layout().of(model.program());
    this.saveMemory = options.saveMemory();
    this.release = release;
    boolean bare = isBare(model.program(), given);
    this.composite = bare ? given.withFunctional(true) : given;
    this.functions = new HashMap<>();
    Program canonized = base;
    try (NativeWork work = NativeWork.begin()) {
      canonized = CompositeCanonizer.applyAll(canonizers(composite), base);
      if (canonized != base && base != model.program()) {
        canonized = canonized.owning(base);
      }
      Program laid = layout.applied(canonized);
      if (laid != canonized && canonized != model.program()) {
        laid = laid.owning(canonized);
      }
      canonized = laid;
      this.program = canonized;
      List<String> found = new ArrayList<>(model.findings());
      if (bare) {
        found.add(
            "no module of the model is of a known type (it may have been frozen): functional operators get rules, as"
                + " with functional set");
      }
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
      found.addAll(Coverage.findings(program, composite, rules));
      this.findings = found.stream().distinct().toList();
      // Canonizers compute weights; calls may run on other CUDA streams than this one.
      program.regions().stream()
          .flatMap(region -> region.parameters().values().stream())
          .findFirst()
          .ifPresent(Devices::finish);
      Program own = canonized == model.program() ? null : canonized;
      this.variants = new PlanVariants(model, given, options.withLayout(layout));
      this.uses =
          new Uses(
              "the plan was closed",
              () -> {
                free(functions, own);
                companions.forEach(Runnable::run);
                variants.close();
              },
              base == model.program()
                  ? Leaks.of(this, "a plan of the model " + model.source())
                  : Leaks.none());
    } catch (Throwable e) {
      try {
        free(functions, canonized == model.program() ? null : canonized);
      } catch (Throwable other) {
        e.addSuppressed(other);
      }
      release.run();
      throw e;
    }
  }

  /** Whoever looks into layers can do so where an operator without a derivative holds several. */
  private static List<Canonizer> canonizers(Composite composite) {
    if (!composite.looksInside()) {
      return composite.canonizers();
    }
    List<Canonizer> all = new ArrayList<>(List.of(new DecomposeAttention(true)));
    all.addAll(composite.canonizers());
    return all;
  }

  /**
   * Whether nothing is left that rules could be given to but functional operators, as after
   * torch.jit.freeze.
   */
  private static boolean isBare(Program program, Composite composite) {
    return !(composite instanceof EmptyComposite)
        && !composite.functional()
        && program.layers().stream().allMatch(layer -> layer.types().isEmpty())
        && program.functionalLayers().stream().anyMatch(layer -> !layer.types().isEmpty());
  }

  /** Frees all that can be freed, whatever a function of somebody else throws. */
  private static void free(Map<Integer, LayerFunction> functions, Program own) {
    RuntimeException failed = null;
    for (LayerFunction function : functions.values()) {
      try {
        function.close();
      } catch (Throwable e) {
        if (failed == null) {
          failed = new Zennit4jException("a layer function failed to close: " + e, e);
        } else {
          failed.addSuppressed(e);
        }
      }
    }
    if (own != null) {
      own.close();
    }
    if (failed != null) {
      throw failed;
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
    Objects.requireNonNull(model, "the model is null");
    Objects.requireNonNull(composite, "the composite is null");
    return new Plan(model, composite, PlanOptions.defaults());
  }

  /**
   * Makes a plan that works in a layout of its own.
   *
   * @param model the model; stays open as long as the plan
   * @param composite canonizers and rules
   * @param layout of images in memory while the plan runs
   * @return the plan, to be closed by the caller
   * @throws CompositeException if the composite does not fit the model
   * @throws org.zennit4j.rules.RuleException if a rule does not fit its layer
   */
  public static Plan of(ScriptModel model, Composite composite, Layout layout) {
    Objects.requireNonNull(model, "the model is null");
    Objects.requireNonNull(composite, "the composite is null");
    Objects.requireNonNull(layout, "the layout is null");
    return new Plan(model, composite, PlanOptions.defaults().withLayout(layout));
  }

  /**
   * Makes a plan that works in a way of its own.
   *
   * @param model the model; stays open as long as the plan
   * @param composite canonizers and rules
   * @param options how the plan uses memory
   * @return the plan, to be closed by the caller
   * @throws CompositeException if the composite does not fit the model
   * @throws org.zennit4j.rules.RuleException if a rule does not fit its layer
   */
  public static Plan of(ScriptModel model, Composite composite, PlanOptions options) {
    Objects.requireNonNull(model, "the model is null");
    Objects.requireNonNull(composite, "the composite is null");
    Objects.requireNonNull(options, "the options are null");
    return new Plan(model, composite, options);
  }

  /**
   * A plan without rules: the plain gradient.
   *
   * @param model the model; stays open as long as the plan
   * @return the plan, to be closed by the caller
   */
  public static Plan gradient(ScriptModel model) {
    Objects.requireNonNull(model, "the model is null");
    return new Plan(model, new EmptyComposite(), PlanOptions.defaults());
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
    if (composite.functional() && composite.looksInside()) {
      for (Layer layer : program.innerLayers()) {
        if (isOpen(program, layer, rules)) {
          composite.rule(context, layer.name(), layer).ifPresent(r -> rules.put(layer.name(), r));
        }
      }
    }
    return composite.functional() ? withPreprocessing(program, asked, rules) : rules;
  }

  /** Whether no module around an operator has a rule. */
  private static boolean isOpen(Program program, Layer operator, Map<String, Rule> rules) {
    return program.regions(operator).stream()
        .allMatch(
            region -> {
              Optional<Region> around = region.parent();
              while (around.isPresent() && !rules.containsKey(around.get().name())) {
                around = around.get().parent();
              }
              return around.isEmpty();
            });
  }

  /**
   * Constant affine steps between the model's input and a layer with a rule, such as (x - mean) /
   * std, hand relevance on: they only say in which unit the input is measured.
   */
  private static Map<String, Rule> withPreprocessing(
      Program program, List<Layer> asked, Map<String, Rule> rules) {
    Positions positions = Positions.of(program);
    if (positions.inputs().stream().noneMatch(rules::containsKey)) {
      return rules;
    }
    Map<String, Rule> all = new LinkedHashMap<>();
    for (Layer layer : asked) {
      Rule rule = rules.get(layer.name());
      boolean step = layer.functional() && positions.affine().contains(layer.name());
      if (rule != null || step) {
        all.put(layer.name(), rule != null ? rule : new ElementwisePass());
      }
    }
    rules.forEach(all::putIfAbsent);
    return all;
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
   * How images lie in memory while the plan runs.
   *
   * @return one of the two real layouts, never {@link Layout#AUTO}
   */
  public Layout layout() {
    return layout;
  }

  /**
   * Whether the plan's passes keep few values and compute the others again.
   *
   * @return false by default
   */
  public boolean savesMemory() {
    return saveMemory;
  }

  /**
   * What the plan holds at present. It grows as rules prepare what they need of a layer when they
   * first come to it, and for each new shape of its input.
   *
   * @return bytes by what they are for; what passes need while they run is no part of it
   * @throws org.zennit4j.bindings.ClosedException if the plan was closed
   */
  public PlanMemory memory() {
    uses.enter();
    try {
      return PlanMemory.of(model.program(), program, functions.values());
    } finally {
      uses.leave();
    }
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
   * @throws org.zennit4j.bindings.ClosedException if the plan was closed
   */
  public Propagation propagate(PropagationOptions options) {
    return propagate(options, functions, variants);
  }

  /**
   * Starts a run with other layer functions than those of the plan's rules, and with the model's
   * hooks.
   *
   * @param options how to run; hooks are added
   * @param others layer functions by {@link Region#id()}, for regions of {@link #program()}
   * @return the run, to be closed by the caller
   * @throws org.zennit4j.bindings.ClosedException if the plan was closed
   */
  public Propagation propagate(PropagationOptions options, Map<Integer, LayerFunction> others) {
    return propagate(options, others, others.isEmpty() ? variants.bare() : Variants.none());
  }

  private Propagation propagate(
      PropagationOptions options, Map<Integer, LayerFunction> chosen, Variants fitting) {
    uses.enter();
    try {
      return new Propagation(program, chosen, hooked(options), fitting, uses::leave);
    } catch (Throwable e) {
      uses.leave();
      throw e;
    }
  }

  /** What runs instead of this plan's own program and rules. */
  Variants.Variant variant(String finding) {
    return new Variants.Variant(program, functions, finding);
  }

  /** The model's hooks come first. */
  private PropagationOptions hooked(PropagationOptions options) {
    Map<String, List<ModuleHook>> hooks = new HashMap<>(model.hooks());
    options
        .hooks()
        .forEach(
            (layer, added) ->
                hooks.merge(
                    layer, added, (a, b) -> Stream.concat(a.stream(), b.stream()).toList()));
    return options
        .withHooks(hooks)
        .withChannelsLast(layout == Layout.CHANNELS_LAST)
        .withSaveMemory(saveMemory || options.saveMemory());
  }

  /**
   * Lets this plan free something with itself, such as tensors that its rules refer to.
   *
   * @param free runs once, when no pass of this plan is open any more
   * @return this
   */
  public Plan owning(Runnable free) {
    companions.add(free);
    return this;
  }

  /**
   * Frees what was prepared, once the passes that run in other threads are done; new ones are
   * refused at once. The model can be closed right afterwards. Closing twice is harmless.
   *
   * @throws Zennit4jException if a layer function fails to close; all others are closed
   */
  @Override
  public void close() {
    boolean first = !released.getAndSet(true);
    try {
      uses.close();
    } finally {
      if (first) {
        release.run();
      }
    }
  }

  /** The model, the composite, and how many layers have a rule. */
  @Override
  public String toString() {
    return "Plan[" + model + ", " + composite + ", " + rules.size() + " layers with a rule]";
  }
}
