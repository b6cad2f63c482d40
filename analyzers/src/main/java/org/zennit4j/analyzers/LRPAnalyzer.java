/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.analyzers;

import org.zennit4j.model.ScriptModel;

/**
 * LRP with one rule on all kernel layers: epsilon, zplus, or alphabeta with alpha 1 and beta 0.
 *
 * <p>S. Bach et al., 2015.
 */
public final class LRPAnalyzer extends BuiltInAnalyzer {
  /**
   * LRP-epsilon with 1e-6.
   *
   * @param model the model; must stay open as long as the analyzer
   */
  public LRPAnalyzer(ScriptModel model) {
    this(model, MethodOptions.none());
  }

  /**
   * LRP with what the options say.
   *
   * @param model the model; must stay open as long as the analyzer
   * @param options rule, epsilon and others
   */
  public LRPAnalyzer(ScriptModel model, MethodOptions options) {
    super(model, "lrp", options);
  }

  /**
   * Creates the analyzer with the other arguments' defaults.
   *
   * @param model the model; must stay open as long as the analyzer
   * @param rule {@code epsilon}, {@code zplus} or {@code alphabeta}
   */
  public LRPAnalyzer(ScriptModel model, String rule) {
    super(model, "lrp", MethodOptions.of("rule", rule));
  }

  /**
   * LRP with a rule.
   *
   * @param model the model; must stay open as long as the analyzer
   * @param rule epsilon, zplus or alphabeta
   * @param epsilon of the rule epsilon; others do not use it
   */
  public LRPAnalyzer(ScriptModel model, String rule, double epsilon) {
    this(model, rule, epsilon, MethodOptions.none());
  }

  /**
   * LRP with a rule.
   *
   * @param model the model; must stay open as long as the analyzer
   * @param rule epsilon, zplus or alphabeta
   * @param epsilon of the rule epsilon; others do not use it
   * @param options further options; they win over arguments
   */
  public LRPAnalyzer(ScriptModel model, String rule, double epsilon, MethodOptions options) {
    super(model, "lrp", arguments(rule, epsilon, options));
  }

  private static MethodOptions arguments(String rule, double epsilon, MethodOptions options) {
    MethodOptions checked = MethodOptions.of("epsilon", epsilon);
    MethodOptions both = MethodOptions.none().with("rule", rule).with(orNone(options));
    boolean used = both.get("rule").map("epsilon"::equals).orElse(true);
    return used ? checked.with(both) : both;
  }
}
