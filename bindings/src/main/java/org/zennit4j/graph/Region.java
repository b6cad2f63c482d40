/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.graph;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import org.bytedeco.pytorch.Tensor;

/**
 * One call site of a {@link Layer} in a {@link Program}: what a rule is bound to. A module that is
 * called twice has two regions, each with inputs of its own. It is a {@link ModuleCall} or an
 * {@link OperatorCall}.
 *
 * <p>Immutable and thread-safe. Tensors that it returns belong to the program and are valid until
 * the model is closed.
 */
public abstract sealed class Region permits ModuleCall, OperatorCall {
  private final int id;
  private final Layer layer;
  private final Region parent;
  private final Map<String, Tensor> parameters;
  private final LinearMap linearMap;
  private final Signs signs;

  Region(
      int id,
      Layer layer,
      Region parent,
      Map<String, Tensor> parameters,
      LinearMap linearMap,
      Signs signs) {
    this.id = id;
    this.layer = layer;
    this.parent = parent;
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
  public abstract Optional<BatchNorm> batchNorm();

  /**
   * The path of the module in whose forward the call stands; for a module's call the module itself.
   *
   * @return the path, "" for the root
   */
  public abstract String path();

  /**
   * Whether this is one operator, not a module.
   *
   * @return true for an operator, inside a module or functional
   */
  public boolean isOperator() {
    return this instanceof OperatorCall;
  }

  /**
   * A number among an operator's constant arguments.
   *
   * @param argument the argument's name, such as {@code alpha}
   * @return the number, or empty if there is none
   */
  public abstract OptionalDouble number(String argument);

  /**
   * A list of integers among an operator's constant arguments.
   *
   * @param argument the argument's name, such as {@code dims}
   * @return the integers in order, or empty if there is no such list or it depends on the input
   */
  public abstract Optional<List<Long>> integers(String argument);

  /**
   * The operators that run in this layer, in order, calls inside included.
   *
   * @return qualified names such as {@code aten::conv2d}
   */
  public abstract List<String> operators();

  /**
   * The operator that this layer is.
   *
   * @return its qualified name, such as {@code aten::relu}, if the layer is exactly one operator on
   *     its only input; else empty
   */
  public abstract Optional<String> onlyOperator();

  /**
   * Whether a gradient may pass here.
   *
   * @return false if the model runs all of it without gradients, as in {@code with torch.no_grad()}
   */
  public abstract boolean records();

  /**
   * Whether the program tells that no input of this call is ever negative, because they come from a
   * ReLU, a softmax or the like.
   *
   * @return false where it is not known
   */
  public boolean inputsNeverNegative() {
    return signs.inputsNeverNegative(id);
  }

  /**
   * Whether the model writes the result into its input's memory, as an in-place ReLU does. Here
   * both keep their values where somebody may see them; a rule that follows Zennit may want to
   * know.
   *
   * @return true for a layer that is exactly one in-place operator
   */
  public abstract boolean overwritesInput();

  @Override
  public String toString() {
    return layer + " @" + id;
  }
}
