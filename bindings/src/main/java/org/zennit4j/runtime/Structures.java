/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.runtime;

import org.bytedeco.pytorch.GenericList;
import org.bytedeco.pytorch.IValue;
import org.bytedeco.pytorch.IValueArrayRef;
import org.bytedeco.pytorch.IValueVector;
import org.bytedeco.pytorch.Tuple;
import org.bytedeco.pytorch.TupleElements;
import org.zennit4j.bindings.Natives;
import org.zennit4j.bindings.ShapeException;
import org.zennit4j.bindings.UnsupportedOperatorException;
import org.zennit4j.bindings.internal.Dictionaries;
import org.zennit4j.graph.ir.Instruction;

/** Makes lists, tuples and dictionaries and takes them apart; the results are kept. */
final class Structures implements Instruction.Visitor<IValue[]> {
  private final IValue[] in;

  /**
   * Prepares a step.
   *
   * @param in the instruction's inputs, not owned
   */
  Structures(IValue[] in) {
    this.in = in;
  }

  private static IValue[] kept(IValue value) {
    return new IValue[] {Natives.keep(value)};
  }

  @Override
  public IValue[] makeList(Instruction.MakeList make) {
    GenericList list = new GenericList(make.element);
    for (IValue element : in) {
      list.push_back(element);
    }
    return kept(new IValue(list));
  }

  @Override
  public IValue[] makeTuple(Instruction.MakeTuple make) {
    IValueVector elements = new IValueVector(in.length);
    for (int i = 0; i < in.length; i++) {
      elements.put(i, in[i]);
    }
    return kept(new IValue(Tuple.create(elements)));
  }

  @Override
  public IValue[] makeDict(Instruction.MakeDict make) {
    return new IValue[] {Dictionaries.make(make.key, make.value, in)};
  }

  @Override
  public IValue[] slice(Instruction.Slice slice) {
    TupleElements tuple = in[0].toTupleRef().elements();
    IValueVector part = new IValueVector(slice.end - slice.begin);
    for (int i = slice.begin; i < slice.end; i++) {
      part.put(i - slice.begin, tuple.at(i));
    }
    return kept(new IValue(Tuple.create(part)));
  }

  @Override
  public IValue[] isInstance(Instruction.IsInstance test) {
    return kept(
        new IValue(test.kinds.stream().anyMatch(kind -> isInstance(in[0], kind, test.path))));
  }

  @Override
  public IValue[] unpack(Instruction.Unpack unpack) {
    IValue[] elements = new IValue[unpack.out.length];
    if (in[0].isTuple()) {
      TupleElements tuple = in[0].toTupleRef().elements();
      for (int i = 0; i < elements.length; i++) {
        elements[i] = Natives.keep(new IValue(tuple.at(i)));
      }
      return elements;
    }
    IValueArrayRef list = in[0].toListRef();
    if (list.size() != elements.length) {
      throw new ShapeException("a list of " + list.size() + " is unpacked into " + elements.length);
    }
    for (int i = 0; i < elements.length; i++) {
      elements[i] = Natives.keep(new IValue(list.at(i)));
    }
    return elements;
  }

  @Override
  public IValue[] element(Instruction.Element element) {
    TupleElements tuple = in[0].toTupleRef().elements();
    long index = in[1].toInt();
    return kept(new IValue(tuple.at(index < 0 ? index + tuple.size() : index)));
  }

  @Override
  public IValue[] alias(Instruction.Alias alias) {
    if (alias.dimensions > 0 && in[0].toTensor().dim() != alias.dimensions) {
      throw new DimensionsException(
          alias.call,
          (int) in[0].toTensor().dim(),
          Interpreter.where(alias.path)
              + "the batch normalisation was merged into the layer before it, which is right for "
              + alias.dimensions
              + " dimensions, but here are "
              + in[0].toTensor().dim()
              + ": use a composite without a canonizer that merges batch normalisations");
    }
    return kept(new IValue(in[0]));
  }

  @Override
  public IValue[] check(Instruction.Check check) {
    check.checker.check(in);
    return new IValue[0];
  }

  @Override
  public IValue[] other(Instruction instruction) {
    throw new IllegalStateException("unknown instruction " + instruction);
  }

  private static boolean isInstance(IValue value, String kind, String path) {
    return switch (kind) {
      case "TensorType" -> value.isTensor();
      case "IntType" -> value.isInt();
      case "FloatType" -> value.isDouble();
      case "BoolType" -> value.isBool();
      case "NumberType" -> value.isInt() || value.isDouble();
      case "StringType" -> value.isString();
      case "NoneType" -> value.isNone();
      case "AnyListType" -> value.isList();
      case "AnyTupleType" -> value.isTuple();
      case "AnyType" -> true;
      default ->
          throw new UnsupportedOperatorException(
              "module '"
                  + path
                  + "' asks at run time whether a value is a "
                  + kind
                  + ", which is not supported");
    };
  }
}
