/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.runtime;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.IValue;
import org.bytedeco.pytorch.Tensor;
import org.zennit4j.bindings.Natives;
import org.zennit4j.bindings.UnsupportedOperatorException;
import org.zennit4j.bindings.internal.NativeWork;
import org.zennit4j.graph.Region;
import org.zennit4j.graph.ir.Code;
import org.zennit4j.graph.ir.Constant;
import org.zennit4j.graph.ir.Instruction;

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
    if (region.instruction() instanceof Instruction.Operate operate) {
      IValue[] replaced = arguments.clone();
      List<IValue> made = new ArrayList<>();
      for (Map.Entry<String, Tensor> entry : parameters.entrySet()) {
        int k = operate.operator.argument(entry.getKey());
        if (k < 0) {
          throw new UnsupportedOperatorException(
              region + " has no parameter '" + entry.getKey() + "'");
        }
        try (PointerScope scope = new PointerScope()) {
          replaced[k] = Natives.keep(new IValue(entry.getValue()));
        }
        made.add(replaced[k]);
      }
      try {
        return Interpreter.operate(operate, replaced);
      } finally {
        Natives.releaseAll(made);
      }
    }
    Code code = region.code(!parameters.isEmpty());
    IValue[] substitutes = null;
    if (!parameters.isEmpty()) {
      substitutes = new IValue[code.constants().size()];
      for (int i = 0; i < substitutes.length; i++) {
        Constant constant = code.constants().get(i);
        Tensor tensor =
            constant.name() != null && region.name().equals(constant.owner())
                ? parameters.get(constant.name())
                : null;
        if (tensor != null) {
          try (PointerScope scope = new PointerScope()) {
            substitutes[i] = Natives.keep(new IValue(tensor));
          }
        }
      }
    }
    try {
      return PLAIN.run(code, arguments, substitutes);
    } finally {
      if (substitutes != null) {
        for (IValue value : substitutes) {
          Natives.release(value);
        }
      }
    }
  }
}
