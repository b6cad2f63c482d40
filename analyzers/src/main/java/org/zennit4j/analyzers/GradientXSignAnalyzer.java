/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.analyzers;

import org.zennit4j.model.ScriptModel;

/**
 * The gradient of the target's score times the sign of the input: +1 where it reaches mu, else -1.
 *
 * <p>N. Gumpfer et al., 2023.
 */
public final class GradientXSignAnalyzer extends BuiltInAnalyzer {
  /**
   * Creates the analyzer.
   *
   * @param model the model; must stay open as long as the analyzer
   */
  public GradientXSignAnalyzer(ScriptModel model) {
    this(model, MethodOptions.none());
  }

  /**
   * Creates the analyzer.
   *
   * @param model the model; must stay open as long as the analyzer
   * @param options further options; they win over arguments
   */
  public GradientXSignAnalyzer(ScriptModel model, MethodOptions options) {
    super(model, "gradient_x_sign_mu", options);
  }

  /**
   * Creates the analyzer.
   *
   * @param model the model; must stay open as long as the analyzer
   * @param mu the threshold, 0 by default
   */
  public GradientXSignAnalyzer(ScriptModel model, double mu) {
    this(model, mu, MethodOptions.none());
  }

  /**
   * Creates the analyzer.
   *
   * @param model the model; must stay open as long as the analyzer
   * @param mu the threshold, 0 by default
   * @param options further options; they win over arguments
   */
  public GradientXSignAnalyzer(ScriptModel model, double mu, MethodOptions options) {
    super(model, "gradient_x_sign_mu", with(options, "mu", mu));
  }
}
