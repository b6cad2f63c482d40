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
import org.zennit4j.bindings.Layer;
import org.zennit4j.bindings.LayerRelevance;
import org.zennit4j.bindings.ModuleHook;
import org.zennit4j.bindings.Propagation;
import org.zennit4j.bindings.PropagationOptions;
import org.zennit4j.composites.Plan;

/** Finds the layer where NaN or infinity appeared first. Runs the plan again; keeps nothing. */
public final class NonFinite {
  private NonFinite() {}

  /**
   * Names the layer where NaN or infinity appears first: on the way forward, the first one to
   * execute whose output is not finite though its input is; else on the way back, the first one
   * that finite relevance reaches and that passes on relevance which is not.
   *
   * @param plan what runs
   * @param inputs one tensor for each argument of the model
   * @param target where relevance starts
   * @param options which output is explained
   * @return a phrase such as {@code , first in the output of layer 'fc'}, or "" if all is finite
   */
  public static String first(
      Plan plan, List<Tensor> inputs, UnaryOperator<Tensor> target, AttributionOptions options) {
    try (PointerScope scope = new PointerScope()) {
      String forward = forward(plan, inputs);
      return forward.isEmpty() ? backward(plan, inputs, target, options) : forward;
    }
  }

  /**
   * Names the layer where NaN or infinity appears first on the way forward.
   *
   * @param plan what runs
   * @param inputs one tensor for each argument of the model
   * @return a phrase, or "" if all is finite
   */
  static String forward(Plan plan, List<Tensor> inputs) {
    if (!isFinite(inputs)) {
      return ", first in the model's input";
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
        Propagation pass = new Propagation(plan.program(), Map.of(), options)) {
      // A masked attention's infinities are on purpose, and gone from its model's output.
      if (isFinite(pass.forward(inputs))) {
        return "";
      }
    }
    return found.isEmpty() ? "" : ", first in the output of " + show(found.get(0));
  }

  private static String backward(
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
        return ", first in the output's relevance, where it starts";
      }
      pass.backward(seeds);
      return first(pass.layerRelevances())
          .map(layer -> ", first in the relevance that " + show(layer) + " passes on")
          .orElse("");
    }
  }

  /**
   * The layer that relevance reaches first of all those that turn finite relevance into NaN or
   * infinity; inside of a container the layer that does it.
   *
   * @param calls the relevances of all layers, in the order in which the layers end
   * @return the layer's name, or empty if all is finite
   */
  public static Optional<String> first(List<LayerRelevance> calls) {
    List<String> breaking = new ArrayList<>();
    Optional<String> unclear = Optional.empty();
    for (int i = calls.size() - 1; i >= 0; i--) {
      LayerRelevance call = calls.get(i);
      if (!isFinite(call.outputs())) {
        unclear = unclear.or(() -> Optional.of(call.layer()));
      } else if (!isFinite(call.inputs())) {
        breaking.add(call.layer());
      }
    }
    if (breaking.isEmpty()) {
      // Finite parts of an infinite sum.
      return unclear;
    }
    String found = breaking.get(0);
    for (String layer : breaking) {
      if (isInside(layer, found)) {
        found = layer;
      }
    }
    return Optional.of(found);
  }

  private static boolean isInside(String layer, String container) {
    return !layer.equals(container)
        && (container.isEmpty()
            || layer.startsWith(container + ".")
            || layer.startsWith(container + "/"));
  }

  private static String show(String name) {
    return name.isEmpty() ? "the model" : "layer '" + name + "'";
  }

  static boolean isFinite(List<Tensor> tensors) {
    try (PointerScope scope = new PointerScope()) {
      return tensors.stream().allMatch(t -> t == null || t.isfinite().all().item_bool());
    }
  }
}
