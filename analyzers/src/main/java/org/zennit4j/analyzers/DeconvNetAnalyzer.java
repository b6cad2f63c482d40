/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.analyzers;

import org.zennit4j.model.ScriptModel;

/**
 * The gradient, where ReLUs pass on positive gradients whatever their input.
 *
 * <p>M. Zeiler and R. Fergus, 2013.
 */
public final class DeconvNetAnalyzer extends BuiltInAnalyzer {
  /**
   * Creates the analyzer.
   *
   * @param model the model; must stay open as long as the analyzer
   */
  public DeconvNetAnalyzer(ScriptModel model) {
    this(model, MethodOptions.none());
  }

  /**
   * Creates the analyzer.
   *
   * @param model the model; must stay open as long as the analyzer
   * @param options further options; they win over arguments
   */
  public DeconvNetAnalyzer(ScriptModel model, MethodOptions options) {
    super(model, "deconvnet", options);
  }
}
