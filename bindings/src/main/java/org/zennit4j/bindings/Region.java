/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.bindings;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import org.bytedeco.pytorch.IValue;
import org.bytedeco.pytorch.Tensor;

/**
 * One call site of a {@link Layer} in a {@link Program}: what a rule is bound to. A module that is
 * called twice has two regions, each with inputs of its own.
 *
 * <p>Immutable and thread-safe. Tensors that it returns belong to the program and are valid until
 * the model is closed.
 */
public final class Region {
  private final int id;
  private final Layer layer;
  private final Region parent;
  private final Instruction instruction;
  private final Code owner;
  private final Map<String, Tensor> parameters;
  private final LinearMap linearMap;
  private final Signs signs;

  Region(
      int id,
      Layer layer,
      Region parent,
      Instruction instruction,
      Code owner,
      Map<String, Tensor> parameters,
      LinearMap linearMap,
      Signs signs) {
    this.id = id;
    this.layer = layer;
    this.parent = parent;
    this.instruction = instruction;
    this.owner = owner;
    this.parameters = parameters;
    this.linearMap = linearMap;
    this.signs = signs;
  }

  /**
   * The number of this call site in its program; call sites are numbered in the order in which they
   * are first reached.
   *
   * @return a number from 0 on, stable under canonizers
   */
  public int id() {
    return id;
  }

  /**
   * The layer that is called here.
   *
   * @return the layer
   */
  public Layer layer() {
    return layer;
  }

  /**
   * The layer's name.
   *
   * @return as {@link Layer#name()}
   */
  public String name() {
    return layer.name();
  }

  /**
   * The call that this one is a part of.
   *
   * @return the enclosing call, empty for the root
   */
  public Optional<Region> parent() {
    return Optional.ofNullable(parent);
  }

  /**
   * The layer's own parameters, canonizers applied; a functional operator has the constant tensors
   * among its arguments, by argument name.
   *
   * @return name to tensor, in the order of use; never to be written to or closed
   */
  public Map<String, Tensor> parameters() {
    return parameters;
  }

  /**
   * The linear map that this layer is, if it is exactly one convolution or matrix product of its
   * only input.
   *
   * @return the map, or empty
   */
  public Optional<LinearMap> linearMap() {
    return Optional.ofNullable(linearMap);
  }

  /**
   * The batch normalisation that this layer is, if it is exactly one in evaluation mode.
   *
   * @return the normalisation, or empty
   */
  public Optional<BatchNorm> batchNorm() {
    return Optional.ofNullable(
        instruction instanceof Instruction.Invoke invoke
            ? BatchNorm.of(invoke, layer.className())
            : BatchNorm.of((Instruction.Operate) instruction, owner));
  }

  /**
   * The path of the module in whose forward the call stands; for a module's call the module itself.
   *
   * @return the path, "" for the root
   */
  public String path() {
    return instruction instanceof Instruction.Invoke invoke
        ? invoke.path
        : ((Instruction.Operate) instruction).path;
  }

  /**
   * Whether this is one operator, not a module.
   *
   * @return true for an operator, inside a module or functional
   */
  public boolean isOperator() {
    return instruction instanceof Instruction.Operate;
  }

  /**
   * A number among an operator's constant arguments.
   *
   * @param argument the argument's name, such as {@code alpha}
   * @return the number, or empty if there is none
   */
  public OptionalDouble number(String argument) {
    Constant constant =
        instruction instanceof Instruction.Operate operate
            ? LinearMaps.constant(operate, owner, argument)
            : null;
    if (constant == null) {
      return OptionalDouble.empty();
    }
    IValue value = constant.value();
    if (value.isDouble()) {
      return OptionalDouble.of(value.toDouble());
    }
    return value.isInt() ? OptionalDouble.of((double) value.toInt()) : OptionalDouble.empty();
  }

  /**
   * A list of integers among an operator's constant arguments.
   *
   * @param argument the argument's name, such as {@code dims}
   * @return the integers in order, or empty if there is no such list or it depends on the input
   */
  public Optional<List<Long>> integers(String argument) {
    Constant constant =
        instruction instanceof Instruction.Operate operate
            ? LinearMaps.constant(operate, owner, argument)
            : null;
    return constant != null && LinearMaps.isIntegers(constant.value())
        ? Optional.of(Arrays.stream(LinearMaps.longs(constant.value())).boxed().toList())
        : Optional.empty();
  }

  /**
   * The operators that run in this layer, in order, calls inside included.
   *
   * @return qualified names such as {@code aten::conv2d}
   */
  public List<String> operators() {
    if (instruction instanceof Instruction.Operate operate) {
      return List.of(operate.operator.name());
    }
    List<String> names = new java.util.ArrayList<>();
    collect(code().body(), names);
    return names;
  }

  private static void collect(Block block, List<String> names) {
    for (Instruction i : block.instructions) {
      if (i instanceof Instruction.Operate operate) {
        names.add(operate.operator.name());
      } else if (i instanceof Instruction.Invoke invoke) {
        collect(invoke.callee.body(), names);
      } else if (i instanceof Instruction.Branch branch) {
        collect(branch.then, names);
        collect(branch.otherwise, names);
      } else if (i instanceof Instruction.Loop loop) {
        collect(loop.body, names);
      }
    }
  }

  /** Whether the program tells that no input of this call is ever negative. */
  boolean inputsNeverNegative() {
    return signs.inputsNeverNegative(id);
  }

  Instruction instruction() {
    return instruction;
  }

  /** The code in which the call stands; the root's own code for the root. */
  Code owner() {
    return owner;
  }

  Code code() {
    return code(false);
  }

  /** What runs; with other parameters that is more for a normalisation that was merged away. */
  Code code(boolean withParameters) {
    if (instruction instanceof Instruction.Invoke invoke) {
      return withParameters ? invoke.parametrised : invoke.callee;
    }
    return owner;
  }

  /**
   * Whether the model writes the result into its input's memory, as an in-place ReLU does. Here
   * both keep their values; a rule that follows Zennit may want to know.
   *
   * @return true for a layer that is exactly one in-place operator
   */
  public boolean overwritesInput() {
    if (instruction instanceof Instruction.Invoke invoke) {
      Instruction.Operate sole = LinearMaps.sole(invoke.callee);
      return sole != null && sole.inPlace;
    }
    return ((Instruction.Operate) instruction).inPlace;
  }

  @Override
  public String toString() {
    return layer + " @" + id;
  }
}
