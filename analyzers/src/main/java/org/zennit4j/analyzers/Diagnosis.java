/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.analyzers;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.zennit4j.attribution.AttributionOptions;
import org.zennit4j.attribution.Target;
import org.zennit4j.bindings.Layer;
import org.zennit4j.bindings.LayerRelevance;
import org.zennit4j.bindings.ModuleHook;
import org.zennit4j.bindings.Program;
import org.zennit4j.bindings.Propagation;
import org.zennit4j.bindings.PropagationOptions;
import org.zennit4j.bindings.ScriptModel;
import org.zennit4j.composites.Plan;

/** Finds the layer where NaN or infinity appeared first. */
final class Diagnosis {
  private Diagnosis() {}

  /** A phrase that names the layer, or nothing if it cannot be told. */
  static String firstLayer(ScriptModel model, Optional<Plan> plan, Tensor x, Target target) {
    if (plan.isEmpty()) {
      try (Plan gradient = Plan.gradient(model)) {
        return firstLayer(model, Optional.of(gradient), x, target);
      }
    }
    try (PointerScope scope = new PointerScope()) {
      Optional<String> name = forward(plan.get().program(), x);
      if (name.isPresent()) {
        return ", first in the output of " + show(name.get());
      }
      return backward(plan.get(), x, target)
          .map(layer -> ", first in the relevance of the input of " + show(layer))
          .orElse("");
    }
  }

  private static String show(String name) {
    return name.isEmpty() ? "the model" : "layer '" + name + "'";
  }

  private static boolean isFinite(List<Tensor> tensors) {
    return tensors.stream().allMatch(t -> t == null || t.isfinite().all().item_bool());
  }

  private static Optional<String> forward(Program program, Tensor x) {
    List<String> found = new ArrayList<>();
    ModuleHook hook =
        new ModuleHook() {
          @Override
          public List<Tensor> forward(Call call, List<Tensor> inputs, List<Tensor> outputs) {
            if (found.isEmpty() && !isFinite(outputs)) {
              found.add(call.region().name());
            }
            return outputs;
          }
        };
    Map<String, List<ModuleHook>> hooks = new TreeMap<>();
    for (Layer layer : program.layers()) {
      hooks.put(layer.name(), List.of(hook));
    }
    PropagationOptions options = PropagationOptions.defaults().withHooks(hooks);
    try (Propagation pass = new Propagation(program, Map.of(), options)) {
      var unused = pass.forward(List.of(x));
    }
    return found.stream().findFirst();
  }

  private static Optional<String> backward(Plan plan, Tensor x, Target target) {
    AttributionOptions everywhere = AttributionOptions.defaults().withLayers(layer -> true);
    List<LayerRelevance> layers = Explanation.pass(plan, x, target::apply, everywhere).layers();
    for (int i = layers.size() - 1; i >= 0; i--) {
      LayerRelevance layer = layers.get(i);
      if (isFinite(layer.outputs()) && !isFinite(layer.inputs())) {
        return Optional.of(layer.layer());
      }
    }
    return Optional.empty();
  }
}
