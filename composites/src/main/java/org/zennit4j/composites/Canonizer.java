/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.composites;

import java.util.Map;
import org.zennit4j.graph.Program;

/**
 * Rewrites a network into one that computes the same and that rules can explain. The model itself
 * is never changed.
 *
 * <p>Immutable and thread-safe. A canonizer of one's own is a lambda that uses {@link
 * Program#edit()}.
 */
@FunctionalInterface
public interface Canonizer {
  /**
   * Rewrites a program.
   *
   * @param program the network
   * @return the rewritten one, which the caller closes; the same object if nothing changes
   * @throws CompositeException if the network does not fit the canonizer
   */
  Program apply(Program program);

  /**
   * The canonizer's name as in requests.
   *
   * @return such as {@code merge_batch_norm}
   */
  default String name() {
    return getClass().getSimpleName();
  }

  /**
   * The canonizer's arguments as in requests.
   *
   * @return argument to value, perhaps none
   */
  default Map<String, Object> arguments() {
    return Map.of();
  }
}
