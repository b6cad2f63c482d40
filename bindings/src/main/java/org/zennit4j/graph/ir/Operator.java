/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.graph.ir;

import java.util.List;
import org.bytedeco.pytorch.Operation;

/**
 * One of LibTorch's operators, ready to be called with a stack.
 *
 * @param name the qualified name, such as {@code aten::conv2d}
 * @param arguments the names of the schema's arguments, empty where there is no schema
 * @param vararg whether the number of arguments must lie on top of the stack
 * @param operation the implementation; owned by the program
 * @param withoutDerivative whether LibTorch lets no gradient through it
 * @param mode the modes of the thread in which the model runs it
 * @param overwriting the same in the memory of its first argument, where the model asks for that;
 *     owned by the program; or null
 */
public record Operator(
    String name,
    List<String> arguments,
    boolean vararg,
    Operation operation,
    boolean withoutDerivative,
    OperatorMode mode,
    Operation overwriting) {
  /** An operator that runs as any does. */
  public Operator(
      String name,
      List<String> arguments,
      boolean vararg,
      Operation operation,
      boolean withoutDerivative) {
    this(name, arguments, vararg, operation, withoutDerivative, OperatorMode.PLAIN, null);
  }

  /** The same in other modes. */
  public Operator in(OperatorMode other) {
    return new Operator(name, arguments, vararg, operation, withoutDerivative, other, overwriting);
  }

  /** The same, which may also run as an operator that works in place does. */
  public Operator orOverwriting(Operator inPlace) {
    return new Operator(
        name, arguments, vararg, operation, withoutDerivative, mode, inPlace.operation);
  }

  public int argument(String argument) {
    return arguments.indexOf(argument);
  }

  /** The name without its namespace. */
  public String shortName() {
    return name.substring(name.indexOf("::") + 2);
  }
}
