/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.bindings;

import java.util.List;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.pytorch.IValue;
import org.bytedeco.pytorch.Tensor;

/**
 * A value that a program knows before it runs: a parameter, a buffer, a literal.
 *
 * @param value the value; owned by the program
 * @param tensor the value as a tensor of its own, or null if it is none: a reference into the value
 *     would die with it, silently
 * @param owner the path of the module whose attribute it is, or null for a literal
 * @param name the attribute's name, or null for a literal
 */
record Constant(IValue value, Tensor tensor, String owner, String name) {
  /**
   * Makes a constant.
   *
   * @param kept the value, kept
   * @param owned receives what the program has to release beside the value
   */
  static Constant of(IValue kept, String owner, String name, List<Pointer> owned) {
    Tensor tensor = null;
    if (kept.isTensor()) {
      tensor = Natives.keep(new Tensor(kept.toTensor()));
      owned.add(tensor);
    }
    return new Constant(kept, tensor, owner, name);
  }

  boolean isTensor() {
    return value.isTensor();
  }

  boolean isNone() {
    return value.isNone();
  }
}
