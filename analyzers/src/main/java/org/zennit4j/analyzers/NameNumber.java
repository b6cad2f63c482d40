/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.analyzers;

/** A number that a method name can carry. */
public enum NameNumber {
  /** {@code _epsilon_v}. */
  EPSILON(MethodOption.EPSILON),
  /** {@code _epsilon_v_std_x}. */
  STD_FACTOR(MethodOption.STD_FACTOR),
  /** {@code _alpha_v}. */
  ALPHA(MethodOption.ALPHA),
  /** {@code _beta_v}. */
  BETA(MethodOption.BETA),
  /** {@code _gamma_v}. */
  GAMMA(MethodOption.GAMMA),
  /** {@code _steps_n}. */
  STEPS(MethodOption.STEPS),
  /** {@code _noise_v}. */
  NOISE_LEVEL(MethodOption.NOISE_LEVEL),
  /** {@code _samples_n}. */
  NUM_SAMPLES(MethodOption.NUM_SAMPLES),
  /** {@code _mu_v} of a {@code lrpsign_} name: the threshold of the rule on the input layers. */
  RULE_MU(MethodOption.MU),
  /** {@code _x_sign_mu_v}: the threshold of the modifier. */
  SIGN_MU(MethodOption.MU);

  private final MethodOption option;

  NameNumber(MethodOption option) {
    this.option = option;
  }

  /**
   * Returns the option that overrides this number.
   *
   * @return the option of the same meaning
   */
  public MethodOption option() {
    return option;
  }
}
