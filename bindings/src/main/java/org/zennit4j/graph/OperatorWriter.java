/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.graph;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.function.Supplier;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Argument;
import org.bytedeco.pytorch.FunctionSchema;
import org.bytedeco.pytorch.GenericList;
import org.bytedeco.pytorch.IValue;
import org.bytedeco.pytorch.IValueOptional;
import org.bytedeco.pytorch.Operation;
import org.bytedeco.pytorch.OperatorName;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.Type;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.TypeKind;
import org.zennit4j.bindings.Natives;
import org.zennit4j.bindings.UnsupportedOperatorException;
import org.zennit4j.bindings.internal.NearestNames;
import org.zennit4j.graph.ir.Block;
import org.zennit4j.graph.ir.Code;
import org.zennit4j.graph.ir.Constant;
import org.zennit4j.graph.ir.Derivatives;
import org.zennit4j.graph.ir.Instruction;
import org.zennit4j.graph.ir.Operator;

/**
 * Writes the operators that take the place of one call, for {@link ProgramEditor#replace}. What it
 * writes become functional layers of their own, named after the call: {@code
 * attn/scaled_dot_product_attention#0/softmax#0}.
 *
 * <p>Lives only while the function that it is given to runs. Not thread-safe.
 */
public final class OperatorWriter {
  /** A value inside of the program that is being written; of use for its own writer only. */
  public static final class Value {
    private final int slot;

    private Value(int slot) {
      this.slot = slot;
    }
  }

  /** What all writers of one editor share. */
  static final class Numbering {
    private final List<Pointer> owned;
    private final Map<String, Operator> operators = new HashMap<>();
    private int nextId;

    Numbering(int firstId, List<Pointer> owned) {
      this.nextId = firstId;
      this.owned = owned;
    }
  }

  private final Region region;
  private final int[] in;
  private final Instruction call;
  private final Code code;
  private final List<Constant> constants;
  private final Numbering numbering;
  private List<Instruction> written = new ArrayList<>();
  private int slots;
  private Value original;

  /**
   * Begins.
   *
   * @param region the call
   * @param call its instruction in the changed program
   * @param code the code in which it stands
   * @param constants the changed code's constants, to which new ones are added
   * @param slots the first free slot
   * @param numbering shared by the editor's writers
   */
  OperatorWriter(
      Region region,
      Instruction call,
      Code code,
      List<Constant> constants,
      int slots,
      Numbering numbering) {
    this.region = region;
    this.in = call.in;
    this.call = call;
    this.code = code;
    this.constants = constants;
    this.slots = slots;
    this.numbering = numbering;
  }

  /**
   * The number of the call's arguments, constants of an operator included.
   *
   * @return as many as {@link #argument(int)} knows
   */
  public int arguments() {
    return in.length;
  }

  /**
   * An argument of the call.
   *
   * @param position from 0 on
   * @return the value
   */
  public Value argument(int position) {
    return new Value(in[position]);
  }

  /**
   * An argument of an operator.
   *
   * @param name its name in LibTorch's schema, such as {@code query}
   * @return the value
   * @throws UnsupportedOperatorException if the call has no such argument
   */
  public Value argument(String name) {
    int k = region instanceof OperatorCall operator ? operator.arguments().indexOf(name) : -1;
    if (k < 0) {
      throw new UnsupportedOperatorException(region + " has no argument '" + name + "'");
    }
    return argument(k);
  }

  /**
   * An argument of an operator that is a constant number.
   *
   * @param name its name in LibTorch's schema, such as {@code dropout_p}
   * @return the number, true as 1 and false as 0; empty if it is none or is computed in the run
   */
  public OptionalDouble number(String name) {
    Value value = argument(name);
    if (value.slot >= 0) {
      return OptionalDouble.empty();
    }
    IValue constant = code.constant(value.slot).value();
    if (constant.isBool()) {
      return OptionalDouble.of(constant.toBool() ? 1 : 0);
    }
    if (constant.isInt()) {
      return OptionalDouble.of((double) constant.toInt());
    }
    return constant.isDouble() ? OptionalDouble.of(constant.toDouble()) : OptionalDouble.empty();
  }

  /**
   * Whether a value is None, for certain.
   *
   * @param value an argument
   * @return false for computed values
   */
  public boolean isNone(Value value) {
    return value.slot < 0 && code.constant(value.slot).isNone();
  }

  /**
   * Whether a value is computed in the run.
   *
   * @param value an argument
   * @return false for constants
   */
  public boolean isComputed(Value value) {
    return value.slot >= 0;
  }

  /**
   * The result of the call itself, which so stays in the program, and stays the layer that it was.
   *
   * @return its only result
   */
  public Value original() {
    if (original == null) {
      int out = slots++;
      written.add(
          call.accept(
              new Instruction.Visitor<Instruction>() {
                @Override
                public Instruction operate(Instruction.Operate operate) {
                  return operate.withOutput(out);
                }

                @Override
                public Instruction invoke(Instruction.Invoke invoke) {
                  return invoke.withOutput(out);
                }

                @Override
                public Instruction other(Instruction instruction) {
                  throw new IllegalStateException("no call: " + instruction);
                }
              }));
      original = new Value(out);
    }
    return original;
  }

  /**
   * Writes a call of an operator with one result.
   *
   * @param operator its name with its overload, as in LibTorch's schema: {@code aten::matmul},
   *     {@code aten::softmax.int}, {@code aten::mul.Scalar}
   * @param arguments in the schema's order: {@link Value}, {@link Tensor}, whole number, double,
   *     boolean, text, {@code long[]}, a list of values or tensors, or null for None; those at the
   *     end that have a default may be left out
   * @return the result
   * @throws UnsupportedOperatorException if LibTorch has no such operator, or it takes other
   *     arguments
   */
  public Value call(String operator, Object... arguments) {
    try (PointerScope scope = new PointerScope()) {
      int dot = operator.indexOf('.');
      String name = dot < 0 ? operator : operator.substring(0, dot);
      String overload = dot < 0 ? "" : operator.substring(dot + 1);
      org.bytedeco.pytorch.Operator found = torch.findOperatorFor(new OperatorName(name, overload));
      if (found == null || found.isNull() || !found.hasOperation()) {
        throw new UnsupportedOperatorException(
            "LibTorch has no operator "
                + operator
                + "; names are such as aten::softmax.int, nearest: "
                + NearestNames.of(
                    name, Operators.names().stream().map(n -> "aten::" + n).toList(), 3));
      }
      FunctionSchema schema = found.schema();
      Argument formals = schema.arguments();
      int count = formals == null ? 0 : (int) formals.limit();
      if (arguments.length > count || schema.returns().limit() != 1) {
        throw new UnsupportedOperatorException(
            operator
                + " takes "
                + count
                + " arguments and has "
                + schema.returns().limit()
                + " results");
      }
      int[] slotsIn = new int[count];
      for (int i = 0; i < count; i++) {
        Argument formal = formals.getPointer(i);
        if (i < arguments.length) {
          slotsIn[i] = slot(arguments[i], formal);
        } else {
          IValueOptional value = formal.default_value();
          if (!value.has_value()) {
            throw new UnsupportedOperatorException(
                operator + " needs its argument '" + formal.name().getString() + "'");
          }
          slotsIn[i] = constant(new IValue(value.get()));
        }
      }
      int out = slots++;
      written.add(
          new Instruction.Operate(
              numbering.nextId++,
              numbering.operators.computeIfAbsent(operator, k -> operator(name, overload, found)),
              region.name(),
              slotsIn,
              new int[] {out},
              false,
              null));
      return new Value(out);
    }
  }

  /**
   * Writes two ways to make a value, of which the run takes one.
   *
   * @param condition a boolean that is computed in the run
   * @param then writes what runs where it is true
   * @param otherwise writes what runs where it is false
   * @return the result of either
   */
  public Value branch(Value condition, Supplier<Value> then, Supplier<Value> otherwise) {
    Block first = block(then);
    Block second = block(otherwise);
    int out = slots++;
    written.add(new Instruction.Branch(condition.slot, first, second, new int[] {out}));
    return new Value(out);
  }

  private Block block(Supplier<Value> writer) {
    List<Instruction> around = written;
    written = new ArrayList<>();
    try {
      Value result = writer.get();
      // A block's result is one of its own slots.
      int out = slots++;
      written.add(new Instruction.Alias(result.slot, out));
      return new Block(written, new int[] {out}, new int[0]);
    } finally {
      written = around;
    }
  }

  private Operator operator(
      String name, String overload, org.bytedeco.pytorch.Operator registered) {
    Operation operation = Natives.keep(registered.getOperation());
    numbering.owned.add(operation);
    List<String> names = new ArrayList<>();
    Argument formals = registered.schema().arguments();
    for (long i = 0; i < formals.limit(); i++) {
      names.add(formals.getPointer(i).name().getString());
    }
    return new Operator(name, names, false, operation, Derivatives.isMissing(name, overload));
  }

  private int slot(Object argument, Argument formal) {
    if (argument instanceof Value value) {
      return value.slot;
    }
    if (argument instanceof List<?> list) {
      Type.TypePtr element = Natives.keep(new Type.TypePtr(formal.type().get().containedType(0)));
      numbering.owned.add(element);
      int out = slots++;
      int[] elements = list.stream().mapToInt(e -> slot(e, formal)).toArray();
      written.add(new Instruction.MakeList(element, elements, out));
      return out;
    }
    return constant(literal(argument, formal));
  }

  private static IValue literal(Object argument, Argument formal) {
    if (argument == null) {
      return new IValue();
    }
    if (argument instanceof Tensor tensor) {
      return new IValue(tensor.detach());
    }
    if (argument instanceof Boolean flag) {
      return new IValue((boolean) flag);
    }
    if (argument instanceof Integer || argument instanceof Long) {
      long number = ((Number) argument).longValue();
      boolean floating = formal.type().get().kind().intern() == TypeKind.FloatType;
      return floating ? new IValue((double) number) : new IValue(number);
    }
    if (argument instanceof Number number) {
      return new IValue(number.doubleValue());
    }
    if (argument instanceof String text) {
      return new IValue(text);
    }
    if (argument instanceof long[] numbers) {
      Type type = formal.type().get();
      Type list =
          type.kind().intern() == TypeKind.OptionalType ? type.containedType(0).get() : type;
      GenericList values = new GenericList(new Type.TypePtr(list.containedType(0)));
      Arrays.stream(numbers).forEach(number -> values.push_back(new IValue(number)));
      return new IValue(values);
    }
    throw new UnsupportedOperatorException(
        "an operator takes no " + argument.getClass().getSimpleName());
  }

  private int constant(IValue value) {
    IValue kept = Natives.keep(value);
    numbering.owned.add(kept);
    constants.add(Constant.of(kept, null, null, numbering.owned));
    return -constants.size();
  }

  /** The instructions, the last of which give the results the call's own slots. */
  List<Instruction> finish(List<Value> results) {
    if (results.size() != call.out.length) {
      throw new UnsupportedOperatorException(
          region + " has " + call.out.length + " results, not " + results.size());
    }
    for (int i = 0; i < call.out.length; i++) {
      written.add(new Instruction.Alias(results.get(i).slot, call.out[i]));
    }
    return written;
  }

  int slots() {
    return slots;
  }
}
