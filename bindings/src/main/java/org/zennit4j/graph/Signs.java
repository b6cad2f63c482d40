/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.graph;

import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.IValue;
import org.zennit4j.graph.ir.Code;
import org.zennit4j.graph.ir.Constant;
import org.zennit4j.graph.ir.Instruction;

/**
 * Which values of a program are never below zero, whatever its inputs: those behind a ReLU, a
 * softmax and the like, and what is only moved, pooled or added up of such. A value counts as never
 * negative if no element compares as less than zero; -0.0 and NaN may occur.
 *
 * <p>Both ways of a condition and all turns of a loop have to agree. A write into memory that
 * others may see is followed only if what it writes is not negative either; after any other write
 * nothing is known about the whole program. Casts end what is known, since integers may overflow.
 *
 * <p>Found when first asked for; thread-safe.
 */
final class Signs {

  private final Instruction.Invoke entry;
  private Map<Integer, Boolean> found;

  /**
   * Prepares the search.
   *
   * @param entry the call of the whole model
   */
  Signs(Instruction.Invoke entry) {
    this.entry = entry;
  }

  /**
   * Whether no input of a call is ever negative.
   *
   * @param id of a call's region
   * @return false where it is not known, or nothing but constants is given to the call
   */
  synchronized boolean inputsNeverNegative(int id) {
    if (found == null) {
      found = find();
    }
    return found.getOrDefault(id, false);
  }

  private Map<Integer, Boolean> find() {
    try (PointerScope scope = new PointerScope()) {
      Analysis analysis = new Analysis(entry, /* trustsLists= */ true);
      if (analysis.unknownElements) {
        analysis = new Analysis(entry, /* trustsLists= */ false);
      }
      return analysis.unknownWrites ? Map.of() : analysis.calls;
    }
  }

  /** What is true of a value that is never negative; numbers speak for themselves. */
  private static final class Analysis extends ForwardAnalysis<Boolean> {
    final Map<Integer, Boolean> calls = new HashMap<>();
    final boolean trustsLists;
    boolean unknownWrites;
    boolean unknownElements;

    Analysis(Instruction.Invoke entry, boolean trustsLists) {
      this.trustsLists = trustsLists;
      run(entry.callee, Collections.nCopies(entry.callee.parameters(), false));
    }

    @Override
    Boolean constant(Constant constant) {
      IValue value = constant.value();
      return value.isDouble() ? value.toDouble() >= 0 : value.isInt() && value.toInt() >= 0;
    }

    @Override
    Boolean unknown() {
      return false;
    }

    @Override
    Boolean join(Boolean a, Boolean b) {
      return a && b;
    }

    @Override
    void enter(Instruction.Invoke call, List<Boolean> in) {
      note(call.id, call.in, in);
    }

    /** What a call is given; a call that is met several times has to be given such each time. */
    private void note(int id, int[] slots, List<Boolean> in) {
      boolean some = false;
      boolean all = true;
      for (int i = 0; i < slots.length; i++) {
        some |= slots[i] >= 0;
        all &= slots[i] < 0 || in.get(i);
      }
      calls.merge(id, some && all, Boolean::logicalAnd);
    }

    @Override
    List<Boolean> operate(Instruction.Operate operate, List<Boolean> in, Frame frame) {
      note(operate.id, operate.in, in);
      Call call = new Call(operate, in, frame.code());
      boolean result = call.neverNegative();
      boolean toConstant = operate.in.length > 0 && operate.in[0] < 0;
      if (call.writes && !result && !toConstant) {
        unknownWrites = true;
      }
      if (call.info.is(Operators.Trait.STORES)) {
        boolean element = in.get(in.size() - 1);
        unknownElements |= !element;
        result = element && in.get(0);
      }
      return Collections.nCopies(operate.out.length, result);
    }

    @Override
    List<Boolean> structure(Instruction instruction, List<Boolean> in, Frame frame) {
      boolean result =
          instruction.accept(
              new Instruction.Visitor<Boolean>() {
                @Override
                public Boolean makeList(Instruction.MakeList make) {
                  return made();
                }

                @Override
                public Boolean makeTuple(Instruction.MakeTuple make) {
                  return made();
                }

                private boolean made() {
                  return trustsLists && !in.isEmpty() && in.stream().allMatch(known -> known);
                }

                @Override
                public Boolean unpack(Instruction.Unpack unpack) {
                  return in.get(0);
                }

                @Override
                public Boolean slice(Instruction.Slice slice) {
                  return in.get(0);
                }

                @Override
                public Boolean element(Instruction.Element element) {
                  return in.get(0);
                }

                @Override
                public Boolean other(Instruction any) {
                  return false;
                }
              });
      return Collections.nCopies(instruction.out.length, result);
    }
  }

  /** A call of an operator and what is known about its arguments. */
  private static final class Call {
    final Instruction.Operate operate;
    final List<Boolean> known;
    final Code code;
    final Operators.Info info;

    /** Without namespace, and without the underscore of operators that write. */
    final String name;

    /** Whether memory that others may see is written. */
    final boolean writes;

    Call(Instruction.Operate operate, List<Boolean> known, Code code) {
      this.operate = operate;
      this.known = known;
      this.code = code;
      String full = operate.operator.name();
      String own = full.startsWith("aten::") ? operate.operator.shortName() : full;
      boolean inPlace = Operators.isInPlace(own);
      boolean augmented =
          own.startsWith("__i") && !own.equals("__is__") && !own.equals("__isnot__");
      this.info = Operators.of(full);
      this.name = info.name();
      this.writes = inPlace || augmented || operate.operator.argument("out") >= 0;
    }

    boolean neverNegative() {
      if (!isNone("dtype") || (name.equals("to") && operate.operator.argument("other") >= 0)) {
        return false;
      }
      if (info.is(Operators.Trait.NEVER_NEGATIVE)) {
        return true;
      }
      if (info.is(Operators.Trait.KEEPS_SIGN)) {
        return first();
      }
      return switch (name) {
        case "add" -> first() && known.get(1) && (isNone("alpha") || has("alpha"));
        case "mul" -> first() && known.get(1);
        case "div" -> first() && isPositive(operate.in[1]);
        case "maximum" -> first() || known.get(1);
        case "minimum" -> first() && known.get(1);
        case "clamp_min" -> first() || has("min");
        case "clamp_max" -> first() && has("max");
        case "clamp" -> (first() || has("min")) && (isNone("max") || has("max"));
        case "hardtanh" -> has("min_val") && has("max_val");
        // A window of a dilated pooling may lie in the padding, which is minus infinity.
        case "max_pool1d", "max_pool2d", "max_pool3d", "max_pool2d_with_indices" ->
            first() && isDense();
        case "avg_pool1d", "avg_pool2d", "avg_pool3d" -> first() && isNone("divisor_override");
        case "constant_pad_nd", "pad" -> first() && (isNone("value") || has("value"));
        // The copy of a list takes nothing else.
        case "copy", "fill" -> known.size() > 1 ? known.get(1) : first();
        default -> false;
      };
    }

    private boolean first() {
      return !known.isEmpty() && known.get(0);
    }

    private boolean has(String argument) {
      int k = operate.operator.argument(argument);
      return k >= 0 && known.get(k);
    }

    /** Whether there is no such argument, or nothing is given for it. */
    private boolean isNone(String argument) {
      int k = operate.operator.argument(argument);
      return k < 0 || (operate.in[k] < 0 && code.constant(operate.in[k]).isNone());
    }

    private boolean isPositive(int slot) {
      if (slot >= 0) {
        return false;
      }
      IValue value = code.constant(slot).value();
      return value.isDouble() ? value.toDouble() > 0 : value.isInt() && value.toInt() > 0;
    }

    private boolean isDense() {
      Constant dilation = code.constant(operate, "dilation");
      if (dilation == null) {
        return false;
      }
      IValue value = dilation.value();
      if (value.isInt()) {
        return value.toInt() == 1;
      }
      return Constant.isIntegers(value)
          && Arrays.stream(Constant.integers(value)).allMatch(d -> d == 1);
    }
  }
}
