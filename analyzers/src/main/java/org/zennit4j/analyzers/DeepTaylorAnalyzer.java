/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.analyzers;

import org.zennit4j.model.ScriptModel;

/**
 * Deep Taylor decomposition: z+ on hidden layers, w² on input layers, or z^B where the options low
 * and high are given.
 *
 * <p>G. Montavon et al., 2017.
 */
public final class DeepTaylorAnalyzer extends BuiltInAnalyzer {
  /**
   * Creates the analyzer.
   *
   * @param model the model; must stay open as long as the analyzer
   */
  public DeepTaylorAnalyzer(ScriptModel model) {
    this(model, MethodOptions.none());
  }

  /**
   * Creates the analyzer.
   *
   * @param model the model; must stay open as long as the analyzer
   * @param options further options; they win over arguments
   */
  public DeepTaylorAnalyzer(ScriptModel model, MethodOptions options) {
    super(model, "deep_taylor", options);
  }

  /**
   * Creates the analyzer.
   *
   * @param model the model; must stay open as long as the analyzer
   * @param epsilon the stabilizer, 1e-6 by default
   */
  public DeepTaylorAnalyzer(ScriptModel model, double epsilon) {
    this(model, epsilon, MethodOptions.none());
  }

  /**
   * Creates the analyzer.
   *
   * @param model the model; must stay open as long as the analyzer
   * @param epsilon the stabilizer, 1e-6 by default
   * @param options further options; they win over arguments
   */
  public DeepTaylorAnalyzer(ScriptModel model, double epsilon, MethodOptions options) {
    super(model, "deep_taylor", with(options, "epsilon", epsilon));
  }
}
