/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.concepts;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.zennit4j.bindings.Natives;
import org.zennit4j.bindings.ShapeException;
import org.zennit4j.bindings.Zennit4jException;
import org.zennit4j.bindings.internal.NearestNames;
import org.zennit4j.composites.Composite;
import org.zennit4j.composites.Plan;
import org.zennit4j.model.ScriptModel;
import org.zennit4j.runtime.ModuleHook;
import org.zennit4j.runtime.Propagation;
import org.zennit4j.runtime.PropagationOptions;

/**
 * Relevance under conditions: zennit-crp's {@code CondAttribution}. Relevance starts with the
 * logits of the outputs in {@code y}, and passes only the channels that a condition names.
 *
 * <p>With as many conditions as inputs they go in pairs; else every condition runs for every input,
 * the conditions of the first input first. zennit-crp groups conditions by their layers first,
 * which changes the order of its results; here results come in the order of the conditions.
 *
 * <p>With parallel branches excluded, relevance goes from the layer of a condition that runs last
 * to the one before it, and so on, whatever their order in the condition; each stage is a pass of
 * its own.
 *
 * <p>Thread-safe. Owned by who makes it, who closes it before its plan.
 */
public final class ConditionalAttribution implements AutoCloseable {
  private final Plan plan;
  private final boolean owner;

  /**
   * Uses a plan.
   *
   * @param plan what to run; the caller closes it
   */
  public ConditionalAttribution(Plan plan) {
    this.plan = plan;
    this.owner = false;
  }

  /**
   * Makes a plan of its own, which it closes.
   *
   * @param model the model; stays open as long as this
   * @param composite canonizers and rules
   */
  public ConditionalAttribution(ScriptModel model, Composite composite) {
    this.plan = Plan.of(model, composite);
    this.owner = true;
  }

  /**
   * What is run.
   *
   * @return the plan
   */
  public Plan plan() {
    return plan;
  }

  /**
   * Runs conditions with the default options.
   *
   * @param data a batch of inputs
   * @param conditions at least one
   * @return one row for each pair, to be closed by the caller
   */
  public ConditionalResult attribute(Tensor data, List<Condition> conditions) {
    return attribute(data, conditions, ConditionalOptions.defaults());
  }

  /**
   * Runs conditions.
   *
   * @param data a batch of inputs, of the model's dtype and device
   * @param conditions at least one
   * @param options what is recorded, where relevance starts
   * @return one row for each pair, to be closed by the caller
   * @throws Zennit4jException if there is no such layer, or it is never called
   * @throws ShapeException if a layer has no such channel, or the output no such index
   */
  public ConditionalResult attribute(
      Tensor data, List<Condition> conditions, ConditionalOptions options) {
    if (conditions.isEmpty()) {
      throw new Zennit4jException(
          "there is no condition; Condition.none() lets everything through");
    }
    checkLayers(conditions, options);
    int inputs = Math.toIntExact(data.size(0));
    boolean paired = inputs == conditions.size();
    int rows = paired ? inputs : inputs * conditions.size();
    Map<Set<String>, List<Integer>> groups = new LinkedHashMap<>();
    for (int row = 0; row < rows; row++) {
      Condition condition = conditions.get(row % conditions.size());
      groups.computeIfAbsent(condition.layers().keySet(), layers -> new ArrayList<>()).add(row);
    }
    List<Integer> done = new ArrayList<>();
    List<Passed> parts = new ArrayList<>();
    try (PointerScope scope = new PointerScope()) {
      for (Map.Entry<Set<String>, List<Integer>> group : groups.entrySet()) {
        List<Integer> all = group.getValue();
        for (int from = 0; from < all.size(); from += options.batchSize()) {
          List<Integer> part = all.subList(from, Math.min(all.size(), from + options.batchSize()));
          long[] index =
              part.stream().mapToLong(row -> paired ? row : row / conditions.size()).toArray();
          List<Condition> own =
              part.stream().map(row -> conditions.get(row % conditions.size())).toList();
          Tensor positions = Tensor.create(index, index.length).to(data.device(), ScalarType.Long);
          parts.add(run(data.detach().index_select(0, positions), own, group.getKey(), options));
          done.addAll(part);
        }
      }
      long[] places = new long[rows];
      for (int i = 0; i < rows; i++) {
        places[done.get(i)] = i;
      }
      Tensor order = Tensor.create(places, rows).to(data.device(), ScalarType.Long);
      Map<String, Tensor> activations = new LinkedHashMap<>();
      Map<String, Tensor> relevances = new LinkedHashMap<>();
      for (String layer : options.recordLayer()) {
        activations.put(layer, joined(parts, part -> part.activations().get(layer), order));
        relevances.put(layer, joined(parts, part -> part.relevances().get(layer), order));
      }
      return new ConditionalResult(
          joined(parts, Passed::relevance, order),
          joined(parts, Passed::prediction, order),
          activations,
          relevances);
    }
  }

  private static Tensor joined(List<Passed> parts, Function<Passed, Tensor> which, Tensor order) {
    TensorVector all = new TensorVector(parts.stream().map(which).toArray(Tensor[]::new));
    return Natives.keep(torch.cat(all, 0).index_select(0, order));
  }

  private void checkLayers(List<Condition> conditions, ConditionalOptions options) {
    Set<String> wanted = new LinkedHashSet<>(options.recordLayer());
    options.startLayer().ifPresent(wanted::add);
    conditions.forEach(condition -> wanted.addAll(condition.layers().keySet()));
    for (String name : wanted) {
      if (plan.program().layer(name).isEmpty()) {
        Set<String> names = new TreeSet<>();
        plan.program().layers().forEach(layer -> names.add(layer.name()));
        plan.program().functionalLayers().forEach(layer -> names.add(layer.name()));
        throw new Zennit4jException(
            "there is no layer '" + name + "'; nearest: " + NearestNames.list(name, names));
      }
    }
  }

  /** What one pass gives; everything is in the caller's scope. */
  private record Passed(
      Tensor relevance,
      Tensor prediction,
      Map<String, Tensor> activations,
      Map<String, Tensor> relevances) {}

  private Passed run(
      Tensor data, List<Condition> own, Set<String> layers, ConditionalOptions options) {
    boolean staged = options.excludeParallel() && !layers.isEmpty();
    String start = options.startLayer().orElse(null);
    Map<String, Tensor> relevances = new LinkedHashMap<>();
    Set<String> todo = new LinkedHashSet<>(staged ? layers : Set.of());
    todo.remove(start);
    Pass pass = new Pass(own, layers, options, todo, start, null);
    Passed passed = pass.run(data);
    while (pass.reached != null) {
      passed.relevances().forEach(relevances::putIfAbsent);
      // What runs before the layer that was reached gets its relevance in the stages to come.
      pass.below().forEach(relevances::remove);
      todo.remove(pass.reached);
      pass = new Pass(own, layers, options, todo, pass.reached, pass.arrived);
      passed = pass.run(data);
    }
    passed.relevances().forEach(relevances::putIfAbsent);
    return new Passed(passed.relevance(), passed.prediction(), passed.activations(), relevances);
  }

  /** One forward and backward pass with hooks at the layers that matter. */
  private final class Pass implements ModuleHook {
    private final List<Condition> conditions;
    private final Set<String> layers;
    private final ConditionalOptions options;
    private final Map<String, Integer> order = new HashMap<>();
    private final Map<String, Integer> calls = new HashMap<>();
    private final Map<String, Tensor> activations = new HashMap<>();
    private final Map<String, Tensor> relevances = new HashMap<>();
    private final List<Tensor> held = new ArrayList<>();

    /** Conditioned layers that relevance has not reached yet, where they are done in stages. */
    private final Set<String> todo;

    /** Where relevance starts; null for the output. */
    private final String from;

    /** What starts there; null for the activation or the initial relevance. */
    private final Tensor injected;

    /** The layer of {@link #todo} that runs last, and what arrived there. */
    private String reached;

    private Tensor arrived;

    Pass(
        List<Condition> conditions,
        Set<String> layers,
        ConditionalOptions options,
        Set<String> todo,
        String from,
        Tensor injected) {
      this.conditions = conditions;
      this.layers = layers;
      this.options = options;
      this.todo = Set.copyOf(todo);
      this.from = from;
      this.injected = injected;
    }

    Passed run(Tensor data) {
      try {
        return passed(data);
      } finally {
        Natives.releaseAll(held);
      }
    }

    /** Keeps a tensor beyond the scope of the hook that made it. */
    private Tensor held(Tensor tensor) {
      held.add(Natives.keep(tensor));
      return tensor;
    }

    private Passed passed(Tensor data) {
      Set<String> hooked = new LinkedHashSet<>(layers);
      hooked.addAll(options.recordLayer());
      if (from != null) {
        hooked.add(from);
      }
      Map<String, List<ModuleHook>> hooks = new HashMap<>();
      hooked.forEach(layer -> hooks.put(layer, List.of(this)));
      try (Propagation propagation =
          plan.propagate(PropagationOptions.defaults().withHooks(hooks))) {
        List<Tensor> outputs = propagation.record(List.of(data));
        if (outputs.isEmpty()) {
          throw new ShapeException("the model gives no floating tensor that could be explained");
        }
        Tensor output = outputs.get(0).detach();
        for (String layer : hooked) {
          if (!order.containsKey(layer)) {
            throw new Zennit4jException("layer '" + layer + "' is never called");
          }
        }
        reached =
            todo.stream().max((a, b) -> Integer.compare(order.get(a), order.get(b))).orElse(null);
        if (reached != null && from != null && order.get(reached) > order.get(from)) {
          throw new Zennit4jException(
              "layer '"
                  + reached
                  + "' runs after '"
                  + from
                  + "', where relevance starts; take it out of the condition");
        }
        Tensor seed = from == null ? start(output) : torch.zeros_like(output);
        Tensor relevance = propagation.backward(List.of(seed)).get(0);
        if (relevance == null) {
          throw new ShapeException("conditions need a floating input");
        }
        boolean atLayer = options.startLayer().isPresent();
        Tensor prediction = atLayer ? activations.get(options.startLayer().orElseThrow()) : output;
        Map<String, Tensor> kept = new LinkedHashMap<>();
        Map<String, Tensor> there = new LinkedHashMap<>();
        for (String layer : options.recordLayer()) {
          kept.put(layer, activations.get(layer));
          Tensor found = relevances.get(layer);
          there.put(layer, found == null ? torch.zeros_like(kept.get(layer)) : found);
        }
        arrived = arrived == null ? null : arrived.clone();
        if (reached != null && arrived == null) {
          throw new Zennit4jException("no relevance reaches layer '" + reached + "'");
        }
        return new Passed(relevance.clone(), prediction.clone(), copies(kept), copies(there));
      }
    }

    /** Recorded layers that run before the layer that relevance has reached, and that layer. */
    List<String> below() {
      return options.recordLayer().stream()
          .filter(layer -> order.get(layer) <= order.get(reached))
          .toList();
    }

    private Map<String, Tensor> copies(Map<String, Tensor> tensors) {
      Map<String, Tensor> result = new LinkedHashMap<>();
      tensors.forEach((layer, tensor) -> result.put(layer, tensor.clone()));
      return result;
    }

    /** The relevance at the output. */
    private Tensor start(Tensor output) {
      Tensor whole = options.initRel().map(init -> init.apply(output)).orElse(output);
      if (!Arrays.equals(whole.shape(), output.shape())) {
        throw new ShapeException(
            "init_rel has shape "
                + Arrays.toString(whole.shape())
                + ", the output has "
                + Arrays.toString(output.shape()));
      }
      List<List<Integer>> chosen = new ArrayList<>();
      conditions.forEach(condition -> chosen.add(condition.y().orElse(null)));
      return whole
          .to(output.device(), output.scalar_type())
          .mul(mask("the output", chosen, output));
    }

    /** One at the chosen indices of axis 1 of each row; null stands for all. */
    private Tensor mask(String where, List<List<Integer>> chosen, Tensor like) {
      if (like.dim() < 2) {
        throw new ShapeException(where + " has no channels: " + Arrays.toString(like.shape()));
      }
      if (like.size(0) != chosen.size()) {
        throw new ShapeException(
            where
                + " has shape "
                + Arrays.toString(like.shape())
                + ", which does not begin with the batch of "
                + chosen.size());
      }
      int width = Math.toIntExact(like.size(1));
      double[] values = new double[chosen.size() * width];
      for (int row = 0; row < chosen.size(); row++) {
        if (chosen.get(row) == null) {
          Arrays.fill(values, row * width, (row + 1) * width, 1);
          continue;
        }
        for (int channel : chosen.get(row)) {
          if (channel < 0 || channel >= width) {
            throw new ShapeException(
                "channel "
                    + channel
                    + " is out of range: "
                    + where
                    + " has channels 0 to "
                    + (width - 1));
          }
          values[row * width + channel] = 1;
        }
      }
      long[] shape = new long[(int) like.dim()];
      Arrays.fill(shape, 1);
      shape[0] = chosen.size();
      shape[1] = width;
      return Tensor.create(values, shape).to(like.device(), like.scalar_type());
    }

    private Tensor masked(String layer, Tensor relevance) {
      List<List<Integer>> chosen = new ArrayList<>();
      conditions.forEach(condition -> chosen.add(condition.layers().get(layer)));
      return relevance.mul(mask("layer '" + layer + "'", chosen, relevance));
    }

    @Override
    public List<Tensor> forward(Call call, List<Tensor> inputs, List<Tensor> outputs) {
      String layer = call.region().name();
      int number = calls.merge(layer, 1, Integer::sum) - 1;
      call.state().put("call", number);
      order.put(layer, calls.values().stream().mapToInt(Integer::intValue).sum());
      if (number == 0) {
        activations.put(layer, held(outputs.get(0).detach()));
      }
      return outputs;
    }

    @Override
    public List<Tensor> backwardPre(Call call, List<Tensor> gradOutput) {
      String layer = call.region().name();
      boolean firstCall = Integer.valueOf(0).equals(call.state().get("call"));
      Tensor there = gradOutput.get(0);
      if (layer.equals(from)) {
        there = firstCall ? injection(layer) : null;
      } else if (there != null && layers.contains(layer)) {
        there = masked(layer, there);
      }
      if (layer.equals(reached)) {
        if (there != null && firstCall) {
          arrived = held(new Tensor(there));
        }
        // Nothing goes on from here but in the next stage.
        return zeros(gradOutput);
      }
      if (there != null && firstCall) {
        relevances.put(layer, held(new Tensor(there)));
      }
      List<Tensor> passed = new ArrayList<>(gradOutput);
      passed.set(0, there);
      if (layer.equals(from)) {
        for (int i = 1; i < passed.size(); i++) {
          passed.set(i, passed.get(i) == null ? null : torch.zeros_like(passed.get(i)));
        }
      }
      return passed;
    }

    private Tensor injection(String layer) {
      if (injected != null) {
        return injected;
      }
      Tensor there = activations.get(layer);
      Tensor whole = options.initRel().map(init -> init.apply(there)).orElse(there);
      if (!Arrays.equals(whole.shape(), there.shape())) {
        throw new ShapeException(
            "init_rel has shape "
                + Arrays.toString(whole.shape())
                + ", layer '"
                + layer
                + "' has "
                + Arrays.toString(there.shape()));
      }
      Tensor start = whole.to(there.device(), there.scalar_type());
      return layers.contains(layer) ? masked(layer, start) : start;
    }

    private static List<Tensor> zeros(List<Tensor> like) {
      List<Tensor> zeros = new ArrayList<>();
      like.forEach(tensor -> zeros.add(tensor == null ? null : torch.zeros_like(tensor)));
      return zeros;
    }
  }

  /** Closes the plan if this made it itself. */
  @Override
  public void close() {
    if (owner) {
      plan.close();
    }
  }
}
