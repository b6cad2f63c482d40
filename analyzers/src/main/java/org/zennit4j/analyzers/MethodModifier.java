/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.analyzers;

/** What a finished map is multiplied with; a name has each at most once, and one sign at most. */
public enum MethodModifier {
  /** {@code _x_input}: times the input. */
  INPUT("_x_input"),
  /** {@code _x_sign}: times the sign of the input, +1 at 0. */
  SIGN("_x_sign"),
  /** {@code _x_sign_mu} and {@code _x_sign_mu_v}: times +1 where the input reaches mu, else -1. */
  SIGN_MU("_x_sign_mu");

  private final String text;

  MethodModifier(String text) {
    this.text = text;
  }

  /**
   * Returns the spelling in a canonical name, without a number.
   *
   * @return for instance {@code "_x_sign"}
   */
  public String text() {
    return text;
  }

  boolean isSign() {
    return this != INPUT;
  }
}
