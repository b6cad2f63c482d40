/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.diagnosis;

/**
 * The relevance that a call of a layer does not pass on, by who took it. In the unit of the
 * relevance; negative where more is passed on than arrived.
 *
 * @param bias given to biases
 * @param epsilon taken by the stabilizer of the denominator
 * @param otherwise lost because the rule promises no sums
 */
public record Loss(double bias, double epsilon, double otherwise) {
  Loss plus(Loss other) {
    return new Loss(bias + other.bias, epsilon + other.epsilon, otherwise + other.otherwise);
  }
}
