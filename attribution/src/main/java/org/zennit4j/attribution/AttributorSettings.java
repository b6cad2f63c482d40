/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.attribution;

import java.util.Map;
import org.zennit4j.composites.Plan;

/**
 * An attributor as a value: what it is called and how it runs, from which an attributor of any plan
 * is made. Immutable and thread-safe; tensors in it belong to the caller.
 */
public interface AttributorSettings {
  /**
   * The attributor's name as in requests, such as {@code smooth_grad}.
   *
   * @return lower case, words joined by underscores
   */
  String name();

  /**
   * The attributor's arguments as in requests.
   *
   * @return argument to value: numbers, flags, texts, lists, {@link Baseline}s, tensors
   */
  default Map<String, Object> arguments() {
    return Map.of();
  }

  /**
   * Makes the attributor.
   *
   * @param plan what to run; the caller closes it
   * @return the attributor, to be closed by the caller
   * @throws org.zennit4j.bindings.Zennit4jException if the model is none for this attributor
   */
  Attributor on(Plan plan);
}
