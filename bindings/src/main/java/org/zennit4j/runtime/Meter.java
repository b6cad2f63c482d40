/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.runtime;

import org.bytedeco.pytorch.Tensor;

/**
 * Counts the memory of the tensors that operators make in one run, views of others aside. Used by
 * one run at a time.
 */
public final class Meter {
  private long total;
  private long largest;

  /** Nothing counted yet. */
  public Meter() {}

  /**
   * All tensors together.
   *
   * @return bytes
   */
  public long total() {
    return total;
  }

  /**
   * The largest tensor.
   *
   * @return bytes
   */
  public long largest() {
    return largest;
  }

  void count(Tensor tensor) {
    long bytes = tensor.numel() * tensor.element_size();
    total += bytes;
    largest = Math.max(largest, bytes);
  }
}
