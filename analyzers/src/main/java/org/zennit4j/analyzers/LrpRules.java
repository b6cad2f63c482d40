/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.analyzers;

import java.util.Objects;
import java.util.Optional;

/**
 * Which kernel layer gets which rule in an LRP method. The first of these that fits decides: {@code
 * input}, {@code leading}, {@code last}, then {@code dense} or {@code convolution}.
 *
 * @param input the rule on all input layers, where the method has one
 * @param leading the rule on the first kernel layers in execution order, where the method has one
 * @param last the rule on the last kernel layer in execution order, where the method has one
 * @param dense the rule on linear layers
 * @param convolution the rule on convolutions and transposed convolutions
 * @param zeroBias whether all rules take the bias as zero
 */
public record LrpRules(
    Optional<LrpRule> input,
    Optional<Leading> leading,
    Optional<LrpRule> last,
    LrpRule dense,
    LrpRule convolution,
    boolean zeroBias) {

  /**
   * A rule on the first kernel layers.
   *
   * @param rule the rule
   * @param index the index of the last layer that takes it, from 0
   */
  public record Leading(LrpRule rule, int index) {
    /**
     * Creates the choice.
     *
     * @param rule the rule
     * @param index the index of the last layer that takes it, from 0
     */
    public Leading {
      Objects.requireNonNull(rule, "rule");
    }
  }

  /**
   * Creates the choice of rules.
   *
   * @param input the rule on all input layers, where the method has one
   * @param leading the rule on the first kernel layers in execution order, where it has one
   * @param last the rule on the last kernel layer in execution order, where the method has one
   * @param dense the rule on linear layers
   * @param convolution the rule on convolutions and transposed convolutions
   * @param zeroBias whether all rules take the bias as zero
   */
  public LrpRules {
    Objects.requireNonNull(input, "input");
    Objects.requireNonNull(leading, "leading");
    Objects.requireNonNull(last, "last");
    Objects.requireNonNull(dense, "dense");
    Objects.requireNonNull(convolution, "convolution");
  }

  static LrpRules everywhere(LrpRule rule) {
    return layers(rule, rule);
  }

  static LrpRules layers(LrpRule dense, LrpRule convolution) {
    return new LrpRules(
        Optional.empty(), Optional.empty(), Optional.empty(), dense, convolution, false);
  }

  LrpRules withInput(LrpRule rule) {
    return new LrpRules(Optional.of(rule), leading, last, dense, convolution, zeroBias);
  }

  LrpRules withLeading(LrpRule rule, int index) {
    return new LrpRules(
        input, Optional.of(new Leading(rule, index)), last, dense, convolution, zeroBias);
  }

  LrpRules withLast(LrpRule rule) {
    return new LrpRules(input, leading, Optional.of(rule), dense, convolution, zeroBias);
  }

  LrpRules withZeroBias(boolean zero) {
    return new LrpRules(input, leading, last, dense, convolution, zero);
  }
}
