/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.metrics;

import java.util.Map;
import java.util.Set;

/** A measure of relevance maps. Immutable and thread-safe. */
public interface Metric {
  /**
   * The metric's name as in requests, such as {@code pixel_flipping}.
   *
   * @return lower case, words joined by underscores
   */
  String name();

  /**
   * The metric's arguments as in requests.
   *
   * @return argument to value
   */
  default Map<String, Object> arguments() {
    return Map.of();
  }

  /**
   * Which values are good.
   *
   * @return the direction
   */
  Direction direction();

  /**
   * What it needs beside scores, inputs, classes and maps.
   *
   * @return perhaps nothing
   */
  default Set<Need> needs() {
    return Set.of();
  }

  /**
   * Measures.
   *
   * @param subject the network's scores, inputs, classes and maps
   * @return one value for each sample
   * @throws org.zennit4j.bindings.ShapeException if shapes do not fit each other
   * @throws org.zennit4j.bindings.Zennit4jException if something is missing that the metric needs
   */
  Result evaluate(Subject subject);
}
