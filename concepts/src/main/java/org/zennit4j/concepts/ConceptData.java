/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.concepts;

import org.bytedeco.pytorch.Tensor;

/** A dataset that is walked through: inputs, and what to explain of each. */
public interface ConceptData {
  /**
   * The number of samples.
   *
   * @return from 0
   */
  int size();

  /**
   * Reads some samples.
   *
   * @param from the first
   * @param to behind the last
   * @return a batch as the model takes it, in the caller's innermost scope
   */
  Tensor inputs(int from, int to);

  /**
   * What to explain of a sample.
   *
   * @param sample its number
   * @return outputs, usually the label; each of them is explained on its own
   */
  int[] targets(int sample);
}
