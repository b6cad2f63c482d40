/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.runtime;

import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.GenericDict;
import org.bytedeco.pytorch.GenericDictIterator;
import org.bytedeco.pytorch.IValue;
import org.bytedeco.pytorch.IValueVector;
import org.bytedeco.pytorch.OperatorName;
import org.bytedeco.pytorch.Type;
import org.bytedeco.pytorch.global.torch;
import org.zennit4j.bindings.Natives;

/**
 * Dictionaries of TorchScript. The presets can read them only; they are made and filled by
 * LibTorch's own operators.
 */
final class Dictionaries {
  private Dictionaries() {}

  /**
   * Makes a dictionary.
   *
   * @param entries key, value, key, value...; not owned
   * @return the dictionary, kept for the caller
   */
  static IValue make(Type.TypePtr key, Type.TypePtr value, IValue[] entries) {
    try (PointerScope scope = new PointerScope()) {
      IValueVector stack = new IValueVector();
      apply("aten::dict", "", stack);
      IValue result = Natives.keep(new IValue(stack.get(0)));
      GenericDict dict = result.toGenericDict();
      dict.unsafeSetKeyType(key);
      dict.unsafeSetValueType(value);
      for (int i = 0; i < entries.length; i += 2) {
        put(result, entries[i], entries[i + 1]);
      }
      return result;
    }
  }

  /** Sets the value of a key. */
  static void put(IValue dict, IValue key, IValue value) {
    try (PointerScope scope = new PointerScope()) {
      IValueVector stack = new IValueVector(3);
      stack.put(0, dict);
      stack.put(1, key);
      stack.put(2, value);
      apply("aten::_set_item", overload(key), stack);
    }
  }

  private static String overload(IValue key) {
    if (key.isString()) {
      return "str";
    }
    if (key.isBool()) {
      return "bool";
    }
    if (key.isInt()) {
      return "int";
    }
    return key.isDouble() ? "float" : "Tensor";
  }

  private static void apply(String name, String overload, IValueVector stack) {
    torch.findOperatorFor(new OperatorName(name, overload)).getOperation().apply(stack);
  }

  /** The keys and values of a dictionary, in order, each a copy in the caller's scope. */
  static List<IValue[]> entries(IValue value) {
    List<IValue[]> result = new java.util.ArrayList<>();
    GenericDict dict = value.toGenericDict();
    GenericDictIterator end = dict.end();
    for (GenericDictIterator it = dict.begin(); it.notEquals(end); it.increment()) {
      result.add(new IValue[] {new IValue(it.multiply().key()), new IValue(it.multiply().value())});
    }
    return result;
  }
}
