/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.bindings.internal;

import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import org.bytedeco.pytorch.GenericDict;
import org.bytedeco.pytorch.GenericList;
import org.bytedeco.pytorch.IValue;
import org.bytedeco.pytorch.IValueArrayRef;
import org.bytedeco.pytorch.IValueVector;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.Tuple;
import org.bytedeco.pytorch.TupleElements;
import org.bytedeco.pytorch.Type;
import org.zennit4j.bindings.Natives;

/** Tensors that lie in lists, tuples and dictionaries, at any depth. */
public final class TensorTrees {
  private TensorTrees() {}

  /**
   * Replaces all tensors of a value; what holds none stays the same object.
   *
   * @param value any value
   * @param change what becomes of a defined tensor
   * @return the value with the same structure, in the caller's scope
   */
  public static IValue map(IValue value, UnaryOperator<Tensor> change) {
    if (!holdsTensors(value)) {
      return value;
    }
    if (value.isTensor()) {
      return new IValue(change.apply(value.toTensor()));
    }
    if (value.isTuple()) {
      TupleElements elements = value.toTupleRef().elements();
      IValueVector mapped = new IValueVector(elements.size());
      for (long i = 0; i < elements.size(); i++) {
        mapped.put(i, map(elements.at(i), change));
      }
      return new IValue(Tuple.create(mapped));
    }
    if (value.isList()) {
      GenericList list = value.toList();
      GenericList mapped = new GenericList(new Type.TypePtr(list.elementType()));
      for (IValue element : elements(value)) {
        mapped.push_back(map(element, change));
      }
      return new IValue(mapped);
    }
    GenericDict dict = value.toGenericDict();
    List<IValue> entries = new ArrayList<>();
    for (IValue[] entry : Dictionaries.entries(value)) {
      entries.add(entry[0]);
      entries.add(map(entry[1], change));
    }
    IValue kept =
        Dictionaries.make(
            new Type.TypePtr(dict.keyType()),
            new Type.TypePtr(dict.valueType()),
            entries.toArray(IValue[]::new));
    IValue result = new IValue(kept);
    Natives.release(kept);
    return result;
  }

  /** Lists of numbers and texts may be long: the first element tells. */
  private static boolean holdsTensors(IValue value) {
    if (value.isTensor()) {
      return value.toTensor().defined();
    }
    if (value.isTuple()) {
      TupleElements elements = value.toTupleRef().elements();
      for (long i = 0; i < elements.size(); i++) {
        if (holdsTensors(elements.at(i))) {
          return true;
        }
      }
      return false;
    }
    if (value.isList()) {
      List<IValue> elements = elements(value);
      boolean plain =
          elements.isEmpty()
              || elements.get(0).isInt()
              || elements.get(0).isDouble()
              || elements.get(0).isBool()
              || elements.get(0).isString();
      return !plain && elements.stream().anyMatch(TensorTrees::holdsTensors);
    }
    return value.isGenericDict()
        && Dictionaries.entries(value).stream().anyMatch(entry -> holdsTensors(entry[1]));
  }

  private static List<IValue> elements(IValue list) {
    IValueArrayRef elements = list.toListRef();
    List<IValue> result = new ArrayList<>();
    for (long i = 0; i < elements.size(); i++) {
      result.add(elements.at(i));
    }
    return result;
  }
}
