/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.analyzers;

import java.util.Map;
import org.zennit4j.model.ScriptModel;

/**
 * The variance of the gradients at noisy copies of the input.
 *
 * <p>J. Adebayo et al., 2018.
 */
public final class VarGradAnalyzer extends BuiltInAnalyzer {
  /**
   * Creates the analyzer.
   *
   * @param model the model; must stay open as long as the analyzer
   */
  public VarGradAnalyzer(ScriptModel model) {
    this(model, MethodOptions.none());
  }

  /**
   * Creates the analyzer.
   *
   * @param model the model; must stay open as long as the analyzer
   * @param options further options; they win over arguments
   */
  public VarGradAnalyzer(ScriptModel model, MethodOptions options) {
    super(model, "vargrad", options);
  }

  /**
   * Creates the analyzer with the other arguments' defaults.
   *
   * @param model the model; must stay open as long as the analyzer
   * @param numSamples how many noisy copies
   */
  public VarGradAnalyzer(ScriptModel model, int numSamples) {
    super(model, "vargrad", MethodOptions.of("num_samples", numSamples));
  }

  /**
   * Creates the analyzer.
   *
   * @param model the model; must stay open as long as the analyzer
   * @param numSamples copies, 50 by default
   * @param noiseLevel standard deviation of the noise relative to the range of the sample, 0.2 by
   *     default
   */
  public VarGradAnalyzer(ScriptModel model, int numSamples, double noiseLevel) {
    this(model, numSamples, noiseLevel, MethodOptions.none());
  }

  /**
   * Creates the analyzer.
   *
   * @param model the model; must stay open as long as the analyzer
   * @param numSamples copies, 50 by default
   * @param noiseLevel standard deviation of the noise relative to the range of the sample, 0.2 by
   *     default
   * @param options further options; they win over arguments
   */
  public VarGradAnalyzer(
      ScriptModel model, int numSamples, double noiseLevel, MethodOptions options) {
    super(
        model,
        "vargrad",
        with(options, Map.of("num_samples", numSamples, "noise_level", noiseLevel)));
  }
}
