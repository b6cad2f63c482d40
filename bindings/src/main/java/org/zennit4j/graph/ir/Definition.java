/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.graph.ir;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.IValue;

/**
 * What a front end makes of a model file, and a program is made of.
 *
 * @param entry the call of the whole model
 * @param modules the model's modules in the order of registration, the root first
 * @param defaults what trailing inputs are if they are left out; null for those that have to be
 *     given; owned by the program
 * @param writesInPlace whether operators write into memory that others may see
 * @param dimensions how many dimensions the first argument of a call has, by the call's number,
 *     where somebody found out
 */
public record Definition(
    Instruction.Invoke entry,
    List<ModuleEntry> modules,
    List<IValue> defaults,
    boolean writesInPlace,
    Map<Integer, Integer> dimensions) {
  /** Keeps modules and dimensions as they are. */
  public Definition {
    modules = List.copyOf(modules);
    dimensions = Map.copyOf(dimensions);
  }

  /**
   * What a front end makes, which knows nothing of dimensions.
   *
   * @param entry as above
   * @param modules as above
   * @param defaults as above
   * @param writesInPlace as above
   */
  public Definition(
      Instruction.Invoke entry,
      List<ModuleEntry> modules,
      List<IValue> defaults,
      boolean writesInPlace) {
    this(entry, modules, defaults, writesInPlace, Map.of());
  }

  /**
   * The same model after a rewriting.
   *
   * @param rewritten the call of the changed model
   * @return the new definition
   */
  public Definition with(Instruction.Invoke rewritten) {
    return new Definition(rewritten, modules, defaults, writesInPlace, dimensions);
  }

  /**
   * The same model, of which more is known.
   *
   * @param found as {@link #dimensions()}
   * @return the new definition
   */
  public Definition withDimensions(Map<Integer, Integer> found) {
    Map<Integer, Integer> all = new HashMap<>(dimensions);
    all.putAll(found);
    return new Definition(entry, modules, defaults, writesInPlace, all);
  }
}
