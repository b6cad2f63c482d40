/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.analyzers;

import java.util.Optional;
import java.util.Set;
import org.zennit4j.bindings.Zennit4jException;
import org.zennit4j.model.ScriptModel;

/**
 * LRP for inputs between bounds: z^B on input layers, another rule on the other kernel layers.
 *
 * <p>G. Montavon et al., 2017.
 */
public final class BoundedLRPAnalyzer extends BuiltInAnalyzer {
  /** Rules that are for input layers only. */
  private static final Set<String> OTHERS = Set.of(RuleChoice.Z_BOX, "sign", "sign_mu");

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
   * Creates the analyzer with Epsilon on the layers behind the input.
   *
   * @param model the model; must stay open as long as the analyzer
   * @param low smallest values of the input: a number, a list with one for each channel, or a
   *     tensor
   * @param high largest values of the input, likewise
   */
  public BoundedLRPAnalyzer(ScriptModel model, Object low, Object high) {
    this(model, low, high, "epsilon");
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
    Optional<String> known = rule == null ? Optional.empty() : RuleChoice.find(rule);
    return "zblrp_"
        + known
            .filter(name -> !OTHERS.contains(name))
            .map(name -> name.equals(RuleChoice.ALPHA_BETA) ? "alpha_1_beta_0" : name)
            .orElseThrow(
                () ->
                    new Zennit4jException(
                        "the rule beside z^B must be one of epsilon, z, gamma, zplus, alphabeta,"
                            + " flat, wsquare, not "
                            + Texts.show(rule)));
  }
}
