/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.rules;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Numbers with which a rule would give another map without a word are refused. */
class RuleArgumentsTests {
  @ParameterizedTest
  @ValueSource(doubles = {-1, -1e-12, Double.NaN, Double.POSITIVE_INFINITY})
  void epsilonIsNotNegative(double epsilon) {
    assertThatThrownBy(() -> new Epsilon(epsilon))
        .isInstanceOf(RuleException.class)
        .hasMessageContaining("epsilon must be");
  }

  @Test
  void epsilonMayBeZero() {
    assertThat(new Epsilon(0).name()).isEqualTo("epsilon");
  }

  @Test
  void boundsHaveAnOrder() {
    assertThatThrownBy(() -> new ZBox(1, 0))
        .isInstanceOf(RuleException.class)
        .hasMessageContaining("lower bound");
    assertThat(new ZBox(0, 0).name()).isEqualTo("zbox");
  }
}
