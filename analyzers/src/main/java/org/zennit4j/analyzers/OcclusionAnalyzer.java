/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.analyzers;

import java.util.Map;
import org.zennit4j.model.ScriptModel;

/**
 * How much the score falls when a window is covered.
 *
 * <p>M. Zeiler and R. Fergus, 2013.
 */
public final class OcclusionAnalyzer extends BuiltInAnalyzer {
  /**
   * Creates the analyzer.
   *
   * @param model the model; must stay open as long as the analyzer
   */
  public OcclusionAnalyzer(ScriptModel model) {
    this(model, MethodOptions.none());
  }

  /**
   * Creates the analyzer.
   *
   * @param model the model; must stay open as long as the analyzer
   * @param options further options; they win over arguments
   */
  public OcclusionAnalyzer(ScriptModel model, MethodOptions options) {
    super(model, "occlusion", options);
  }

  /**
   * Creates the analyzer with the other arguments' defaults.
   *
   * @param model the model; must stay open as long as the analyzer
   * @param window size of the window on all spatial axes, which is the distance between windows too
   */
  public OcclusionAnalyzer(ScriptModel model, int window) {
    super(model, "occlusion", MethodOptions.of("window", window));
  }

  /**
   * Creates the analyzer with the other arguments' defaults.
   *
   * @param model the model; must stay open as long as the analyzer
   * @param window size of the window on all spatial axes
   * @param stride distance between windows
   */
  public OcclusionAnalyzer(ScriptModel model, int window, int stride) {
    super(model, "occlusion", MethodOptions.of("window", window).with("stride", stride));
  }

  /**
   * Creates the analyzer.
   *
   * @param model the model; must stay open as long as the analyzer
   * @param window size of the window on all spatial axes, 8 by default
   * @param stride distance between windows, the size of the window by default
   * @param fill what the window is filled with, 0 by default
   */
  public OcclusionAnalyzer(ScriptModel model, int window, int stride, double fill) {
    this(model, window, stride, fill, MethodOptions.none());
  }

  /**
   * Creates the analyzer.
   *
   * @param model the model; must stay open as long as the analyzer
   * @param window size of the window on all spatial axes, 8 by default
   * @param stride distance between windows, the size of the window by default
   * @param fill what the window is filled with, 0 by default
   * @param options further options; they win over arguments
   */
  public OcclusionAnalyzer(
      ScriptModel model, int window, int stride, double fill, MethodOptions options) {
    super(
        model,
        "occlusion",
        with(options, Map.of("window", window, "stride", stride, "fill", fill)));
  }
}
