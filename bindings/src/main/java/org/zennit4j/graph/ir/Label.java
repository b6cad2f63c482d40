/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.graph.ir;

import java.util.List;
import java.util.Set;

/**
 * The layer that a canonizer made of an operator.
 *
 * @param name the layer's name
 * @param className its class, such as {@code zennit.layer.Sum}
 * @param types its types for layer maps
 * @param order the order in which the layer lists its inputs, or empty for that of the arguments
 */
public record Label(String name, String className, Set<String> types, List<Integer> order) {
  /** Copies the collections. */
  public Label {
    types = Set.copyOf(types);
    order = List.copyOf(order);
  }
}
