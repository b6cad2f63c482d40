/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.analyzers;

import java.util.Map;
import org.zennit4j.model.ScriptModel;

/**
 * The mean of the gradients at noisy copies of the input.
 *
 * <p>D. Smilkov et al., 2017.
 */
public final class SmoothGradAnalyzer extends BuiltInAnalyzer {
  /**
   * Creates the analyzer.
   *
   * @param model the model; must stay open as long as the analyzer
   */
  public SmoothGradAnalyzer(ScriptModel model) {
    this(model, MethodOptions.none());
  }

  /**
   * Creates the analyzer.
   *
   * @param model the model; must stay open as long as the analyzer
   * @param options further options; they win over arguments
   */
  public SmoothGradAnalyzer(ScriptModel model, MethodOptions options) {
    super(model, "smoothgrad", options);
  }

  /**
   * Creates the analyzer with the other arguments' defaults.
   *
   * @param model the model; must stay open as long as the analyzer
   * @param noiseLevel the noise's deviation, as a share of the input's range
   */
  public SmoothGradAnalyzer(ScriptModel model, double noiseLevel) {
    super(model, "smoothgrad", MethodOptions.of("noise_level", noiseLevel));
  }

  /**
   * Creates the analyzer.
   *
   * @param model the model; must stay open as long as the analyzer
   * @param noiseLevel standard deviation of the noise relative to the range of the sample, 0.2 by
   *     default
   * @param numSamples copies, 50 by default
   */
  public SmoothGradAnalyzer(ScriptModel model, double noiseLevel, int numSamples) {
    this(model, noiseLevel, numSamples, MethodOptions.none());
  }

  /**
   * Creates the analyzer.
   *
   * @param model the model; must stay open as long as the analyzer
   * @param noiseLevel standard deviation of the noise relative to the range of the sample, 0.2 by
   *     default
   * @param numSamples copies, 50 by default
   * @param options further options; they win over arguments
   */
  public SmoothGradAnalyzer(
      ScriptModel model, double noiseLevel, int numSamples, MethodOptions options) {
    super(
        model,
        "smoothgrad",
        with(options, Map.of("noise_level", noiseLevel, "num_samples", numSamples)));
  }
}
