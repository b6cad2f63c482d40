/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.graph.ir;

import java.util.List;
import org.bytedeco.pytorch.IValue;

/**
 * What a front end makes of a model file, and a program is made of.
 *
 * @param entry the call of the whole model
 * @param modules the model's modules in the order of registration, the root first
 * @param defaults what trailing inputs are if they are left out; null for those that have to be
 *     given; owned by the program
 * @param writesInPlace whether operators write into memory that others may see
 */
public record Definition(
    Instruction.Invoke entry,
    List<ModuleEntry> modules,
    List<IValue> defaults,
    boolean writesInPlace) {
  /** Keeps the modules as they are. */
  public Definition {
    modules = List.copyOf(modules);
  }

  /**
   * The same model after a rewriting.
   *
   * @param rewritten the call of the changed model
   * @return the new definition
   */
  public Definition with(Instruction.Invoke rewritten) {
    return new Definition(rewritten, modules, defaults, writesInPlace);
  }
}
