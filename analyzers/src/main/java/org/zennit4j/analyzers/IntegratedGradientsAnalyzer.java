/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.analyzers;

import org.zennit4j.model.ScriptModel;

/**
 * Gradients integrated along the straight path from a baseline to the input.
 *
 * <p>M. Sundararajan et al., 2017.
 */
public final class IntegratedGradientsAnalyzer extends BuiltInAnalyzer {
  /**
   * Creates the analyzer.
   *
   * @param model the model; must stay open as long as the analyzer
   */
  public IntegratedGradientsAnalyzer(ScriptModel model) {
    this(model, MethodOptions.none());
  }

  /**
   * Creates the analyzer.
   *
   * @param model the model; must stay open as long as the analyzer
   * @param options further options; they win over arguments
   */
  public IntegratedGradientsAnalyzer(ScriptModel model, MethodOptions options) {
    super(model, "integrated_gradients", options);
  }

  /**
   * Creates the analyzer with the other arguments' defaults.
   *
   * @param model the model; must stay open as long as the analyzer
   * @param steps how many; zeros are the baseline
   */
  public IntegratedGradientsAnalyzer(ScriptModel model, int steps) {
    super(model, "integrated_gradients", MethodOptions.of("steps", steps));
  }

  /**
   * Creates the analyzer.
   *
   * @param model the model; must stay open as long as the analyzer
   * @param steps intervals on the path, 50 by default
   * @param baseline a number, "black", "white", a tensor, or null for zeros
   */
  public IntegratedGradientsAnalyzer(ScriptModel model, int steps, Object baseline) {
    this(model, steps, baseline, MethodOptions.none());
  }

  /**
   * Creates the analyzer.
   *
   * @param model the model; must stay open as long as the analyzer
   * @param steps intervals on the path, 50 by default
   * @param baseline a number, "black", "white", a tensor, or null for zeros
   * @param options further options; they win over arguments
   */
  public IntegratedGradientsAnalyzer(
      ScriptModel model, int steps, Object baseline, MethodOptions options) {
    super(model, "integrated_gradients", arguments(options, steps, baseline));
  }

  private static MethodOptions arguments(MethodOptions options, int steps, Object baseline) {
    return MethodOptions.none()
        .with("steps", steps)
        .with("baseline", baseline)
        .with(orNone(options));
  }
}
