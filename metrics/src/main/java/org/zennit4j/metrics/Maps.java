/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.metrics;

import org.bytedeco.pytorch.Tensor;

/**
 * A way to explain: maps of any inputs, for metrics that explain again. Thread-safe. Owned by who
 * makes it, who closes it.
 */
@FunctionalInterface
public interface Maps extends AutoCloseable {
  /**
   * Explains a batch.
   *
   * @param inputs a batch, of the network's dtype and device
   * @param classes what to explain, one for each sample
   * @return of the inputs' shape, or with fewer channels; in the caller's innermost scope
   */
  Tensor of(Tensor inputs, int[] classes);

  /** Frees what the way keeps; nothing by default. */
  @Override
  default void close() {}
}
