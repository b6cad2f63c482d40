/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.concepts;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What relevance goes through: some channels of some layers, and the outputs where it starts.
 * Relevance at a layer's output is multiplied by one at the given channels and by zero at the
 * others, before the layer's own rule. A layer without channels lets nothing through. Immutable.
 */
public final class Condition {
  private final Map<String, List<Integer>> layers;
  private final List<Integer> outputs;

  private Condition(Map<String, List<Integer>> layers, List<Integer> outputs) {
    this.layers = Collections.unmodifiableMap(layers);
    this.outputs = outputs;
  }

  /**
   * No condition: relevance starts at all outputs.
   *
   * @return lets everything through
   */
  public static Condition none() {
    return new Condition(new LinkedHashMap<>(), null);
  }

  /**
   * Relevance starts at outputs: zennit-crp's key {@code y}.
   *
   * @param outputs indices on axis 1 of the output; several count together
   * @return a condition without layers
   */
  public static Condition y(int... outputs) {
    return none().withY(outputs);
  }

  /**
   * Changes where relevance starts.
   *
   * @param values indices on axis 1 of the output
   * @return a copy
   */
  public Condition withY(int... values) {
    return new Condition(layers, list(values));
  }

  /**
   * Adds a layer; it replaces what was said about the same layer.
   *
   * @param layer its name
   * @param channels those that let relevance through, perhaps none
   * @return a copy
   */
  public Condition with(String layer, int... channels) {
    Map<String, List<Integer>> copy = new LinkedHashMap<>(layers);
    copy.put(layer, list(channels));
    return new Condition(copy, outputs);
  }

  private static List<Integer> list(int... values) {
    List<Integer> list = new ArrayList<>();
    for (int value : values) {
      list.add(value);
    }
    return List.copyOf(list);
  }

  /**
   * The layers.
   *
   * @return layer to channels
   */
  public Map<String, List<Integer>> layers() {
    return layers;
  }

  /**
   * Where relevance starts.
   *
   * @return empty for all outputs
   */
  public Optional<List<Integer>> y() {
    return Optional.ofNullable(outputs);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Condition c && c.layers.equals(layers) && c.y().equals(y());
  }

  @Override
  public int hashCode() {
    return layers.hashCode() * 31 + y().hashCode();
  }

  @Override
  public String toString() {
    return layers + (outputs == null ? "" : " y=" + outputs);
  }
}
