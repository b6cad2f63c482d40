/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.graph;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.zennit4j.graph.ir.Block;
import org.zennit4j.graph.ir.Code;
import org.zennit4j.graph.ir.Constant;
import org.zennit4j.graph.ir.Instruction;
import org.zennit4j.graph.ir.Label;
import org.zennit4j.graph.ir.LayerTypes;
import org.zennit4j.graph.ir.ModuleEntry;

/** Walks the calls and makes layers and regions. */
final class RegionFinder {
  private final Map<String, ModuleEntry> entries = new LinkedHashMap<>();
  private final Map<String, Set<String>> derivedTypes;
  private final List<Found> found = new ArrayList<>();
  private final Map<String, Layer> layers = new LinkedHashMap<>();

  /** The layers that canonizers made, by the module in which they stand. */
  private final Map<String, Map<String, Label>> labels = new LinkedHashMap<>();

  private final Map<String, Integer> siteCounts = new HashMap<>();
  private final List<Layer> functional = new ArrayList<>();
  private final List<Layer> inner = new ArrayList<>();
  private final List<Region> regions = new ArrayList<>();
  private final Signs signs;

  /**
   * Makes a finder for one program.
   *
   * @param modules the model's modules
   * @param signs what is never negative in it
   * @param known types that were derived before canonizers changed the program, by module
   */
  RegionFinder(List<ModuleEntry> modules, Signs signs, Map<String, Set<String>> known) {
    this.signs = signs;
    this.derivedTypes = new HashMap<>(known);
    for (ModuleEntry module : modules) {
      entries.put(module.name(), module);
    }
  }

  /** A call, the number of the call around it, and the code in which it stands. */
  private record Found(Instruction instruction, int parent, Code owner) {}

  void find(Instruction.Invoke entry) {
    new Walk(-1, entry.callee).invoke(entry);
    found.forEach(f -> f.instruction().accept(names));
    makeLayers();
    for (Found f : found) {
      Region parent = f.parent() < 0 ? null : regions.get(f.parent());
      regions.add(f.instruction().accept(new Maker(parent, f.owner())));
    }
  }

  /** Finds the calls in a code, those inside of others included. */
  private final class Walk implements Instruction.Visitor<Void> {
    private final int parent;
    private final Code owner;

    Walk(int parent, Code owner) {
      this.parent = parent;
      this.owner = owner;
    }

    private void all(Block block) {
      block.instructions.forEach(instruction -> instruction.accept(this));
    }

    @Override
    public Void operate(Instruction.Operate operate) {
      found.add(new Found(operate, parent, owner));
      return null;
    }

    @Override
    public Void invoke(Instruction.Invoke invoke) {
      int self = found.size();
      found.add(new Found(invoke, parent, owner));
      new Walk(self, invoke.callee).all(invoke.callee.body());
      return null;
    }

    @Override
    public Void other(Instruction instruction) {
      instruction.blocks().forEach(this::all);
      return null;
    }
  }

  /** Collects what has to be known before layers are made. */
  private final Instruction.Visitor<Void> names =
      new Instruction.Visitor<>() {
        @Override
        public Void operate(Instruction.Operate operate) {
          if (operate.label != null) {
            labels
                .computeIfAbsent(operate.path, p -> new LinkedHashMap<>())
                .putIfAbsent(operate.label.name(), operate.label);
          }
          return null;
        }

        @Override
        public Void invoke(Instruction.Invoke invoke) {
          deriveTypes(invoke);
          return null;
        }

        @Override
        public Void other(Instruction instruction) {
          return null;
        }
      };

  private static LinearMap linearMap(Instruction.Invoke invoke) {
    Instruction.Operate sole = LinearMaps.sole(invoke.callee);
    return sole == null ? null : LinearMaps.of(sole, invoke.callee);
  }

  /** What a class is that is not known follows from what it computes. */
  private void deriveTypes(Instruction.Invoke invoke) {
    ModuleEntry module = entries.get(invoke.path);
    if (module == null
        || module.types() != null
        || LayerTypes.ofClass(module.className()) != null
        || derivedTypes.containsKey(invoke.path)) {
      return;
    }
    derivedTypes.put(invoke.path, Anatomy.types(module, invoke));
  }

  private Set<String> types(ModuleEntry module) {
    if (module.types() != null) {
      return module.types();
    }
    Set<String> known = LayerTypes.ofClass(module.className());
    return known != null ? known : derivedTypes.getOrDefault(module.name(), Set.of());
  }

  private void makeLayers() {
    List<ModuleEntry> order = List.copyOf(entries.values());
    List<String> open = new ArrayList<>();
    for (int i = 0; i <= order.size(); i++) {
      String name = i < order.size() ? order.get(i).name() : null;
      while (!open.isEmpty() && (name == null || !isWithin(name, open.get(open.size() - 1)))) {
        addLabelled(open.remove(open.size() - 1));
      }
      if (name != null) {
        ModuleEntry m = order.get(i);
        layers.put(name, new Layer(name, m.className(), types(m), m.parameters(), false, m.leaf()));
        open.add(name);
      }
    }
  }

  private static boolean isWithin(String name, String parent) {
    return parent.isEmpty() || name.startsWith(parent + ".");
  }

  private void addLabelled(String path) {
    for (Label label : labels.getOrDefault(path, Map.of()).values()) {
      layers.put(
          label.name(),
          new Layer(label.name(), label.className(), label.types(), List.of(), false, true));
    }
  }

  /** Makes the region of a call. */
  private final class Maker implements Instruction.Visitor<Region> {
    private final Region parent;
    private final Code owner;

    Maker(Region parent, Code owner) {
      this.parent = parent;
      this.owner = owner;
    }

    @Override
    public Region invoke(Instruction.Invoke invoke) {
      Layer layer =
          layers.computeIfAbsent(
              invoke.path, p -> new Layer(p, "torch.nn.Module", Set.of(), List.of(), false, true));
      return new ModuleCall(
          layer, parent, invoke, moduleParameters(invoke, layer), linearMap(invoke), signs);
    }

    @Override
    public Region operate(Instruction.Operate operate) {
      Layer layer =
          operate.label != null
              ? layers.get(operate.label.name())
              : functionalLayer(operate, parent, owner);
      Map<String, Tensor> parameters = new LinkedHashMap<>();
      for (int i = 0; i < operate.in.length; i++) {
        if (operate.in[i] < 0 && i < operate.operator.arguments().size()) {
          Constant constant = owner.constant(operate.in[i]);
          if (constant.isTensor()) {
            parameters.put(operate.operator.arguments().get(i), constant.tensor());
          }
        }
      }
      return new OperatorCall(
          layer, parent, operate, owner, parameters, LinearMaps.of(operate, owner), signs);
    }

    @Override
    public Region other(Instruction instruction) {
      throw new IllegalStateException("no call: " + instruction);
    }
  }

  private Map<String, Tensor> moduleParameters(Instruction.Invoke invoke, Layer layer) {
    Map<String, Tensor> parameters = new LinkedHashMap<>();
    Constant weight = LinearMaps.weight(invoke.parametrised);
    for (Constant constant : invoke.parametrised.constants()) {
      if (constant.name() != null
          && invoke.path.equals(constant.owner())
          && constant.isTensor()
          && (layer.parameters().contains(constant.name())
              || constant.name().equals("bias")
              || constant.equals(weight))) {
        parameters.put(constant.name(), constant.tensor());
      }
    }
    return parameters;
  }

  private Layer functionalLayer(Instruction.Operate operate, Region parent, Code owner) {
    String site = operate.path + "/" + operate.operator.shortName();
    int k = siteCounts.merge(site, 1, Integer::sum) - 1;
    Set<String> types = new LinkedHashSet<>(LayerTypes.ofOperator(operate.operator.shortName()));
    LinearMap map = LinearMaps.of(operate, owner);
    if (map != null && map.isConvolution()) {
      types.addAll(
          Set.of(
              LayerTypes.LINEAR,
              LayerTypes.CONVOLUTION,
              map.isTransposed() ? LayerTypes.TRANSPOSE : LayerTypes.STANDARD));
    } else if (map != null) {
      types.addAll(Set.of(LayerTypes.LINEAR, "torch.nn.Linear"));
    } else if (isOverSample(operate, "aten::mean", owner)) {
      types.add(LayerTypes.AVG_POOL);
    } else if (!isInner(parent) && isOverSample(operate, "aten::sum", owner)) {
      types.add(LayerTypes.SUM);
    } else if (operate.operator.shortName().equals("batch_norm")) {
      types.add(LayerTypes.BATCH_NORM);
    }
    List<String> parameters = new ArrayList<>();
    Layer layer = new Layer(site + "#" + k, operate.operator.name(), types, parameters, true, true);
    (isInner(parent) ? inner : functional).add(layer);
    return layer;
  }

  /** Whether an operator is a part of a module that has a type, and so may have a rule. */
  private static boolean isInner(Region parent) {
    return parent != null && !parent.layer().types().isEmpty();
  }

  /** Whether an operator goes over space, time, tokens, channels or branches of each sample. */
  private static boolean isOverSample(Instruction.Operate operate, String name, Code owner) {
    if (!operate.operator.name().equals(name)) {
      return false;
    }
    Constant dims = owner.constant(operate, "dim");
    if (dims == null) {
      return false;
    }
    try (PointerScope scope = new PointerScope()) {
      if (!Constant.isIntegers(dims.value())) {
        return false;
      }
      for (long dim : Constant.integers(dims.value())) {
        if (dim == 0) {
          return false;
        }
      }
      return true;
    }
  }

  /** What was found out about modules of unknown classes, by their names. */
  Map<String, Set<String>> derivedTypes() {
    return Map.copyOf(derivedTypes);
  }

  List<Layer> layers() {
    return List.copyOf(layers.values());
  }

  List<Layer> functionalLayers() {
    return List.copyOf(functional);
  }

  List<Layer> innerLayers() {
    return List.copyOf(inner);
  }

  List<Region> regions() {
    return List.copyOf(regions);
  }
}
