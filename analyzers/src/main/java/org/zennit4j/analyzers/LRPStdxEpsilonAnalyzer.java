/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.analyzers;

import org.zennit4j.model.ScriptModel;

/**
 * LRP with an epsilon that follows the spread of each layer's own input, on all kernel layers.
 *
 * <p>N. Gumpfer et al., 2023.
 */
public final class LRPStdxEpsilonAnalyzer extends BuiltInAnalyzer {
  /**
   * Creates the analyzer.
   *
   * @param model the model; must stay open as long as the analyzer
   */
  public LRPStdxEpsilonAnalyzer(ScriptModel model) {
    this(model, MethodOptions.none());
  }

  /**
   * Creates the analyzer.
   *
   * @param model the model; must stay open as long as the analyzer
   * @param options further options; they win over arguments
   */
  public LRPStdxEpsilonAnalyzer(ScriptModel model, MethodOptions options) {
    super(model, "lrp_epsilon_0_25_std_x", options);
  }

  /**
   * Creates the analyzer.
   *
   * @param model the model; must stay open as long as the analyzer
   * @param stdFactor epsilon as a multiple of the standard deviation, 0.25 by default
   */
  public LRPStdxEpsilonAnalyzer(ScriptModel model, double stdFactor) {
    this(model, stdFactor, MethodOptions.none());
  }

  /**
   * Creates the analyzer.
   *
   * @param model the model; must stay open as long as the analyzer
   * @param stdFactor epsilon as a multiple of the standard deviation, 0.25 by default
   * @param options further options; they win over arguments
   */
  public LRPStdxEpsilonAnalyzer(ScriptModel model, double stdFactor, MethodOptions options) {
    super(model, "lrp_epsilon_0_25_std_x", with(options, "std_factor", stdFactor));
  }
}
