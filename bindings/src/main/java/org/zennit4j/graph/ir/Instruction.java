/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.graph.ir;

import java.util.List;
import org.bytedeco.pytorch.IValue;

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

  /**
   * What is done with an instruction, by its kind. What is not overridden goes to {@link #other};
   * what only puts values together, takes them apart or looks at their type by {@link #structure}.
   *
   * @param <R> what comes of it
   */
  public interface Visitor<R> {
    /** What is done with all other kinds. */
    R other(Instruction instruction);

    /** What is done with lists, tuples and their elements; a dictionary is no such thing. */
    default R structure(Instruction instruction) {
      return other(instruction);
    }

    default R operate(Operate instruction) {
      return other(instruction);
    }

    default R invoke(Invoke instruction) {
      return other(instruction);
    }

    default R branch(Branch instruction) {
      return other(instruction);
    }

    default R loop(Loop instruction) {
      return other(instruction);
    }

    default R makeList(MakeList instruction) {
      return structure(instruction);
    }

    default R makeTuple(MakeTuple instruction) {
      return structure(instruction);
    }

    default R makeDict(MakeDict instruction) {
      return other(instruction);
    }

    default R slice(Slice instruction) {
      return structure(instruction);
    }

    default R isInstance(IsInstance instruction) {
      return structure(instruction);
    }

    default R unpack(Unpack instruction) {
      return structure(instruction);
    }

    default R element(Element instruction) {
      return structure(instruction);
    }

    default R alias(Alias instruction) {
      return structure(instruction);
    }

    default R check(Check instruction) {
      return other(instruction);
    }

    default R warn(Warn instruction) {
      return other(instruction);
    }

    default R raise(Raise instruction) {
      return other(instruction);
    }

    default R fail(Fail instruction) {
      return other(instruction);
    }
  }

  public abstract <R> R accept(Visitor<R> visitor);

  /** The blocks that run inside of this instruction, none for most. */
  public List<Block> blocks() {
    return List.of();
  }

  /** A call of one of LibTorch's operators. */
  public static final class Operate extends Instruction {
    public final int id;
    public final Operator operator;
    public final String path;

    /** Whether the model overwrites the first argument with the result. */
    public final boolean inPlace;

    /** The layer that a canonizer made of this operator, or null. */
    public final Label label;

    public Operate(
        int id, Operator operator, String path, int[] in, int[] out, boolean inPlace, Label label) {
      super(in, out);
      this.id = id;
      this.operator = operator;
      this.path = path;
      this.inPlace = inPlace;
      this.label = label;
    }

    /** An argument's slot, by its name; throws if there is no such argument. */
    public int slot(String argument) {
      return in[operator.argument(argument)];
    }

    public Operate withInputs(int[] inputs) {
      return new Operate(id, operator, path, inputs, out, inPlace, label);
    }

    /** The same with its only result elsewhere. */
    public Operate withOutput(int slot) {
      return new Operate(id, operator, path, in, new int[] {slot}, inPlace, label);
    }

    public Operate labelled(Label layer) {
      return new Operate(id, operator, path, in, out, inPlace, layer);
    }

    @Override
    public <R> R accept(Visitor<R> visitor) {
      return visitor.operate(this);
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

    /** The same with its only result elsewhere. */
    public Invoke withOutput(int slot) {
      return new Invoke(id, path, callee, parametrised, in, new int[] {slot});
    }

    public Invoke withCallee(Code code) {
      return new Invoke(id, path, code, code, in, out);
    }

    public Invoke withCallee(Code code, Code forRules) {
      return new Invoke(id, path, code, forRules, in, out);
    }

    @Override
    public <R> R accept(Visitor<R> visitor) {
      return visitor.invoke(this);
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

    @Override
    public List<Block> blocks() {
      return List.of(then, otherwise);
    }

    @Override
    public <R> R accept(Visitor<R> visitor) {
      return visitor.branch(this);
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

    @Override
    public List<Block> blocks() {
      return List.of(body);
    }

    @Override
    public <R> R accept(Visitor<R> visitor) {
      return visitor.loop(this);
    }
  }

  /** Makes a list of the inputs. */
  public static final class MakeList extends Instruction {
    public final org.bytedeco.pytorch.Type.TypePtr element;

    public MakeList(org.bytedeco.pytorch.Type.TypePtr element, int[] in, int out) {
      super(in, new int[] {out});
      this.element = element;
    }

    @Override
    public <R> R accept(Visitor<R> visitor) {
      return visitor.makeList(this);
    }
  }

  /** Makes a tuple of the inputs. */
  public static final class MakeTuple extends Instruction {
    public MakeTuple(int[] in, int out) {
      super(in, new int[] {out});
    }

    @Override
    public <R> R accept(Visitor<R> visitor) {
      return visitor.makeTuple(this);
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

    @Override
    public <R> R accept(Visitor<R> visitor) {
      return visitor.makeDict(this);
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

    @Override
    public <R> R accept(Visitor<R> visitor) {
      return visitor.slice(this);
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

    @Override
    public <R> R accept(Visitor<R> visitor) {
      return visitor.isInstance(this);
    }
  }

  /** Takes a list or tuple apart. */
  public static final class Unpack extends Instruction {
    public Unpack(int in, int[] out) {
      super(new int[] {in}, out);
    }

    @Override
    public <R> R accept(Visitor<R> visitor) {
      return visitor.unpack(this);
    }
  }

  /** Takes one element of a tuple: in = tuple, index. */
  public static final class Element extends Instruction {
    public Element(int tuple, int index, int out) {
      super(new int[] {tuple, index}, new int[] {out});
    }

    @Override
    public <R> R accept(Visitor<R> visitor) {
      return visitor.element(this);
    }
  }

  /** Gives a value a second slot. */
  public static final class Alias extends Instruction {
    /** The number of dimensions that the tensor must have, or 0 for any. */
    public final int dimensions;

    /** The module in whose place it stands, for messages. */
    public final String path;

    /** The call in whose place it stands, or -1. */
    public final int call;

    public Alias(int in, int out) {
      this(in, out, 0, "", -1);
    }

    public Alias(int in, int out, int dimensions, String path, int call) {
      super(new int[] {in}, new int[] {out});
      this.dimensions = dimensions;
      this.path = path;
      this.call = call;
    }

    @Override
    public <R> R accept(Visitor<R> visitor) {
      return visitor.alias(this);
    }
  }

  /** Looks at values, and throws if they are not as the program needs them. */
  public static final class Check extends Instruction {
    /** Looks at the values of the slots, which it does not own. */
    @FunctionalInterface
    public interface Checker {
      void check(IValue[] values);
    }

    public final Checker checker;

    public Check(int[] in, Checker checker) {
      super(in, NONE);
      this.checker = checker;
    }

    @Override
    public <R> R accept(Visitor<R> visitor) {
      return visitor.check(this);
    }
  }

  /** Logs what {@code warnings.warn} says. */
  public static final class Warn extends Instruction {
    public final String path;

    public Warn(String path, int message) {
      super(new int[] {message}, NONE);
      this.path = path;
    }

    @Override
    public <R> R accept(Visitor<R> visitor) {
      return visitor.warn(this);
    }
  }

  /** Throws what {@code raise} and {@code assert} say. */
  public static final class Raise extends Instruction {
    public final String path;

    public Raise(String path, int message) {
      super(new int[] {message}, NONE);
      this.path = path;
    }

    @Override
    public <R> R accept(Visitor<R> visitor) {
      return visitor.raise(this);
    }
  }

  /** Stands where something unsupported would run; fails when it is reached. */
  public static final class Fail extends Instruction {
    public final String message;

    public Fail(String message) {
      super(NONE, NONE);
      this.message = message;
    }

    @Override
    public <R> R accept(Visitor<R> visitor) {
      return visitor.fail(this);
    }
  }
}
