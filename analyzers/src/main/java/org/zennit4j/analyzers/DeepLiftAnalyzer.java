/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.analyzers;

import org.zennit4j.model.ScriptModel;

/**
 * DeepLIFT with the rescale rule.
 *
 * <p>A. Shrikumar et al., 2017.
 */
public final class DeepLiftAnalyzer extends BuiltInAnalyzer {
  /**
   * Creates the analyzer.
   *
   * @param model the model; must stay open as long as the analyzer
   */
  public DeepLiftAnalyzer(ScriptModel model) {
    this(model, MethodOptions.none());
  }

  /**
   * Creates the analyzer.
   *
   * @param model the model; must stay open as long as the analyzer
   * @param options further options; they win over arguments
   */
  public DeepLiftAnalyzer(ScriptModel model, MethodOptions options) {
    super(model, "deeplift", options);
  }

  /**
   * Creates the analyzer.
   *
   * @param model the model; must stay open as long as the analyzer
   * @param baseline a number, "black", "white", a tensor, or null for zeros
   */
  public DeepLiftAnalyzer(ScriptModel model, Object baseline) {
    this(model, baseline, MethodOptions.none());
  }

  /**
   * Creates the analyzer.
   *
   * @param model the model; must stay open as long as the analyzer
   * @param baseline a number, "black", "white", a tensor, or null for zeros
   * @param options further options; they win over arguments
   */
  public DeepLiftAnalyzer(ScriptModel model, Object baseline, MethodOptions options) {
    super(model, "deeplift", with(options, "baseline", baseline));
  }
}
