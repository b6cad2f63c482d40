/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.bindings;

import org.bytedeco.pytorch.IValue;
import org.bytedeco.pytorch.Tensor;

/**
 * A value that a program knows before it runs: a parameter, a buffer, a literal.
 *
 * @param value the value; owned by the program
 * @param owner the path of the module whose attribute it is, or null for a literal
 * @param name the attribute's name, or null for a literal
 */
record Constant(IValue value, String owner, String name) {
  boolean isTensor() {
    return value.isTensor();
  }

  Tensor tensor() {
    return value.toTensor();
  }

  boolean isNone() {
    return value.isNone();
  }
}
