/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.bindings;

import java.util.Arrays;
import java.util.List;

/**
 * One step of a {@link Code}. Values are named by slots: slots from 0 on belong to the frame, slot
 * {@code -1 - k} is constant {@code k}.
 */
abstract sealed class Instruction {
  private static final int[] NONE = {};

  final int[] in;
  final int[] out;

  private Instruction(int[] in, int[] out) {
    this.in = in;
    this.out = out;
  }

  /** A call of one of LibTorch's operators. */
  static final class Operate extends Instruction {
    final int id;
    final Operator operator;
    final String path;

    /** Whether the model overwrites the first argument with the result. */
    final boolean inPlace;

    /** The name of the layer that a canonizer made of this operator, or null. */
    final String sumName;

    /** The order in which the inputs of such a layer are listed, or null. */
    final int[] sumOrder;

    Operate(
        int id,
        Operator operator,
        String path,
        int[] in,
        int[] out,
        boolean inPlace,
        String sumName,
        int[] sumOrder) {
      super(in, out);
      this.id = id;
      this.operator = operator;
      this.path = path;
      this.inPlace = inPlace;
      this.sumName = sumName;
      this.sumOrder = sumOrder;
    }

    Operate withInputs(int[] inputs) {
      return new Operate(id, operator, path, inputs, out, inPlace, sumName, sumOrder);
    }

    Operate asSum(String name, int[] order) {
      return new Operate(id, operator, path, in, out, inPlace, name, order);
    }
  }

  /** A call of a module's forward. */
  static final class Invoke extends Instruction {
    final int id;
    final String path;
    final Code callee;

    /** What a rule runs with other parameters, where that is more than what the program runs. */
    final Code parametrised;

    Invoke(int id, String path, Code callee, int[] in, int[] out) {
      this(id, path, callee, callee, in, out);
    }

    private Invoke(int id, String path, Code callee, Code parametrised, int[] in, int[] out) {
      super(in, out);
      this.id = id;
      this.path = path;
      this.callee = callee;
      this.parametrised = parametrised;
    }

    Invoke withCallee(Code code) {
      return new Invoke(id, path, code, code, in, out);
    }

    Invoke withCallee(Code code, Code forRules) {
      return new Invoke(id, path, code, forRules, in, out);
    }
  }

  /** {@code prim::If}. */
  static final class Branch extends Instruction {
    final Block then;
    final Block otherwise;

    Branch(int condition, Block then, Block otherwise, int[] out) {
      super(new int[] {condition}, out);
      this.then = then;
      this.otherwise = otherwise;
    }
  }

  /**
   * {@code prim::Loop}: in = limit, condition, carried values; the body's inputs = counter, carried
   * values.
   */
  static final class Loop extends Instruction {
    final int[] bodyIn;
    final Block body;

    Loop(int[] in, int[] bodyIn, Block body, int[] out) {
      super(in, out);
      this.bodyIn = bodyIn;
      this.body = body;
    }
  }

  /** Makes a list of the inputs. */
  static final class MakeList extends Instruction {
    final org.bytedeco.pytorch.Type.TypePtr element;

    MakeList(org.bytedeco.pytorch.Type.TypePtr element, int[] in, int out) {
      super(in, new int[] {out});
      this.element = element;
    }
  }

  /** Makes a tuple of the inputs. */
  static final class MakeTuple extends Instruction {
    MakeTuple(int[] in, int out) {
      super(in, new int[] {out});
    }
  }

  /** Makes a dictionary: in = key, value, key, value... */
  static final class MakeDict extends Instruction {
    final org.bytedeco.pytorch.Type.TypePtr key;
    final org.bytedeco.pytorch.Type.TypePtr value;

    MakeDict(
        org.bytedeco.pytorch.Type.TypePtr key,
        org.bytedeco.pytorch.Type.TypePtr value,
        int[] in,
        int out) {
      super(in, new int[] {out});
      this.key = key;
      this.value = value;
    }
  }

  /** Takes a part of a tuple. */
  static final class Slice extends Instruction {
    final int begin;
    final int end;

    Slice(int tuple, int begin, int end, int out) {
      super(new int[] {tuple}, new int[] {out});
      this.begin = begin;
      this.end = end;
    }
  }

  /** Asks for the type of a value. */
  static final class IsInstance extends Instruction {
    final List<String> kinds;
    final String path;

    IsInstance(int value, List<String> kinds, String path, int out) {
      super(new int[] {value}, new int[] {out});
      this.kinds = List.copyOf(kinds);
      this.path = path;
    }
  }

  /** Takes a list or tuple apart. */
  static final class Unpack extends Instruction {
    Unpack(int in, int[] out) {
      super(new int[] {in}, out);
    }
  }

  /** Takes one element of a tuple: in = tuple, index. */
  static final class Element extends Instruction {
    Element(int tuple, int index, int out) {
      super(new int[] {tuple, index}, new int[] {out});
    }
  }

  /** Gives a value a second slot. */
  static final class Alias extends Instruction {
    /** The number of dimensions that the tensor must have, or 0 for any. */
    final int dimensions;

    /** The module in whose place it stands, for messages. */
    final String path;

    Alias(int in, int out) {
      this(in, out, 0, "");
    }

    Alias(int in, int out, int dimensions, String path) {
      super(new int[] {in}, new int[] {out});
      this.dimensions = dimensions;
      this.path = path;
    }
  }

  /** Looks at values, and throws if they are not as the program needs them. */
  static final class Check extends Instruction {
    /** Looks at the values of the slots, which it does not own. */
    @FunctionalInterface
    interface Checker {
      void check(org.bytedeco.pytorch.IValue[] values);
    }

    final Checker checker;

    Check(int[] in, Checker checker) {
      super(in, NONE);
      this.checker = checker;
    }
  }

  /** Logs what {@code warnings.warn} says. */
  static final class Warn extends Instruction {
    final String path;

    Warn(String path, int message) {
      super(new int[] {message}, NONE);
      this.path = path;
    }
  }

  /** Throws what {@code raise} and {@code assert} say. */
  static final class Raise extends Instruction {
    final String path;

    Raise(String path, int message) {
      super(new int[] {message}, NONE);
      this.path = path;
    }
  }

  /** Stands where something unsupported would run; fails when it is reached. */
  static final class Fail extends Instruction {
    final String message;

    Fail(String message) {
      super(NONE, NONE);
      this.message = message;
    }
  }

  static int[] constantSlots(int[] slots) {
    return Arrays.stream(slots).filter(s -> s < 0).toArray();
  }
}
