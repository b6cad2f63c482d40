/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.torchscript;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Graph;
import org.bytedeco.pytorch.IValue;
import org.bytedeco.pytorch.JitModule;
import org.zennit4j.bindings.Natives;
import org.zennit4j.bindings.internal.StoredTensors;
import org.zennit4j.bindings.internal.TensorTrees;
import org.zennit4j.graph.ir.Code;
import org.zennit4j.graph.ir.Constant;
import org.zennit4j.graph.ir.TensorCast;

/**
 * The TorchScript front end: turns the graphs of a module's methods into {@link Code}, one for each
 * call site.
 *
 * <p>What is known before the program runs is resolved here: attributes, literals, scalar
 * arithmetic on them, and the branches that depend on them. In-place operators are replaced by
 * their out-of-place twins, and later uses of the overwritten value read the twin's result.
 */
final class GraphCompiler {
  private final Map<Long, String> paths;
  private final TensorCast cast;
  private final boolean allowTraining;
  private final Set<String> findings = new LinkedHashSet<>();
  private final List<Pointer> resources = new ArrayList<>();
  private final OperatorTable operators = new OperatorTable(resources);
  private final Map<String, Constant> attributes = new HashMap<>();
  private final Map<Long, GraphText> texts = new HashMap<>();
  private int nextId;
  private boolean writesInPlace;

  /**
   * Makes a compiler for one model.
   *
   * @param paths the modules' names, by {@link #identity}
   * @param cast brings tensors to the dtype and device to run in
   * @param allowTraining whether operators may behave as in training
   */
  GraphCompiler(Map<Long, String> paths, TensorCast cast, boolean allowTraining) {
    this.paths = paths;
    this.cast = cast;
    this.allowTraining = allowTraining;
  }

  /** What is unusual about the compiled operators, one sentence each. */
  List<String> findings() {
    return List.copyOf(findings);
  }

  /** Native objects that the compiled code refers to; the program owns them. */
  List<Pointer> resources() {
    return resources;
  }

  OperatorTable operators() {
    return operators;
  }

  TensorCast cast() {
    return cast;
  }

  boolean allowTraining() {
    return allowTraining;
  }

  /** The number of the next call. */
  int nextId() {
    return nextId++;
  }

  /** Notes something unusual. */
  void note(String finding) {
    findings.add(finding);
  }

  void noteWriteInPlace() {
    writesInPlace = true;
  }

  GraphText textOf(Graph graph) {
    return texts.computeIfAbsent(graph.address(), address -> GraphText.read(graph));
  }

  /** The path of a module; {@code fallback} if it is none of the model's. */
  String path(JitModule module, String fallback) {
    return paths.getOrDefault(identity(module), fallback);
  }

  boolean writesInPlace() {
    return writesInPlace;
  }

  static long identity(JitModule module) {
    return module._ivalue().address();
  }

  /**
   * Compiles a method of the root module: its parameters are all the method's arguments but self.
   */
  Code compile(JitModule root, String method) {
    try (PointerScope scope = new PointerScope()) {
      Graph graph = root.get_method(method).graph();
      int parameters = (int) graph.inputs().size() - 1;
      List<Binding> arguments = new ArrayList<>();
      for (int i = 0; i < parameters; i++) {
        arguments.add(new Binding.Slot(i));
      }
      Lowering builder = new Lowering(this, "", parameters);
      Binding result = builder.inlineMethod(root, "", graph, arguments);
      return builder.finish(List.of(builder.slot(result)));
    }
  }

  Constant literal(IValue value) {
    return Constant.of(own(value), null, null, resources);
  }

  private IValue own(IValue value) {
    IValue copy = Natives.keep(new IValue(value));
    resources.add(copy);
    return copy;
  }

  Constant attribute(JitModule module, String owner, String name, IValue value) {
    return attributes.computeIfAbsent(
        identity(module) + "\n" + name,
        key -> {
          return Constant.of(own(placed(value)), owner, name, resources);
        });
  }

  /**
   * Tracing writes the device down on which it happened: it becomes the one to run on. Parameters
   * may lie in lists too, as those of a scripted LSTM.
   */
  IValue placed(IValue value) {
    StoredTensors.check(value);
    return value.isDevice() ? new IValue(cast.device()) : TensorTrees.map(value, cast::apply);
  }
}
