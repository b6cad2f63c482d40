/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.analyzers;

import java.util.Optional;
import org.zennit4j.bindings.Zennit4jException;
import org.zennit4j.model.ScriptModel;

/**
 * LRP for inputs between bounds: z^B on input layers, another rule on the other kernel layers.
 *
 * <p>G. Montavon et al., 2017.
 */
public final class BoundedLRPAnalyzer extends BuiltInAnalyzer {
  /**
   * Bounds 0 and 1, and Epsilon with 1e-6.
   *
   * @param model the model; must stay open as long as the analyzer
   */
  public BoundedLRPAnalyzer(ScriptModel model) {
    this(model, MethodOptions.none());
  }

  /**
   * What the options say.
   *
   * @param model the model; must stay open as long as the analyzer
   * @param options low, high, rule and others
   */
  public BoundedLRPAnalyzer(ScriptModel model, MethodOptions options) {
    this(model, 0, 1, "epsilon", options);
  }

  /**
   * Creates the analyzer.
   *
   * @param model the model; must stay open as long as the analyzer
   * @param low the smallest value of the input: a number, one for each channel, or a tensor
   * @param high the largest value of the input: a number, one for each channel, or a tensor
   * @param rule of the other kernel layers: epsilon, z, gamma, zplus, alphabeta, flat or wsquare
   */
  public BoundedLRPAnalyzer(ScriptModel model, Object low, Object high, String rule) {
    this(model, low, high, rule, MethodOptions.none());
  }

  /**
   * Creates the analyzer.
   *
   * @param model the model; must stay open as long as the analyzer
   * @param low the smallest value of the input: a number, one for each channel, or a tensor
   * @param high the largest value of the input: a number, one for each channel, or a tensor
   * @param rule of the other kernel layers: epsilon, z, gamma, zplus, alphabeta, flat or wsquare
   * @param options further options; they win over arguments
   */
  public BoundedLRPAnalyzer(
      ScriptModel model, Object low, Object high, String rule, MethodOptions options) {
    super(
        model,
        name(orNone(options).get("rule").map(String.class::cast).orElse(rule)),
        MethodOptions.none()
            .with("low", low)
            .with("high", high)
            .with(orNone(options).with("rule", null)));
  }

  private static String name(String rule) {
    Optional<RuleName> known = rule == null ? Optional.empty() : RuleName.find(rule);
    String core =
        switch (known.orElse(RuleName.Z_BOX)) {
          case Z -> "z";
          case EPSILON -> "epsilon";
          case GAMMA -> "gamma";
          case Z_PLUS -> "z_plus";
          case ALPHA_BETA -> "alpha_1_beta_0";
          case FLAT -> "flat";
          case W_SQUARE -> "w_square";
          case Z_BOX, SIGN, SIGN_MU ->
              throw new Zennit4jException(
                  "the rule beside z^B must be one of epsilon, z, gamma, zplus, alphabeta, flat,"
                      + " wsquare, not "
                      + Texts.show(rule));
        };
    return "zblrp_" + core;
  }
}
