/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.analyzers;

import org.zennit4j.model.ScriptModel;

/**
 * The gradient, where ReLUs pass on positive gradients of positive inputs only.
 *
 * <p>J. Springenberg et al., 2014.
 */
public final class GuidedBackpropAnalyzer extends BuiltInAnalyzer {
  /**
   * Creates the analyzer.
   *
   * @param model the model; must stay open as long as the analyzer
   */
  public GuidedBackpropAnalyzer(ScriptModel model) {
    this(model, MethodOptions.none());
  }

  /**
   * Creates the analyzer.
   *
   * @param model the model; must stay open as long as the analyzer
   * @param options further options; they win over arguments
   */
  public GuidedBackpropAnalyzer(ScriptModel model, MethodOptions options) {
    super(model, "guided_backprop", options);
  }
}
