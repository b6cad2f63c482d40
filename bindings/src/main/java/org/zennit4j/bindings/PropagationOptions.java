/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.bindings;

import java.util.List;
import java.util.Map;
import java.util.function.Predicate;

/**
 * How a {@link Propagation} runs.
 *
 * @param createGraph whether the relevance itself can be differentiated afterwards
 * @param capture the layers whose relevances are kept
 * @param hooks hooks by module path
 */
public record PropagationOptions(
    boolean createGraph, Predicate<Layer> capture, Map<String, List<ModuleHook>> hooks) {
  /**
   * Copies the map.
   *
   * @param createGraph {@link #createGraph()}
   * @param capture {@link #capture()}
   * @param hooks {@link #hooks()}
   */
  public PropagationOptions {
    hooks = Map.copyOf(hooks);
  }

  /**
   * No second derivatives, no layer relevances, no hooks.
   *
   * @return the defaults
   */
  public static PropagationOptions defaults() {
    return new PropagationOptions(false, layer -> false, Map.of());
  }

  /**
   * Changes {@link #createGraph()}.
   *
   * @param value the new value
   * @return a copy
   */
  public PropagationOptions withCreateGraph(boolean value) {
    return new PropagationOptions(value, capture, hooks);
  }

  /**
   * Changes {@link #capture()}.
   *
   * @param value the new value
   * @return a copy
   */
  public PropagationOptions withCapture(Predicate<Layer> value) {
    return new PropagationOptions(createGraph, value, hooks);
  }

  /**
   * Changes {@link #hooks()}.
   *
   * @param value the new value
   * @return a copy
   */
  public PropagationOptions withHooks(Map<String, List<ModuleHook>> value) {
    return new PropagationOptions(createGraph, capture, value);
  }
}
