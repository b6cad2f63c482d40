/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.analyzers;

import java.util.Map;
import org.zennit4j.model.ScriptModel;

/**
 * LRP with a kind of composite: alpha1beta0, alpha2beta1, epsilon, gamma, flat, wsquare on all
 * kernel layers, zbox on input layers, sequential, or a custom composite.
 *
 * <p>S. Bach et al., 2015; G. Montavon et al., 2019.
 */
public final class AdvancedLRPAnalyzer extends BuiltInAnalyzer {
  /**
   * Creates the analyzer with the defaults of the rule type.
   *
   * @param model the model; must stay open as long as the analyzer
   * @param ruleType the kind of composite
   */
  public AdvancedLRPAnalyzer(ScriptModel model, String ruleType) {
    this(model, ruleType, MethodOptions.none());
  }

  /**
   * Creates the analyzer.
   *
   * @param model the model; must stay open as long as the analyzer
   * @param ruleType the kind of composite
   * @param options parameters of the rule type, and further options
   */
  public AdvancedLRPAnalyzer(ScriptModel model, String ruleType, MethodOptions options) {
    super(model, "lrp_advanced", with(options, "rule_type", ruleType));
  }

  /**
   * Creates the analyzer.
   *
   * @param model the model; must stay open as long as the analyzer
   * @param ruleType the kind of composite
   * @param params parameters of the rule type, such as epsilon, gamma, low and high, composite
   */
  public AdvancedLRPAnalyzer(ScriptModel model, String ruleType, Map<String, ?> params) {
    this(model, ruleType, params, MethodOptions.none());
  }

  /**
   * Creates the analyzer.
   *
   * @param model the model; must stay open as long as the analyzer
   * @param ruleType the kind of composite
   * @param params parameters of the rule type, such as epsilon, gamma, low and high, composite
   * @param options further options; they win over arguments
   */
  public AdvancedLRPAnalyzer(
      ScriptModel model, String ruleType, Map<String, ?> params, MethodOptions options) {
    this(model, ruleType, MethodOptions.from(params).with(orNone(options)));
  }
}
