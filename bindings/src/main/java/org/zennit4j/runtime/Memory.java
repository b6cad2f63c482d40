/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.runtime;

import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.IValue;
import org.bytedeco.pytorch.Tensor;
import org.zennit4j.graph.ModuleCall;
import org.zennit4j.graph.OperatorCall;
import org.zennit4j.graph.Operators;
import org.zennit4j.graph.Region;
import org.zennit4j.graph.ir.Instruction;

/**
 * Whether an operator that a model runs in place may be run so here. All who could ever read the
 * old value hold a reference to its memory: other values of the program, views, what autograd saved
 * for the backward pass, the copies that layers and hooks were given, the caller. So a value that
 * is the only one to refer to its tensor, whose tensor is the only one to refer to its memory, and
 * which nothing uses after this operator, can be overwritten without anybody seeing it.
 */
final class Memory {
  private Memory() {}

  /**
   * Whether the first argument of an operator can be overwritten with the result.
   *
   * @param call the operator, after which the slot of its first argument is read no more
   * @param arguments its arguments, the first of which its slot alone holds
   */
  static boolean mayBeOverwritten(Instruction.Operate call, IValue[] arguments) {
    if (call.operator.overwriting() == null
        || !Operators.of(call.operator.name()).is(Operators.Trait.OVERWRITES)
        || !arguments[0].isTensor()) {
      return false;
    }
    try (PointerScope scope = new PointerScope()) {
      Tensor target = arguments[0].toTensor();
      return target.defined()
          && target.use_count() == 1
          && target.has_storage()
          && target.storage().use_count() == 1
          && target.is_floating_point()
          && !target.is_view()
          && !(target.is_leaf() && target.requires_grad())
          && target.is_non_overlapping_and_dense()
          && fits(target, arguments);
    }
  }

  /**
   * The operator that a region consists of, if it can be run in the memory of its argument with a
   * function in its place that does not read that: a ReLU, whose derivative its result tells.
   *
   * @param region a call
   * @param arguments the region's arguments, as above
   * @return the operator, or null
   */
  static Instruction.Operate overwritable(Region region, IValue[] arguments) {
    if (arguments.length == 0 || !region.records()) {
      return null;
    }
    Instruction.Operate only =
        region instanceof OperatorCall call
            ? call.instruction()
            : ((ModuleCall) region).code(false).only();
    return only != null
            && only.in.length == arguments.length
            && Operators.of(only.operator.name()).is(Operators.Trait.IDEMPOTENT)
            && mayBeOverwritten(only, arguments)
        ? only
        : null;
  }

  /** Whether the result has the shape and the dtype of what it would overwrite. */
  private static boolean fits(Tensor target, IValue[] arguments) {
    for (int i = 1; i < arguments.length; i++) {
      if (arguments[i].isTensor()) {
        Tensor other = arguments[i].toTensor();
        if (!other.defined()
            || !other.is_same_size(target)
            || other.scalar_type().intern() != target.scalar_type().intern()) {
          return false;
        }
      }
    }
    return true;
  }
}
