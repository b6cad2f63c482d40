/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.analyzers;

import org.zennit4j.model.ScriptModel;

/** Uniform noise between -1 and 1, a control for comparisons. */
public final class RandomUniformAnalyzer extends BuiltInAnalyzer {
  /**
   * Creates the analyzer.
   *
   * @param model the model; must stay open as long as the analyzer
   */
  public RandomUniformAnalyzer(ScriptModel model) {
    this(model, MethodOptions.none());
  }

  /**
   * Creates the analyzer.
   *
   * @param model the model; must stay open as long as the analyzer
   * @param options further options; they win over arguments
   */
  public RandomUniformAnalyzer(ScriptModel model, MethodOptions options) {
    super(model, "random_uniform", options);
  }

  /**
   * Creates the analyzer.
   *
   * @param model the model; must stay open as long as the analyzer
   * @param seed of MT19937, 1 by default
   */
  public RandomUniformAnalyzer(ScriptModel model, long seed) {
    this(model, seed, MethodOptions.none());
  }

  /**
   * Creates the analyzer.
   *
   * @param model the model; must stay open as long as the analyzer
   * @param seed of MT19937, 1 by default
   * @param options further options; they win over arguments
   */
  public RandomUniformAnalyzer(ScriptModel model, long seed, MethodOptions options) {
    super(model, "random_uniform", with(options, "seed", seed));
  }
}
