/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.graph.ir;

import java.util.List;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.pytorch.GenericList;
import org.bytedeco.pytorch.IValue;
import org.bytedeco.pytorch.IValueArrayRef;
import org.bytedeco.pytorch.Tensor;
import org.zennit4j.bindings.Natives;

/**
 * A value that a program knows before it runs: a parameter, a buffer, a literal.
 *
 * @param value the value; owned by the program
 * @param tensor the value as a tensor of its own, or null if it is none: a reference into the value
 *     would die with it, silently
 * @param owner the path of the module whose attribute it is, or null for a literal
 * @param name the attribute's name, or null for a literal
 */
public record Constant(IValue value, Tensor tensor, String owner, String name) {
  /**
   * Makes a constant.
   *
   * @param kept the value, kept
   * @param owned receives what the program has to release beside the value
   */
  public static Constant of(IValue kept, String owner, String name, List<Pointer> owned) {
    Tensor tensor = null;
    if (kept.isTensor()) {
      tensor = Natives.keep(new Tensor(kept.toTensor()));
      owned.add(tensor);
    }
    return new Constant(kept, tensor, owner, name);
  }

  public boolean isTensor() {
    return value.isTensor();
  }

  public boolean isNone() {
    return value.isNone();
  }

  /**
   * Whether a value is a list of integers with elements.
   *
   * @param value any value
   * @return false for an empty list
   */
  public static boolean isIntegers(IValue value) {
    if (!value.isList()) {
      return false;
    }
    GenericList list = value.toList();
    return list.size() > 0 && list.get(0).isInt();
  }

  /**
   * The elements of a list of integers.
   *
   * @param value such a list
   * @return the numbers
   */
  public static long[] integers(IValue value) {
    IValueArrayRef elements = value.toListRef();
    long[] result = new long[(int) elements.size()];
    for (int i = 0; i < result.length; i++) {
      result[i] = elements.at(i).toInt();
    }
    return result;
  }
}
