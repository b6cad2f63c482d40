/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.analyzers;

import org.zennit4j.model.ScriptModel;

/**
 * LRP with one rule each for input layers, the layers between, and the last kernel layer.
 *
 * <p>S. Bach et al., 2015; G. Montavon et al., 2019.
 */
public final class LRPSequential extends BuiltInAnalyzer {
  /**
   * Creates the analyzer.
   *
   * @param model the model; must stay open as long as the analyzer
   */
  public LRPSequential(ScriptModel model) {
    this(model, MethodOptions.none());
  }

  /**
   * Creates the analyzer.
   *
   * @param model the model; must stay open as long as the analyzer
   * @param options further options; they win over arguments
   */
  public LRPSequential(ScriptModel model, MethodOptions options) {
    super(model, "lrp_sequential", options);
  }

  /**
   * Creates the analyzer with the other arguments' defaults.
   *
   * @param model the model; must stay open as long as the analyzer
   * @param first the rule of all input layers
   */
  public LRPSequential(ScriptModel model, String first) {
    super(model, "lrp_sequential", MethodOptions.of("first_layer_rule", first));
  }

  /**
   * Creates the analyzer with the other arguments' defaults.
   *
   * @param model the model; must stay open as long as the analyzer
   * @param first the rule of all input layers
   * @param middle the rule of those between
   */
  public LRPSequential(ScriptModel model, String first, String middle) {
    super(
        model,
        "lrp_sequential",
        MethodOptions.of("first_layer_rule", first).with("middle_layer_rule", middle));
  }

  /**
   * Creates the analyzer.
   *
   * @param model the model; must stay open as long as the analyzer
   * @param first rule of the input layers, zbox by default
   * @param middle rule of the layers between, alphabeta by default
   * @param last rule of the last kernel layer, epsilon by default
   */
  public LRPSequential(ScriptModel model, String first, String middle, String last) {
    this(model, first, middle, last, MethodOptions.none());
  }

  /**
   * Creates the analyzer.
   *
   * @param model the model; must stay open as long as the analyzer
   * @param first rule of the input layers, zbox by default
   * @param middle rule of the layers between, alphabeta by default
   * @param last rule of the last kernel layer, epsilon by default
   * @param options further options; they win over arguments
   */
  public LRPSequential(
      ScriptModel model, String first, String middle, String last, MethodOptions options) {
    super(model, "lrp_sequential", arguments(options, first, middle, last));
  }

  private static MethodOptions arguments(
      MethodOptions options, String first, String middle, String last) {
    return MethodOptions.none()
        .with("first_layer_rule", first)
        .with("middle_layer_rule", middle)
        .with("last_layer_rule", last)
        .with(orNone(options));
  }
}
