/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.graph;

import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.IValue;
import org.zennit4j.graph.ir.Block;
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
      Walk walk = new Walk(entry, /* trustsLists= */ true);
      if (walk.unknownElements) {
        walk = new Walk(entry, /* trustsLists= */ false);
      }
      return walk.unknownWrites ? Map.of() : walk.calls;
    }
  }

  /** One way through the program. */
  private static final class Walk {
    final Map<Integer, Boolean> calls = new HashMap<>();
    final boolean trustsLists;
    boolean unknownWrites;
    boolean unknownElements;

    Walk(Instruction.Invoke entry, boolean trustsLists) {
      this.trustsLists = trustsLists;
      run(entry.callee, new boolean[entry.callee.parameters()]);
    }

    private boolean[] run(Code code, boolean[] arguments) {
      Known known = new Known(code, new HashSet<>());
      for (int i = 0; i < arguments.length; i++) {
        known.put(i, arguments[i]);
      }
      run(code.body(), known);
      return known.all(code.body().results);
    }

    private void run(Block block, Known known) {
      for (Instruction instruction : block.instructions) {
        if (instruction instanceof Instruction.Operate operate) {
          note(operate.id, operate.in, known);
          operate(new Call(operate, known), known);
        } else if (instruction instanceof Instruction.Invoke invoke) {
          note(invoke.id, invoke.in, known);
          known.putAll(invoke.out, run(invoke.callee, known.all(invoke.in)));
        } else if (instruction instanceof Instruction.Branch branch) {
          Known other = known.copy();
          run(branch.then, known);
          run(branch.otherwise, other);
          boolean[] then = known.all(branch.then.results);
          known.putAll(branch.out, and(then, other.all(branch.otherwise.results)));
        } else if (instruction instanceof Instruction.Loop loop) {
          loop(loop, known);
        } else {
          boolean keeps =
              instruction instanceof Instruction.Alias
                  || instruction instanceof Instruction.Unpack
                  || instruction instanceof Instruction.Slice
                  || instruction instanceof Instruction.Element;
          boolean makes =
              instruction instanceof Instruction.MakeList
                  || instruction instanceof Instruction.MakeTuple;
          boolean result =
              keeps
                  ? known.has(instruction.in[0])
                  : makes && trustsLists && known.hasAll(instruction.in);
          for (int slot : instruction.out) {
            known.put(slot, result);
          }
        }
      }
    }

    /** What a call is given; a call that is met several times has to be given such each time. */
    private void note(int id, int[] slots, Known known) {
      int[] values = Arrays.stream(slots).filter(s -> s >= 0).toArray();
      calls.merge(id, values.length > 0 && known.hasAll(values), Boolean::logicalAnd);
    }

    private void loop(Instruction.Loop loop, Known known) {
      int carried = loop.out.length;
      boolean[] values = known.all(Arrays.copyOfRange(loop.in, 2, 2 + carried));
      int[] slots = Arrays.copyOfRange(loop.bodyIn, 1, 1 + carried);
      for (boolean changed = true; changed; ) {
        known.put(loop.bodyIn[0], false);
        known.putAll(slots, values);
        run(loop.body, known);
        boolean[] after = known.all(loop.body.results);
        boolean[] next = and(values, Arrays.copyOfRange(after, 1, 1 + carried));
        changed = !Arrays.equals(values, next);
        values = next;
      }
      known.putAll(loop.out, values);
    }

    private void operate(Call call, Known known) {
      boolean result = call.neverNegative();
      boolean toConstant = call.operate.in.length > 0 && call.operate.in[0] < 0;
      if (call.writes && !result && !toConstant) {
        unknownWrites = true;
      }
      if (call.info.is(Operators.Trait.STORES)) {
        int[] in = call.operate.in;
        boolean element = known.has(in[in.length - 1]);
        unknownElements |= !element;
        result = element && known.has(in[0]);
      }
      for (int slot : call.operate.out) {
        known.put(slot, result);
      }
    }

    private static boolean[] and(boolean[] a, boolean[] b) {
      boolean[] both = new boolean[a.length];
      for (int i = 0; i < both.length; i++) {
        both[i] = a[i] && b[i];
      }
      return both;
    }
  }

  /** The slots of one code whose values are never negative; numbers speak for themselves. */
  private record Known(Code code, Set<Integer> slots) {
    Known copy() {
      return new Known(code, new HashSet<>(slots));
    }

    boolean has(int slot) {
      return slot >= 0 ? slots.contains(slot) : isNotNegative(code.constant(slot).value());
    }

    boolean hasAll(int[] wanted) {
      return wanted.length > 0 && Arrays.stream(wanted).allMatch(this::has);
    }

    boolean[] all(int[] wanted) {
      boolean[] result = new boolean[wanted.length];
      for (int i = 0; i < result.length; i++) {
        result[i] = has(wanted[i]);
      }
      return result;
    }

    void put(int slot, boolean value) {
      if (value) {
        slots.add(slot);
      } else {
        slots.remove(slot);
      }
    }

    void putAll(int[] wanted, boolean[] values) {
      for (int i = 0; i < wanted.length; i++) {
        put(wanted[i], values[i]);
      }
    }

    private static boolean isNotNegative(IValue value) {
      return value.isDouble() ? value.toDouble() >= 0 : value.isInt() && value.toInt() >= 0;
    }
  }

  /** A call of an operator and what is known about its arguments. */
  private static final class Call {
    final Instruction.Operate operate;
    final Known known;

    final Operators.Info info;

    /** Without namespace, and without the underscore of operators that write. */
    final String name;

    /** Whether memory that others may see is written. */
    final boolean writes;

    Call(Instruction.Operate operate, Known known) {
      this.operate = operate;
      this.known = known;
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
        case "add" -> first() && known.has(operate.in[1]) && (isNone("alpha") || has("alpha"));
        case "mul" -> first() && known.has(operate.in[1]);
        case "div" -> first() && isPositive(operate.in[1]);
        case "maximum" -> first() || known.has(operate.in[1]);
        case "minimum" -> first() && known.has(operate.in[1]);
        case "clamp_min" -> first() || has("min");
        case "clamp_max" -> first() && has("max");
        case "clamp" -> (first() || has("min")) && (isNone("max") || has("max"));
        case "hardtanh" -> has("min_val") && has("max_val");
        // A window of a dilated pooling may lie in the padding, which is minus infinity.
        case "max_pool1d", "max_pool2d", "max_pool3d", "max_pool2d_with_indices" ->
            first() && isDense();
        case "avg_pool1d", "avg_pool2d", "avg_pool3d" -> first() && isNone("divisor_override");
        case "constant_pad_nd", "pad" -> first() && (isNone("value") || has("value"));
        case "copy", "fill" -> known.has(operate.in[1]);
        default -> false;
      };
    }

    private boolean first() {
      return operate.in.length > 0 && known.has(operate.in[0]);
    }

    private boolean has(String argument) {
      int k = operate.operator.argument(argument);
      return k >= 0 && known.has(operate.in[k]);
    }

    /** Whether there is no such argument, or nothing is given for it. */
    private boolean isNone(String argument) {
      int k = operate.operator.argument(argument);
      return k < 0 || (operate.in[k] < 0 && known.code().constant(operate.in[k]).isNone());
    }

    private boolean isPositive(int slot) {
      if (slot >= 0) {
        return false;
      }
      IValue value = known.code().constant(slot).value();
      return value.isDouble() ? value.toDouble() > 0 : value.isInt() && value.toInt() > 0;
    }

    private boolean isDense() {
      Constant dilation = known.code().constant(operate, "dilation");
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
