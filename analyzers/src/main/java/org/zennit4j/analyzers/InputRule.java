/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.analyzers;

/** The rule that an LRP name's prefix puts on the input layers. */
public enum InputRule {
  /** {@code lrp_}: the input layers take the core rule. */
  SAME_AS_CORE("lrp", ""),
  /** {@code lrpz_}: Z. */
  Z("lrpz", "z"),
  /** {@code lrpsign_}: SIGN, or SIGNmu with a trailing {@code _mu_v}. */
  SIGN("lrpsign", "sign"),
  /** {@code zblrp_}: ZBox between low and high. */
  Z_BOX("zblrp", "zbox"),
  /** {@code w2lrp_}: w². */
  W_SQUARE("w2lrp", "wsquare"),
  /** {@code flatlrp_}: Flat. */
  FLAT("flatlrp", "flat");

  private final String prefix;
  private final String rule;

  InputRule(String prefix, String rule) {
    this.prefix = prefix;
    this.rule = rule;
  }

  /** The rule's name in the registry of rules; empty for the core rule. */
  String rule() {
    return rule;
  }

  /**
   * Returns the prefix as it is written in a name, without the underscore.
   *
   * @return for instance {@code "zblrp"}
   */
  public String prefix() {
    return prefix;
  }
}
