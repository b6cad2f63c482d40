/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.graph.ir;

import java.util.Arrays;
import java.util.List;

/**
 * One step of a {@link Code}. Values are named by slots: slots from 0 on belong to the frame, slot
 * {@code -1 - k} is constant {@code k}.
 */
public abstract sealed class Instruction {
  private static final int[] NONE = {};

  public final int[] in;
  public final int[] out;

  private Instruction(int[] in, int[] out) {
    this.in = in;
    this.out = out;
  }

  /** A call of one of LibTorch's operators. */
  public static final class Operate extends Instruction {
    public final int id;
    public final Operator operator;
    public final String path;

    /** Whether the model overwrites the first argument with the result. */
    public final boolean inPlace;

    /** The name of the layer that a canonizer made of this operator, or null. */
    public final String sumName;

    /** The order in which the inputs of such a layer are listed, or null. */
    public final int[] sumOrder;

    public Operate(
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

    public Operate withInputs(int[] inputs) {
      return new Operate(id, operator, path, inputs, out, inPlace, sumName, sumOrder);
    }

    public Operate asSum(String name, int[] order) {
      return new Operate(id, operator, path, in, out, inPlace, name, order);
    }
  }

  /** A call of a module's forward. */
  public static final class Invoke extends Instruction {
    public final int id;
    public final String path;
    public final Code callee;

    /** What a rule runs with other parameters, where that is more than what the program runs. */
    public final Code parametrised;

    public Invoke(int id, String path, Code callee, int[] in, int[] out) {
      this(id, path, callee, callee, in, out);
    }

    private Invoke(int id, String path, Code callee, Code parametrised, int[] in, int[] out) {
      super(in, out);
      this.id = id;
      this.path = path;
      this.callee = callee;
      this.parametrised = parametrised;
    }

    public Invoke withCallee(Code code) {
      return new Invoke(id, path, code, code, in, out);
    }

    public Invoke withCallee(Code code, Code forRules) {
      return new Invoke(id, path, code, forRules, in, out);
    }
  }

  /** {@code prim::If}. */
  public static final class Branch extends Instruction {
    public final Block then;
    public final Block otherwise;

    public Branch(int condition, Block then, Block otherwise, int[] out) {
      super(new int[] {condition}, out);
      this.then = then;
      this.otherwise = otherwise;
    }
  }

  /**
   * {@code prim::Loop}: in = limit, condition, carried values; the body's inputs = counter, carried
   * values.
   */
  public static final class Loop extends Instruction {
    public final int[] bodyIn;
    public final Block body;

    public Loop(int[] in, int[] bodyIn, Block body, int[] out) {
      super(in, out);
      this.bodyIn = bodyIn;
      this.body = body;
    }
  }

  /** Makes a list of the inputs. */
  public static final class MakeList extends Instruction {
    public final org.bytedeco.pytorch.Type.TypePtr element;

    public MakeList(org.bytedeco.pytorch.Type.TypePtr element, int[] in, int out) {
      super(in, new int[] {out});
      this.element = element;
    }
  }

  /** Makes a tuple of the inputs. */
  public static final class MakeTuple extends Instruction {
    public MakeTuple(int[] in, int out) {
      super(in, new int[] {out});
    }
  }

  /** Makes a dictionary: in = key, value, key, value... */
  public static final class MakeDict extends Instruction {
    public final org.bytedeco.pytorch.Type.TypePtr key;
    public final org.bytedeco.pytorch.Type.TypePtr value;

    public MakeDict(
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
  public static final class Slice extends Instruction {
    public final int begin;
    public final int end;

    public Slice(int tuple, int begin, int end, int out) {
      super(new int[] {tuple}, new int[] {out});
      this.begin = begin;
      this.end = end;
    }
  }

  /** Asks for the type of a value. */
  public static final class IsInstance extends Instruction {
    public final List<String> kinds;
    public final String path;

    public IsInstance(int value, List<String> kinds, String path, int out) {
      super(new int[] {value}, new int[] {out});
      this.kinds = List.copyOf(kinds);
      this.path = path;
    }
  }

  /** Takes a list or tuple apart. */
  public static final class Unpack extends Instruction {
    public Unpack(int in, int[] out) {
      super(new int[] {in}, out);
    }
  }

  /** Takes one element of a tuple: in = tuple, index. */
  public static final class Element extends Instruction {
    public Element(int tuple, int index, int out) {
      super(new int[] {tuple, index}, new int[] {out});
    }
  }

  /** Gives a value a second slot. */
  public static final class Alias extends Instruction {
    /** The number of dimensions that the tensor must have, or 0 for any. */
    public final int dimensions;

    /** The module in whose place it stands, for messages. */
    public final String path;

    public Alias(int in, int out) {
      this(in, out, 0, "");
    }

    public Alias(int in, int out, int dimensions, String path) {
      super(new int[] {in}, new int[] {out});
      this.dimensions = dimensions;
      this.path = path;
    }
  }

  /** Logs what {@code warnings.warn} says. */
  public static final class Warn extends Instruction {
    public final String path;

    public Warn(String path, int message) {
      super(new int[] {message}, NONE);
      this.path = path;
    }
  }

  /** Throws what {@code raise} and {@code assert} say. */
  public static final class Raise extends Instruction {
    public final String path;

    public Raise(String path, int message) {
      super(new int[] {message}, NONE);
      this.path = path;
    }
  }

  /** Stands where something unsupported would run; fails when it is reached. */
  public static final class Fail extends Instruction {
    public final String message;

    public Fail(String message) {
      super(NONE, NONE);
      this.message = message;
    }
  }

  public static int[] constantSlots(int[] slots) {
    return Arrays.stream(slots).filter(s -> s < 0).toArray();
  }
}
