/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.graph.ir;

import java.util.Arrays;
import java.util.List;

/**
 * What one call of a module runs: its parameters lie in slots 0 to {@code parameters - 1}, its
 * results in the slots of {@code body.results}. Methods of the same module and free functions are
 * already part of it; calls of other modules are {@link Instruction.Invoke}s. A code belongs to one
 * call site, so that a canonizer can change it there alone.
 *
 * @param path the path of the module
 * @param parameters number of parameters
 * @param slots number of slots of a frame
 * @param constants values of the negative slots
 * @param body the instructions
 */
public record Code(String path, int parameters, int slots, List<Constant> constants, Block body) {
  public Code {
    constants = List.copyOf(constants);
  }

  public Constant constant(int slot) {
    return constants.get(-1 - slot);
  }

  /**
   * An argument of an operator that is a constant.
   *
   * @param operate an operator of this code
   * @param argument the argument's name
   * @return the constant, or null if there is no such argument or it is none
   */
  public Constant constant(Instruction.Operate operate, String argument) {
    int k = operate.operator.argument(argument);
    return k < 0 || operate.in[k] >= 0 ? null : constant(operate.in[k]);
  }

  /**
   * The operator that this code is.
   *
   * @return the only instruction, where that is an operator whose first argument is the code's only
   *     parameter, all others are constants, and whose result is the code's; else null
   */
  public Instruction.Operate only() {
    if (parameters != 1
        || body.instructions.size() != 1
        || !(body.instructions.get(0) instanceof Instruction.Operate operate)
        || operate.in.length == 0
        || operate.in[0] != 0
        || !Arrays.equals(operate.out, body.results)) {
      return null;
    }
    return Arrays.stream(operate.in).skip(1).allMatch(slot -> slot < 0) ? operate : null;
  }
}
