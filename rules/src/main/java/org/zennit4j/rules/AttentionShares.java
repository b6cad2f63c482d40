/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.rules;

import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.ScalarTypeOptional;
import org.bytedeco.pytorch.Tensor;

/**
 * What flows back through {@code A v} with {@code A = softmax(scale q k^T + mask)}.
 *
 * @param query the relevance of the queries; null where the weights are constant
 * @param key the relevance of the keys; null where the weights are constant
 * @param value the relevance of the values
 * @param scores the relevance of the scores over the scores; null where the weights are constant
 */
record AttentionShares(Tensor query, Tensor key, Tensor value, Tensor scores) {
  /**
   * Shares relevance out.
   *
   * @param q queries
   * @param k keys, one for each head of the queries
   * @param v values, likewise
   * @param weights A
   * @param scale of the products of queries and keys
   * @param p the relevance of the output over the output
   * @param constantWeights whether all goes to the values
   */
  static AttentionShares of(
      Tensor q,
      Tensor k,
      Tensor v,
      Tensor weights,
      double scale,
      Tensor p,
      boolean constantWeights) {
    if (constantWeights) {
      return new AttentionShares(null, null, v.mul(transposed(weights).matmul(p)), null);
    }
    Tensor half = p.div(new Scalar(2));
    Tensor ofValue = v.mul(transposed(weights).matmul(half));
    Tensor ofWeights = weights.mul(half.matmul(transposed(v)));
    Tensor total = ofWeights.sum(new long[] {-1}, true, new ScalarTypeOptional());
    Tensor c = ofWeights.sub(weights.mul(total));
    Tensor scaled = c.mul(new Scalar(scale / 2));
    return new AttentionShares(
        q.mul(scaled.matmul(k)), k.mul(transposed(scaled).matmul(q)), ofValue, c);
  }

  static Tensor transposed(Tensor t) {
    return t.transpose(-2, -1);
  }
}
