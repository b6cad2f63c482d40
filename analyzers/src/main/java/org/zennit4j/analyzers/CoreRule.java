/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.analyzers;

/** The rule that an LRP name puts on all kernel layers but those that its prefix takes. */
public enum CoreRule {
  /** Z. */
  Z("z", "z"),
  /** Epsilon. */
  EPSILON("epsilon", "epsilon"),
  /** Epsilon as a multiple of the standard deviation of each layer's own input. */
  STDX_EPSILON("epsilon", "stdx_epsilon"),
  /** ZPlus. */
  Z_PLUS("z_plus", "zplus"),
  /** AlphaBeta. */
  ALPHA_BETA("alpha", "alpha_beta"),
  /** Gamma. */
  GAMMA("gamma", "gamma"),
  /** Flat. */
  FLAT("flat", "flat"),
  /** w². */
  W_SQUARE("w_square", "wsquare"),
  /** Epsilon(0.1) on dense layers, AlphaBeta(1,0) on convolutions. */
  SEQUENTIAL_COMPOSITE_A("sequential_composite_a", ""),
  /** Epsilon(0.1) on dense layers, AlphaBeta(2,1) on convolutions. */
  SEQUENTIAL_COMPOSITE_B("sequential_composite_b", ""),
  /** {@code lrp.gamma}: Gamma(0.5). */
  DOT_GAMMA("lrp.gamma", "gamma"),
  /** {@code lrp.z_plus}: AlphaBeta(1,0) without bias. */
  DOT_Z_PLUS("lrp.z_plus", "alpha_beta"),
  /** {@code lrp.z_plus_fast}: x * W+^T(R / st(W+ x)), without bias. */
  DOT_Z_PLUS_FAST("lrp.z_plus_fast", "zplus_fast"),
  /** {@code lrp.rule_until_index}: a rule on the first layers, composite b above. */
  DOT_RULE_UNTIL_INDEX("lrp.rule_until_index", "");

  private final String text;
  private final String rule;

  CoreRule(String text, String rule) {
    this.text = text;
    this.rule = rule;
  }

  /** The rule's name in the registry of rules; empty for composites. */
  String rule() {
    return rule;
  }

  /** The spelling in a canonical name, before numbers; with its own prefix if {@link #isDotted}. */
  String text() {
    return text;
  }

  /**
   * Returns whether this rule exists under a dot name only.
   *
   * @return true for {@code lrp.gamma} and its siblings
   */
  public boolean isDotted() {
    return text.startsWith("lrp.");
  }

  /**
   * Returns whether this is one of the composites that tell dense layers from convolutions.
   *
   * @return true for the sequential composites and for {@link #DOT_RULE_UNTIL_INDEX}
   */
  public boolean isComposite() {
    return this == SEQUENTIAL_COMPOSITE_A
        || this == SEQUENTIAL_COMPOSITE_B
        || this == DOT_RULE_UNTIL_INDEX;
  }
}
