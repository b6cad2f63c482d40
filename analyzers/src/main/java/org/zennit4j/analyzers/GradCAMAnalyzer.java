/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.analyzers;

import org.zennit4j.model.ScriptModel;

/**
 * Grad-CAM: the maps of a layer, weighted by their mean gradients, resized to the input.
 *
 * <p>R. Selvaraju et al., 2017.
 */
public final class GradCAMAnalyzer extends BuiltInAnalyzer {
  /**
   * Creates the analyzer.
   *
   * @param model the model; must stay open as long as the analyzer
   */
  public GradCAMAnalyzer(ScriptModel model) {
    this(model, MethodOptions.none());
  }

  /**
   * Creates the analyzer.
   *
   * @param model the model; must stay open as long as the analyzer
   * @param options further options; they win over arguments
   */
  public GradCAMAnalyzer(ScriptModel model, MethodOptions options) {
    super(model, "grad_cam", options);
  }

  /**
   * Creates the analyzer.
   *
   * @param model the model; must stay open as long as the analyzer
   * @param targetLayer name of the layer, null to find it
   */
  public GradCAMAnalyzer(ScriptModel model, String targetLayer) {
    this(model, targetLayer, MethodOptions.none());
  }

  /**
   * Creates the analyzer.
   *
   * @param model the model; must stay open as long as the analyzer
   * @param targetLayer name of the layer, null to find it
   * @param options further options; they win over arguments
   */
  public GradCAMAnalyzer(ScriptModel model, String targetLayer, MethodOptions options) {
    super(model, "grad_cam", with(options, "target_layer", targetLayer));
  }
}
