/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.runtime;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.GenericList;
import org.bytedeco.pytorch.IValue;
import org.bytedeco.pytorch.IValueArrayRef;
import org.bytedeco.pytorch.IValueVector;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.Tuple;
import org.bytedeco.pytorch.TupleElements;
import org.bytedeco.pytorch.Type;
import org.zennit4j.bindings.Natives;
import org.zennit4j.bindings.ShapeException;
import org.zennit4j.bindings.internal.Dictionaries;

/**
 * The arguments or results of a call, with the floating tensors in them, at any depth of lists,
 * tuples and dictionaries. Owns the values.
 */
final class Values implements AutoCloseable {
  private final IValue[] values;
  private final boolean[] variable;
  private final List<Tensor> tensors = new ArrayList<>();

  /** How many of the tensors are in each value. */
  private final int[] counts;

  private boolean closed;

  /** Takes over values that were kept. */
  Values(IValue[] kept) {
    this(kept, allTrue(kept.length));
  }

  private Values(IValue[] kept, boolean[] variable) {
    this.values = kept;
    this.variable = variable;
    this.counts = new int[kept.length];
    try (PointerScope scope = new PointerScope()) {
      for (int i = 0; i < values.length; i++) {
        if (variable[i]) {
          int before = tensors.size();
          collect(values[i]);
          counts[i] = tensors.size() - before;
        }
      }
    }
  }

  /**
   * Keeps arguments that belong to someone else.
   *
   * @param arguments the values
   * @param slots their slots: constants do not count as inputs
   */
  static Values copyOf(IValue[] arguments, int[] slots) {
    IValue[] copies = new IValue[arguments.length];
    boolean[] variable = new boolean[arguments.length];
    for (int i = 0; i < copies.length; i++) {
      copies[i] = Interpreter.copy(arguments[i]);
      variable[i] = slots[i] >= 0;
    }
    return new Values(copies, variable);
  }

  /**
   * The same without the arguments that the model's inputs do not lead to, such as a weight that
   * was computed outside of its module: these are no inputs either. If none does, all stay.
   */
  Values recorded() {
    boolean[] leading = new boolean[values.length];
    boolean any = false;
    boolean fewer = false;
    int next = 0;
    for (int i = 0; i < values.length; i++) {
      if (variable[i]) {
        int count = counts[i];
        for (int k = next; k < next + count; k++) {
          leading[i] |= tensors.get(k).requires_grad();
        }
        any |= leading[i];
        fewer |= count > 0 && !leading[i];
        next += count;
      }
    }
    if (!any || !fewer) {
      return this;
    }
    IValue[] copies = new IValue[values.length];
    for (int i = 0; i < copies.length; i++) {
      copies[i] = Interpreter.copy(values[i]);
    }
    close();
    return new Values(copies, leading);
  }

  private static boolean[] allTrue(int length) {
    boolean[] result = new boolean[length];
    java.util.Arrays.fill(result, true);
    return result;
  }

  private void collect(IValue value) {
    if (value.isTensor()) {
      Tensor tensor = value.toTensor();
      if (tensor.defined() && tensor.is_floating_point()) {
        tensors.add(Natives.keep(new Tensor(tensor)));
      }
    } else if (value.isTuple()) {
      TupleElements elements = value.toTupleRef().elements();
      for (long i = 0; i < elements.size(); i++) {
        collect(elements.at(i));
      }
    } else if (value.isList()) {
      IValueArrayRef elements = value.toListRef();
      for (long i = 0; i < elements.size(); i++) {
        collect(elements.at(i));
      }
    } else if (value.isGenericDict()) {
      for (IValue[] entry : Dictionaries.entries(value)) {
        collect(entry[1]);
      }
    }
  }

  IValue[] values() {
    return values;
  }

  /** The floating tensors, in order; owned by this object. */
  List<Tensor> tensors() {
    return tensors;
  }

  /** The number of the first of {@link #tensors()} in a value; -1 if there is none. */
  int firstTensor(int value) {
    if (counts[value] == 0) {
      return -1;
    }
    int first = 0;
    for (int i = 0; i < value; i++) {
      first += counts[i];
    }
    return first;
  }

  /**
   * The same values with other tensors in the places of {@link #tensors()}.
   *
   * @param substitutes as many as there are tensors
   * @param kept receives the values that the caller has to release
   */
  IValue[] with(List<Tensor> substitutes, List<IValue> kept) {
    if (substitutes.size() != tensors.size()) {
      throw new ShapeException(
          substitutes.size() + " tensors are given where the layer has " + tensors.size());
    }
    int[] next = {0};
    IValue[] result = new IValue[values.length];
    try (PointerScope scope = new PointerScope()) {
      for (int i = 0; i < result.length; i++) {
        result[i] =
            Natives.keep(
                variable[i] ? replace(values[i], substitutes, next) : new IValue(values[i]));
        kept.add(result[i]);
      }
    }
    return result;
  }

  private static IValue replace(IValue value, List<Tensor> substitutes, int[] next) {
    if (value.isTensor()) {
      Tensor tensor = value.toTensor();
      boolean floating = tensor.defined() && tensor.is_floating_point();
      return floating ? new IValue(substitutes.get(next[0]++)) : new IValue(value);
    }
    if (value.isTuple()) {
      TupleElements elements = value.toTupleRef().elements();
      IValueVector copies = new IValueVector(elements.size());
      for (long i = 0; i < elements.size(); i++) {
        copies.put(i, replace(elements.at(i), substitutes, next));
      }
      return new IValue(Tuple.create(copies));
    }
    if (value.isList()) {
      GenericList list = value.toList();
      GenericList copies = new GenericList(new Type.TypePtr(list.elementType()));
      IValueArrayRef elements = value.toListRef();
      for (long i = 0; i < elements.size(); i++) {
        copies.push_back(replace(elements.at(i), substitutes, next));
      }
      return new IValue(copies);
    }
    if (value.isGenericDict()) {
      IValue copy = new IValue(value.toGenericDict().copy());
      for (IValue[] entry : Dictionaries.entries(value)) {
        Dictionaries.put(copy, entry[0], replace(entry[1], substitutes, next));
      }
      return copy;
    }
    return new IValue(value);
  }

  /**
   * Lets the lists among these values have what a call put into, or took out of, the copies of them
   * that {@link #with} made.
   *
   * @param copies the copies, after the call
   * @param substitutes what stood in the places of {@link #tensors()}
   */
  void takeOver(IValue[] copies, List<Tensor> substitutes) {
    try (PointerScope scope = new PointerScope()) {
      int next = 0;
      for (int i = 0; i < values.length; i++) {
        if (values[i].isList() && variable[i]) {
          List<Tensor> before = tensors.subList(next, next + counts[i]);
          takeOver(values[i], copies[i], before, substitutes.subList(next, next + counts[i]));
        }
        next += counts[i];
      }
    }
  }

  private static void takeOver(
      IValue value, IValue copy, List<Tensor> before, List<Tensor> substitutes) {
    IValueArrayRef now = copy.toListRef();
    boolean flat = value.toListRef().size() == before.size();
    boolean changed = now.size() != before.size();
    for (long i = 0; flat && !changed && i < now.size(); i++) {
      changed = !now.at(i).isTensor() || !now.at(i).toTensor().is_same(substitutes.get((int) i));
    }
    if (!flat || !changed) {
      return;
    }
    List<IValue> elements = new ArrayList<>();
    for (long i = 0; i < now.size(); i++) {
      IValue element = new IValue(now.at(i));
      for (int k = 0; k < substitutes.size(); k++) {
        if (element.isTensor() && element.toTensor().is_same(substitutes.get(k))) {
          element = new IValue(before.get(k));
          break;
        }
      }
      elements.add(element);
    }
    GenericList list = value.toList();
    list.clear();
    elements.forEach(list::push_back);
  }

  /** Frees the values; once more does nothing. */
  @Override
  public void close() {
    if (closed) {
      return;
    }
    closed = true;
    Natives.releaseAll(tensors);
    for (IValue value : values) {
      Natives.release(value);
    }
  }
}
