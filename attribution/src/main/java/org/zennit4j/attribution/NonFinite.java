/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.attribution;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.zennit4j.composites.Plan;
import org.zennit4j.graph.Layer;
import org.zennit4j.runtime.LayerRelevance;
import org.zennit4j.runtime.ModuleHook;
import org.zennit4j.runtime.Propagation;
import org.zennit4j.runtime.PropagationOptions;

/**
 * Where NaN or infinity appeared first in a pass.
 *
 * @param stage on which way
 * @param layer the layer, "" for the model; "" too where no layer is to blame
 */
public record NonFinite(Stage stage, String layer) {
  /** The parts of a pass. */
  public enum Stage {
    /** The model's input. */
    INPUT,
    /** The output of a layer whose input was finite. */
    OUTPUT,
    /** The relevance with which the way back starts. */
    START,
    /** The relevance that a layer gave to its inputs, though finite relevance reached it. */
    RELEVANCE
  }

  /**
   * Finds the place: on the way forward, the first layer to execute whose output is not finite
   * though its input is; else on the way back, the first one that finite relevance reaches and that
   * passes on relevance which is not. Runs the plan again; keeps nothing.
   *
   * @param plan what runs
   * @param inputs one tensor for each argument of the model
   * @param target where relevance starts
   * @param options which output is explained
   * @return the place, or empty if all is finite
   */
  public static Optional<NonFinite> find(
      Plan plan, List<Tensor> inputs, UnaryOperator<Tensor> target, AttributionOptions options) {
    try (PointerScope scope = new PointerScope()) {
      return forward(plan, inputs).or(() -> backward(plan, inputs, target, options));
    }
  }

  /**
   * The place in words.
   *
   * @return such as {@code the output of layer 'fc'}
   */
  public String phrase() {
    String who = layer.isEmpty() ? "the model" : "layer '" + layer + "'";
    return switch (stage) {
      case INPUT -> "the model's input";
      case OUTPUT -> "the output of " + who;
      case START -> "the output's relevance, where it starts";
      case RELEVANCE -> "the relevance that " + who + " passes on";
    };
  }

  /** The end of a sentence that says so; nothing where there is no such place. */
  static String clause(Optional<NonFinite> place) {
    return place.map(p -> ", first in " + p.phrase()).orElse("");
  }

  /** Looks on the way forward only. */
  static Optional<NonFinite> forward(Plan plan, List<Tensor> inputs) {
    if (!isFinite(inputs)) {
      return Optional.of(new NonFinite(Stage.INPUT, ""));
    }
    List<String> found = new ArrayList<>();
    ModuleHook hook =
        new ModuleHook() {
          @Override
          public List<Tensor> forward(Call call, List<Tensor> given, List<Tensor> outputs) {
            // A layer inside of another ends before it.
            if (found.isEmpty() && isFinite(given) && !isFinite(outputs)) {
              found.add(call.region().name());
            }
            return outputs;
          }
        };
    Map<String, List<ModuleHook>> hooks = new TreeMap<>();
    for (Layer layer : plan.program().layers()) {
      hooks.put(layer.name(), List.of(hook));
    }
    for (Layer layer : plan.program().functionalLayers()) {
      hooks.put(layer.name(), List.of(hook));
    }
    PropagationOptions options = PropagationOptions.defaults().withHooks(hooks);
    try (PointerScope scope = new PointerScope();
        Propagation pass = plan.propagate(options, Map.of())) {
      // A masked attention's infinities are on purpose, and gone from its model's output.
      if (isFinite(pass.forward(inputs))) {
        return Optional.empty();
      }
    }
    return found.stream().findFirst().map(layer -> new NonFinite(Stage.OUTPUT, layer));
  }

  private static Optional<NonFinite> backward(
      Plan plan, List<Tensor> inputs, UnaryOperator<Tensor> target, AttributionOptions options) {
    PropagationOptions all = PropagationOptions.defaults().withCapture(layer -> true);
    try (Propagation pass = plan.propagate(all)) {
      List<Tensor> outputs = pass.record(inputs);
      int selected = Attributor.selected(outputs, options);
      List<Tensor> seeds = new ArrayList<>();
      for (int i = 0; i < outputs.size(); i++) {
        seeds.add(i == selected ? target.apply(outputs.get(i).detach()) : null);
      }
      if (!isFinite(seeds)) {
        return Optional.of(new NonFinite(Stage.START, ""));
      }
      pass.backward(seeds);
      return breaking(pass.layerRelevances()).map(layer -> new NonFinite(Stage.RELEVANCE, layer));
    }
  }

  /**
   * The layer that relevance reaches first of all those that turn finite relevance into NaN or
   * infinity; inside of a container the layer that does it.
   */
  private static Optional<String> breaking(List<LayerRelevance> calls) {
    List<String> found = new ArrayList<>();
    Optional<String> unclear = Optional.empty();
    for (int i = calls.size() - 1; i >= 0; i--) {
      LayerRelevance call = calls.get(i);
      if (!isFinite(call.outputs())) {
        unclear = unclear.or(() -> Optional.of(call.layer()));
      } else if (!isFinite(call.inputs())) {
        found.add(call.layer());
      }
    }
    if (found.isEmpty()) {
      // Finite parts of an infinite sum.
      return unclear;
    }
    String first = found.get(0);
    for (String layer : found) {
      if (isInside(layer, first)) {
        first = layer;
      }
    }
    return Optional.of(first);
  }

  private static boolean isInside(String layer, String container) {
    return !layer.equals(container)
        && (container.isEmpty()
            || layer.startsWith(container + ".")
            || layer.startsWith(container + "/"));
  }

  static boolean isFinite(List<Tensor> tensors) {
    try (PointerScope scope = new PointerScope()) {
      return tensors.stream().allMatch(t -> t == null || t.isfinite().all().item_bool());
    }
  }
}
