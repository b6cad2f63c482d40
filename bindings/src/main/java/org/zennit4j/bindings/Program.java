/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.bindings;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.IValue;
import org.bytedeco.pytorch.Tensor;
import org.zennit4j.bindings.internal.Leaks;
import org.zennit4j.bindings.internal.Uses;

/**
 * What a model computes: its layers and their calls, ready to be executed operator by operator.
 *
 * <p>Each call of a module, each functional operator is a {@link Region} of its own, so that a
 * module that is used twice keeps its calls apart. Before canonizers, the outputs are bit-equal to
 * those of the module's own forward.
 *
 * <p>Immutable and thread-safe. {@link #edit()} makes changed programs; these share what is
 * unchanged and own the rest: close them when they are no longer needed. The program of a model is
 * closed by its model.
 */
public final class Program implements AutoCloseable {
  private final Instruction.Invoke entry;
  private final List<ModuleEntry> modules;
  private final List<IValue> defaults;
  private final boolean writesInPlace;
  private final Uses uses;
  private final List<Layer> layers;
  private final List<Layer> functionalLayers;
  private final List<Region> regions;
  private final Map<Integer, Region> byId;
  private final Region root;
  private final List<Program> companions = new java.util.concurrent.CopyOnWriteArrayList<>();

  /**
   * Makes a program.
   *
   * @param free frees what only this program uses, once nobody is inside any more
   * @param base the program whose constants this one shares, which stays until then; or null
   */
  Program(
      Instruction.Invoke entry,
      List<ModuleEntry> modules,
      List<IValue> defaults,
      boolean writesInPlace,
      Runnable free,
      Program base) {
    this.entry = entry;
    this.modules = List.copyOf(modules);
    this.defaults = defaults;
    this.writesInPlace = writesInPlace;
    RegionFinder finder = new RegionFinder(modules, new Signs(entry));
    finder.find(entry);
    this.layers = finder.layers();
    this.functionalLayers = finder.functionalLayers();
    this.regions = finder.regions();
    this.byId = new HashMap<>();
    for (Region region : regions) {
      byId.put(region.id(), region);
    }
    this.root = regions.get(0);
    if (base != null) {
      base.uses.enter();
    }
    this.uses =
        new Uses(
            "the program was closed; load the model again, or keep the plan open while it is used",
            () -> {
              free.run();
              if (base != null) {
                base.uses.leave();
              }
            },
            base == null ? Leaks.none() : Leaks.of(this, "a canonized program"));
  }

  /**
   * The modules of the model, in the order of registration, depth first, containers and the root
   * included, each shared module once under its first name; sums that a canonizer made stand after
   * the modules of their parent.
   *
   * @return the layers, called or not
   */
  public List<Layer> layers() {
    return layers;
  }

  /**
   * The operators that no module with a type stands for, in the order of execution.
   *
   * @return the functional layers
   */
  public List<Layer> functionalLayers() {
    return functionalLayers;
  }

  /**
   * All call sites, in the order in which they are first reached: module calls and operators.
   *
   * @return the regions, the root's call first
   */
  public List<Region> regions() {
    return regions;
  }

  /**
   * The call sites of a layer.
   *
   * @param layer a layer of this program
   * @return its regions, none for a module that is never called
   */
  public List<Region> regions(Layer layer) {
    return regions.stream().filter(r -> r.layer() == layer).toList();
  }

  /**
   * Finds a layer by name.
   *
   * @param name a module path or the name of a functional layer
   * @return the layer, or empty
   */
  public Optional<Layer> layer(String name) {
    for (Layer layer : layers) {
      if (layer.name().equals(name)) {
        return Optional.of(layer);
      }
    }
    return functionalLayers.stream().filter(l -> l.name().equals(name)).findFirst();
  }

  /**
   * Follows values from the operators that make them to those that use them.
   *
   * @return the data flow of this program
   */
  public DataFlow dataFlow() {
    return new DataFlow(this);
  }

  /**
   * Begins a change.
   *
   * @return an editor of this program
   */
  public ProgramEditor edit() {
    checkOpen();
    return new ProgramEditor(this);
  }

  /**
   * The number of tensors that the model takes.
   *
   * @return the number of arguments of forward
   */
  public int inputs() {
    return entry.in.length;
  }

  /**
   * Runs the program without recording anything.
   *
   * @param inputs one tensor for each argument; trailing ones with a default may be left out
   * @return the output tensors, in the caller's scope
   * @throws ShapeException if an operator does not accept its inputs
   */
  public List<Tensor> run(Tensor... inputs) {
    try (Propagation pass = new Propagation(this, Map.of(), PropagationOptions.defaults())) {
      List<Tensor> kept = pass.forward(List.of(inputs)).stream().map(Natives::keep).toList();
      pass.close();
      kept.forEach(Natives::handOver);
      return kept;
    }
  }

  /**
   * Lets this program close another one with itself: the one that it was made from.
   *
   * @param other a program that this one shares tensors with
   * @return this
   */
  public Program owning(Program other) {
    companions.add(other);
    return this;
  }

  Instruction.Invoke entry() {
    return entry;
  }

  List<ModuleEntry> modules() {
    return modules;
  }

  List<IValue> defaults() {
    return defaults;
  }

  boolean writesInPlace() {
    return writesInPlace;
  }

  Region region(int id) {
    return byId.get(id);
  }

  Region root() {
    return root;
  }

  void checkOpen() {
    uses.check();
  }

  /** Who runs this program. */
  Uses uses() {
    return uses;
  }

  /**
   * Frees the tensors that this program made, as soon as no pass runs it any more; those that it
   * shares stay. New passes are refused at once.
   */
  @Override
  public void close() {
    if (uses.close()) {
      companions.forEach(Program::close);
    }
  }

  /** Walks the calls and makes layers and regions. */
  private static final class RegionFinder {
    private final Map<String, ModuleEntry> entries = new LinkedHashMap<>();
    private final Map<String, Set<String>> derivedTypes = new HashMap<>();
    private final List<Found> found = new ArrayList<>();
    private final Map<String, Layer> layers = new LinkedHashMap<>();
    private final Map<String, List<String>> sums = new LinkedHashMap<>();
    private final Map<String, Integer> siteCounts = new HashMap<>();
    private final List<Layer> functional = new ArrayList<>();
    private final List<Region> regions = new ArrayList<>();
    private final Signs signs;

    private record Found(Instruction instruction, int parent, Code owner) {}

    RegionFinder(List<ModuleEntry> modules, Signs signs) {
      this.signs = signs;
      for (ModuleEntry module : modules) {
        entries.put(module.name(), module);
      }
    }

    void find(Instruction.Invoke entry) {
      walk(entry, -1, entry.callee);
      for (Found f : found) {
        if (f.instruction() instanceof Instruction.Invoke invoke) {
          deriveTypes(invoke);
        } else if (f.instruction() instanceof Instruction.Operate operate
            && operate.sumName != null) {
          sums.computeIfAbsent(operate.path, p -> new ArrayList<>()).add(operate.sumName);
        }
      }
      makeLayers();
      for (Found f : found) {
        regions.add(region(f));
      }
    }

    private void walk(Instruction instruction, int parent, Code owner) {
      int self = found.size();
      found.add(new Found(instruction, parent, owner));
      if (instruction instanceof Instruction.Invoke invoke) {
        walk(invoke.callee.body(), self, invoke.callee);
      }
    }

    private void walk(Block block, int parent, Code owner) {
      for (Instruction instruction : block.instructions) {
        if (instruction instanceof Instruction.Invoke
            || instruction instanceof Instruction.Operate) {
          walk(instruction, parent, owner);
        } else if (instruction instanceof Instruction.Branch branch) {
          walk(branch.then, parent, owner);
          walk(branch.otherwise, parent, owner);
        } else if (instruction instanceof Instruction.Loop loop) {
          walk(loop.body, parent, owner);
        }
      }
    }

    private static LinearMap linearMap(Instruction instruction, Code owner) {
      if (instruction instanceof Instruction.Invoke invoke) {
        Instruction.Operate sole = LinearMaps.sole(invoke.callee);
        return sole == null ? null : LinearMaps.of(sole, invoke.callee);
      }
      return LinearMaps.of((Instruction.Operate) instruction, owner);
    }

    /**
     * A class that is not known counts as a convolution if it owns its weight and is exactly one.
     */
    private void deriveTypes(Instruction.Invoke invoke) {
      ModuleEntry module = entries.get(invoke.path);
      if (module == null
          || module.types() != null
          || LayerTypes.ofClass(module.className()) != null
          || derivedTypes.containsKey(invoke.path)) {
        return;
      }
      LinearMap map = linearMap(invoke, invoke.callee);
      boolean owns = module.parameters().contains("weight");
      derivedTypes.put(
          invoke.path,
          map != null && map.isConvolution() && owns
              ? Set.of(
                  LayerTypes.LINEAR,
                  LayerTypes.CONVOLUTION,
                  map.isTransposed() ? LayerTypes.TRANSPOSE : LayerTypes.STANDARD)
              : Set.of());
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
          addSums(open.remove(open.size() - 1));
        }
        if (name != null) {
          ModuleEntry m = order.get(i);
          layers.put(
              name, new Layer(name, m.className(), types(m), m.parameters(), false, m.leaf()));
          open.add(name);
        }
      }
    }

    private static boolean isWithin(String name, String parent) {
      return parent.isEmpty() || name.startsWith(parent + ".");
    }

    private void addSums(String path) {
      for (String name : new LinkedHashSet<>(sums.getOrDefault(path, List.of()))) {
        layers.put(
            name,
            new Layer(name, "zennit.layer.Sum", Set.of(LayerTypes.SUM), List.of(), false, true));
      }
    }

    private Region region(Found f) {
      Region parent = f.parent() < 0 ? null : regions.get(f.parent());
      if (f.instruction() instanceof Instruction.Invoke invoke) {
        Layer layer =
            layers.computeIfAbsent(
                invoke.path,
                p -> new Layer(p, "torch.nn.Module", Set.of(), List.of(), false, true));
        return new Region(
            invoke.id,
            layer,
            parent,
            invoke,
            f.owner(),
            moduleParameters(invoke, layer),
            linearMap(invoke, null),
            signs);
      }
      Instruction.Operate operate = (Instruction.Operate) f.instruction();
      Layer layer =
          operate.sumName != null
              ? layers.get(operate.sumName)
              : functionalLayer(operate, parent, f.owner());
      Map<String, Tensor> parameters = new LinkedHashMap<>();
      for (int i = 0; i < operate.in.length; i++) {
        if (operate.in[i] < 0 && i < operate.operator.arguments().size()) {
          Constant constant = f.owner().constant(operate.in[i]);
          if (constant.isTensor()) {
            parameters.put(operate.operator.arguments().get(i), tensor(constant));
          }
        }
      }
      return new Region(
          operate.id,
          layer,
          parent,
          operate,
          f.owner(),
          parameters,
          linearMap(operate, f.owner()),
          signs);
    }

    private static Tensor tensor(Constant constant) {
      return constant.tensor();
    }

    private Map<String, Tensor> moduleParameters(Instruction.Invoke invoke, Layer layer) {
      Map<String, Tensor> parameters = new LinkedHashMap<>();
      for (Constant constant : invoke.parametrised.constants()) {
        if (constant.name() != null
            && invoke.path.equals(constant.owner())
            && constant.isTensor()
            && (layer.parameters().contains(constant.name()) || constant.name().equals("bias"))) {
          parameters.put(constant.name(), tensor(constant));
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
      } else if (isSpatialMean(operate, owner)) {
        types.add(LayerTypes.AVG_POOL);
      } else if (operate.operator.shortName().equals("batch_norm")) {
        types.add(LayerTypes.BATCH_NORM);
      }
      List<String> parameters = new ArrayList<>();
      Layer layer =
          new Layer(site + "#" + k, operate.operator.name(), types, parameters, true, true);
      if (parent == null || parent.layer().types().isEmpty()) {
        functional.add(layer);
      }
      return layer;
    }

    private static boolean isSpatialMean(Instruction.Operate operate, Code owner) {
      if (!operate.operator.name().equals("aten::mean")) {
        return false;
      }
      Constant dims = LinearMaps.constant(operate, owner, "dim");
      if (dims == null) {
        return false;
      }
      try (PointerScope scope = new PointerScope()) {
        if (!LinearMaps.isIntegers(dims.value())) {
          return false;
        }
        for (long dim : LinearMaps.longs(dims.value())) {
          if (dim == 0 || dim == 1) {
            return false;
          }
        }
        return true;
      }
    }

    List<Layer> layers() {
      return List.copyOf(layers.values());
    }

    List<Layer> functionalLayers() {
      return List.copyOf(functional);
    }

    List<Region> regions() {
      return List.copyOf(regions);
    }
  }
}
