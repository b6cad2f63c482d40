/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.attribution;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.bytedeco.pytorch.Tensor;
import org.zennit4j.bindings.Natives;
import org.zennit4j.bindings.Zennit4jException;
import org.zennit4j.graph.Layer;
import org.zennit4j.graph.Program;
import org.zennit4j.runtime.LayerRelevance;
import org.zennit4j.runtime.ModuleHook;

/** What layers are given and make in one pass: kept, until this is closed. */
final class LayerValues implements ModuleHook, AutoCloseable {
  private record Values(List<Tensor> inputs, List<Tensor> outputs) {}

  private final Map<String, List<Values>> calls = new HashMap<>();

  /** The hooks that fill this, for the layers that are asked for. */
  Map<String, List<ModuleHook>> hooks(Program program, Predicate<Layer> layers) {
    Map<String, List<ModuleHook>> hooks = new HashMap<>();
    List<Layer> all = new ArrayList<>(program.layers());
    all.addAll(program.functionalLayers());
    all.stream().filter(layers).forEach(layer -> hooks.put(layer.name(), List.of(this)));
    return hooks;
  }

  @Override
  public List<Tensor> forward(Call call, List<Tensor> inputs, List<Tensor> outputs) {
    calls
        .computeIfAbsent(call.region().name(), name -> new ArrayList<>())
        .add(new Values(kept(inputs), kept(outputs)));
    return outputs;
  }

  private static List<Tensor> kept(List<Tensor> tensors) {
    List<Tensor> result = new ArrayList<>();
    tensors.forEach(t -> result.add(t == null ? null : Natives.keep(new Tensor(t.detach()))));
    return result;
  }

  private Values at(LayerRelevance layer) {
    List<Values> all = calls.getOrDefault(layer.layer(), List.of());
    if (layer.call() >= all.size()) {
      throw new Zennit4jException(
          "layer '" + layer.layer() + "' runs for the input but not for the baseline");
    }
    return all.get(layer.call());
  }

  /** Multipliers at layers times the differences between these values and others; all kept. */
  List<LayerRelevance> differences(List<LayerRelevance> multipliers, LayerValues others) {
    List<LayerRelevance> result = new ArrayList<>();
    for (LayerRelevance layer : multipliers) {
      Values here = at(layer);
      Values there = others.at(layer);
      result.add(
          new LayerRelevance(
              layer.layer(),
              layer.call(),
              products(layer.inputs(), here.inputs(), there.inputs()),
              products(layer.outputs(), here.outputs(), there.outputs())));
    }
    return result;
  }

  private static List<Tensor> products(
      List<Tensor> multipliers, List<Tensor> here, List<Tensor> there) {
    List<Tensor> result = new ArrayList<>();
    for (int i = 0; i < multipliers.size(); i++) {
      Tensor m = multipliers.get(i);
      result.add(m == null ? null : Natives.keep(m.mul(here.get(i).sub(there.get(i)))));
    }
    return result;
  }

  @Override
  public void close() {
    for (List<Values> all : calls.values()) {
      for (Values values : all) {
        values.inputs().forEach(Natives::release);
        values.outputs().forEach(Natives::release);
      }
    }
    calls.clear();
  }
}
