/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.analyzers;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.zennit4j.attribution.AttributionOptions;
import org.zennit4j.bindings.CancelledException;
import org.zennit4j.bindings.Natives;
import org.zennit4j.bindings.ShapeException;
import org.zennit4j.composites.Plan;
import org.zennit4j.rules.Rule;
import org.zennit4j.runtime.LayerRelevance;
import org.zennit4j.runtime.Propagation;
import org.zennit4j.runtime.PropagationOptions;

/**
 * A base map and what came with it; the tensors belong to the scope in which it was made.
 *
 * @param output the model's output for the clean input
 * @param relevance the map
 * @param layers relevances at layers that were asked for
 * @param rules layer name to rule
 * @param warnings one sentence each
 */
record Explanation(
    Tensor output,
    Tensor relevance,
    List<LayerRelevance> layers,
    Map<String, Rule> rules,
    List<String> warnings) {

  static Explanation of(Tensor output, Tensor relevance) {
    return new Explanation(output, relevance, List.of(), Map.of(), List.of());
  }

  Explanation withRelevance(Tensor other) {
    return new Explanation(output, other, layers, rules, warnings);
  }

  /** Runs a plan forward and backward. */
  static Explanation pass(
      Plan plan, Tensor x, UnaryOperator<Tensor> seed, AttributionOptions options) {
    PropagationOptions how = PropagationOptions.defaults().withCapture(options.layers());
    Explanation result = pass(plan.propagate(how), x, seed);
    List<String> warnings = new ArrayList<>(plan.findings());
    warnings.addAll(result.warnings());
    return new Explanation(
        result.output(), result.relevance(), result.layers(), plan.rules(), warnings);
  }

  /** Runs a propagation forward and backward, and closes it. */
  static Explanation pass(Propagation propagation, Tensor x, UnaryOperator<Tensor> seed) {
    Explanation kept;
    try (propagation;
        PointerScope scope = new PointerScope()) {
      List<Tensor> outputs = propagation.record(List.of(x));
      Tensor output = checked(outputs, x).detach();
      List<Tensor> seeds = new ArrayList<>();
      seeds.add(seed.apply(output));
      while (seeds.size() < outputs.size()) {
        seeds.add(null);
      }
      Tensor relevance = propagation.backward(seeds).get(0);
      kept =
          new Explanation(
              Natives.keep(output),
              Natives.keep(new Tensor(relevance)),
              propagation.layerRelevances().stream()
                  .map(
                      l ->
                          new LayerRelevance(
                              l.layer(), l.call(), kept(l.inputs()), kept(l.outputs())))
                  .toList(),
              Map.of(),
              propagation.findings());
    }
    kept.tensors().forEach(Natives::handOver);
    return kept;
  }

  private static List<Tensor> kept(List<Tensor> tensors) {
    List<Tensor> result = new ArrayList<>();
    tensors.forEach(t -> result.add(t == null ? null : Natives.keep(new Tensor(t))));
    return result;
  }

  /** Output, relevance, and those of layers; some may be null. */
  List<Tensor> tensors() {
    List<Tensor> all = new ArrayList<>();
    all.add(output);
    all.add(relevance);
    for (LayerRelevance layer : layers) {
      all.addAll(layer.inputs());
      all.addAll(layer.outputs());
    }
    return all;
  }

  /** The first output, which must be of the shape (batch, classes). */
  static Tensor checked(List<Tensor> outputs, Tensor x) {
    if (outputs.isEmpty()) {
      throw new ShapeException("the model gives no floating tensor that could be explained");
    }
    Tensor output = outputs.get(0);
    if (output.dim() != 2 || output.size(0) != x.size(0)) {
      throw new ShapeException(
          "the model's output must have the shape (batch, classes), here ("
              + x.size(0)
              + ", ...), but it has "
              + Arrays.toString(output.shape())
              + " for an input of "
              + Arrays.toString(x.shape()));
    }
    return output;
  }

  /** Tells the listener that a pass is done. */
  static void progress(AttributionOptions options, int done, int total) {
    if (!options.listener().onProgress(done, total)) {
      throw new CancelledException(done, total);
    }
  }
}
