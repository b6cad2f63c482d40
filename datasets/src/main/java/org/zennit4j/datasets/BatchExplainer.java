/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.datasets;

import org.bytedeco.pytorch.Tensor;
import org.zennit4j.attribution.Attribution;
import org.zennit4j.attribution.Target;

/** What explains a batch of samples; called by one thread at a time. */
@FunctionalInterface
public interface BatchExplainer {
  /**
   * Explains a batch.
   *
   * @param batch float32 on the CPU, of shape (samples, ...); stays the caller's
   * @param target a class for each sample, or null for each sample's prediction
   * @return an output of shape (samples, classes) and a relevance of the batch's shape, in the
   *     caller's innermost scope; the caller closes it
   */
  Attribution explain(Tensor batch, Target target);
}
