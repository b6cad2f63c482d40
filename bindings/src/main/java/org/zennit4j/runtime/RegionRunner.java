/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.runtime;

import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.IValue;
import org.bytedeco.pytorch.Tensor;
import org.zennit4j.bindings.Natives;
import org.zennit4j.bindings.UnsupportedOperatorException;
import org.zennit4j.bindings.internal.NativeWork;
import org.zennit4j.graph.ModuleCall;
import org.zennit4j.graph.OperatorCall;
import org.zennit4j.graph.Region;
import org.zennit4j.graph.ir.Constant;

/** Runs a region's part of the program on its own, with other parameters where they are given. */
final class RegionRunner {
  private static final Interpreter PLAIN = new Interpreter(null, NativeWork::checkEnding);

  private RegionRunner() {}

  /**
   * Runs a region.
   *
   * @param region what to run
   * @param arguments the arguments of the call, not owned
   * @param parameters replacements by parameter name
   * @return the results, kept for the caller
   */
  static IValue[] run(Region region, IValue[] arguments, Map<String, Tensor> parameters) {
    if (parameters.isEmpty()) {
      return run(PLAIN, region, arguments);
    }
    IValue[] replaced =
        region instanceof OperatorCall call
            ? replacedArguments(call, arguments, parameters)
            : replacedConstants((ModuleCall) region, parameters);
    try {
      return region instanceof OperatorCall call
          ? Interpreter.operate(call.instruction(), merge(arguments, replaced))
          : PLAIN.run(((ModuleCall) region).code(true), arguments, replaced);
    } finally {
      for (IValue value : replaced) {
        Natives.release(value);
      }
    }
  }

  /**
   * Runs a region with its own parameters.
   *
   * @param interpreter runs what is inside of a module
   * @param region what to run
   * @param arguments the arguments of the call, not owned
   * @return the results, kept for the caller
   */
  static IValue[] run(Interpreter interpreter, Region region, IValue[] arguments) {
    return region instanceof OperatorCall call
        ? Interpreter.operate(call.instruction(), arguments)
        : interpreter.run(((ModuleCall) region).code(false), arguments, null);
  }

  private static IValue[] replacedArguments(
      OperatorCall call, IValue[] arguments, Map<String, Tensor> parameters) {
    for (String name : parameters.keySet()) {
      if (!call.arguments().contains(name)) {
        throw new UnsupportedOperatorException(call + " has no parameter '" + name + "'");
      }
    }
    IValue[] replaced = new IValue[arguments.length];
    parameters.forEach((name, tensor) -> replaced[call.arguments().indexOf(name)] = value(tensor));
    return replaced;
  }

  private static IValue[] replacedConstants(ModuleCall call, Map<String, Tensor> parameters) {
    List<Constant> constants = call.code(true).constants();
    IValue[] replaced = new IValue[constants.size()];
    for (int i = 0; i < replaced.length; i++) {
      Constant constant = constants.get(i);
      boolean own = constant.name() != null && call.name().equals(constant.owner());
      Tensor tensor = own ? parameters.get(constant.name()) : null;
      replaced[i] = tensor == null ? null : value(tensor);
    }
    return replaced;
  }

  private static IValue[] merge(IValue[] arguments, IValue[] replaced) {
    IValue[] merged = arguments.clone();
    for (int i = 0; i < merged.length; i++) {
      merged[i] = replaced[i] == null ? merged[i] : replaced[i];
    }
    return merged;
  }

  private static IValue value(Tensor tensor) {
    try (PointerScope scope = new PointerScope()) {
      return Natives.keep(new IValue(tensor));
    }
  }
}
