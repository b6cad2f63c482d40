/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.graph;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import org.bytedeco.pytorch.IValue;
import org.bytedeco.pytorch.Tensor;
import org.zennit4j.graph.ir.Code;
import org.zennit4j.graph.ir.Constant;
import org.zennit4j.graph.ir.Instruction;

/** One operator of LibTorch at one place of a {@link Program}, inside of a module or functional. */
public final class OperatorCall extends Region {
  private final Instruction.Operate operate;
  private final Code owner;

  OperatorCall(
      Layer layer,
      Region parent,
      Instruction.Operate operate,
      Code owner,
      Map<String, Tensor> parameters,
      LinearMap linearMap,
      Signs signs) {
    super(operate.id, layer, parent, parameters, linearMap, signs);
    this.operate = operate;
    this.owner = owner;
  }

  /**
   * The operator's name.
   *
   * @return such as {@code aten::conv2d}
   */
  public String operator() {
    return operate.operator.name();
  }

  /**
   * The names of the operator's arguments, constants included.
   *
   * @return in the order of the schema; empty for operators without one
   */
  public List<String> arguments() {
    return operate.operator.arguments();
  }

  /**
   * An argument that is a constant.
   *
   * @param argument its name, such as {@code dim}
   * @return the value, owned by the program; empty if there is no such argument, or it is computed
   */
  public Optional<IValue> constant(String argument) {
    return Optional.ofNullable(owner.constant(operate, argument)).map(Constant::value);
  }

  @Override
  public OptionalDouble number(String argument) {
    IValue value = constant(argument).orElse(null);
    if (value == null) {
      return OptionalDouble.empty();
    }
    if (value.isDouble()) {
      return OptionalDouble.of(value.toDouble());
    }
    return value.isInt() ? OptionalDouble.of((double) value.toInt()) : OptionalDouble.empty();
  }

  @Override
  public Optional<List<Long>> integers(String argument) {
    return constant(argument)
        .filter(Constant::isIntegers)
        .map(value -> Arrays.stream(Constant.integers(value)).boxed().toList());
  }

  /**
   * The instruction, for those that run or rewrite it.
   *
   * @return as a front end or an editor made it
   */
  @SuppressWarnings("exports")
  public Instruction.Operate instruction() {
    return operate;
  }

  /** The code in which the call stands. */
  Code owner() {
    return owner;
  }

  @Override
  public Optional<BatchNorm> batchNorm() {
    return Optional.ofNullable(BatchNorm.of(operate, owner));
  }

  @Override
  public String path() {
    return operate.path;
  }

  @Override
  public List<String> operators() {
    return List.of(operator());
  }

  @Override
  public Optional<String> onlyOperator() {
    boolean single =
        operate.in.length > 0
            && operate.in[0] >= 0
            && Arrays.stream(operate.in).skip(1).allMatch(slot -> slot < 0);
    return single ? Optional.of(operate.operator.name()) : Optional.empty();
  }

  @Override
  public boolean overwritesInput() {
    return operate.inPlace;
  }

  @Override
  public boolean records() {
    return operate.operator.mode().records();
  }
}
