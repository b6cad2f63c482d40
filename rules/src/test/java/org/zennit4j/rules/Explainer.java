/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.rules;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.zennit4j.bindings.Natives;
import org.zennit4j.graph.Region;
import org.zennit4j.model.ScriptModel;
import org.zennit4j.runtime.LayerFunction;
import org.zennit4j.runtime.Propagation;
import org.zennit4j.runtime.PropagationOptions;

/** One rule at one layer of a model, all others with their gradient. */
final class Explainer implements AutoCloseable {
  private final ScriptModel model;
  private final Map<Integer, LayerFunction> functions = new HashMap<>();

  Explainer(ScriptModel model, String layer, Rule rule) {
    this.model = model;
    for (Region region : model.program().regions(model.program().layer(layer).orElseThrow())) {
      functions.put(region.id(), rule.bind(region));
    }
  }

  /** The relevances of the inputs, in the caller's scope. */
  List<Tensor> explain(boolean createGraph, Tensor relevance, Tensor... inputs) {
    List<Tensor> kept = new ArrayList<>();
    try (Propagation pass =
        new Propagation(
            model.program(),
            functions,
            PropagationOptions.defaults().withCreateGraph(createGraph))) {
      pass.record(List.of(inputs));
      for (Tensor tensor : pass.backward(List.of(relevance))) {
        kept.add(Natives.keep(new Tensor(tensor)));
      }
    }
    kept.forEach(Natives::handOver);
    return kept;
  }

  Tensor explain(Tensor relevance, Tensor input) {
    return explain(false, relevance, input).get(0);
  }

  /** Once. */
  static Tensor once(ScriptModel model, Rule rule, Tensor relevance, Tensor input) {
    try (Explainer explainer = new Explainer(model, "0", rule)) {
      return explainer.explain(relevance, input);
    }
  }

  @Override
  public void close() {
    functions.values().forEach(LayerFunction::close);
  }
}
