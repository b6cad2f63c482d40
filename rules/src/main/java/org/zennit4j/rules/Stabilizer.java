/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.rules;

import org.bytedeco.pytorch.Tensor;

/**
 * Keeps a denominator away from zero.
 *
 * <p>A stabilizer of one's own is a lambda. Thread-safe.
 */
@FunctionalInterface
public interface Stabilizer {
  /** Zennit's default: 1e-6. */
  double DEFAULT_EPSILON = 1e-6;

  /**
   * Stabilizes a denominator.
   *
   * @param z any shape
   * @return the same shape, without zeros, in the caller's innermost scope
   */
  Tensor apply(Tensor z);

  /**
   * {@code z + epsilon * sign(z)}, where the sign of 0 is +1.
   *
   * @param epsilon a number from 0 on
   * @return the stabilizer
   * @throws RuleException if epsilon is negative or not finite
   */
  static Stabilizer of(double epsilon) {
    return new SignedStabilizer(epsilon, false, false, null);
  }

  /**
   * Zennit's default stabilizer.
   *
   * @return {@code of(1e-6)}
   */
  static Stabilizer standard() {
    return of(DEFAULT_EPSILON);
  }
}
