/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.analyzers;

/** The rule that an LRP name's prefix puts on the input layers. */
public enum InputRule {
  /** {@code lrp_}: the input layers take the core rule. */
  SAME_AS_CORE("lrp"),
  /** {@code lrpz_}: Z. */
  Z("lrpz"),
  /** {@code lrpsign_}: SIGN, or SIGNmu with a trailing {@code _mu_v}. */
  SIGN("lrpsign"),
  /** {@code zblrp_}: ZBox between low and high. */
  Z_BOX("zblrp"),
  /** {@code w2lrp_}: w². */
  W_SQUARE("w2lrp"),
  /** {@code flatlrp_}: Flat. */
  FLAT("flatlrp");

  private final String prefix;

  InputRule(String prefix) {
    this.prefix = prefix;
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
