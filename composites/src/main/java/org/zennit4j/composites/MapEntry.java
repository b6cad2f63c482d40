/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.composites;

import java.util.List;
import org.zennit4j.graph.Layer;
import org.zennit4j.rules.Rule;

/**
 * An entry of a map: the first one that matches a layer gives its rule.
 *
 * @param keys types or names
 * @param rule the rule
 */
public record MapEntry(List<String> keys, Rule rule) {
  /**
   * Copies the list.
   *
   * @param keys {@link #keys()}
   * @param rule {@link #rule()}
   */
  public MapEntry {
    keys = List.copyOf(keys);
  }

  /**
   * An entry.
   *
   * @param rule the rule
   * @param keys types, such as {@link Types#CONVOLUTION}, or names, such as {@code features.0}
   * @return the entry
   */
  public static MapEntry of(Rule rule, String... keys) {
    return new MapEntry(List.of(keys), rule);
  }

  boolean matchesType(Layer layer) {
    return keys.stream().anyMatch(layer::matches);
  }
}
