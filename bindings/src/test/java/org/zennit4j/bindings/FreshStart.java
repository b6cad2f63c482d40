/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.bindings;

import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/** What a forked JVM runs: starts LibTorch and computes something. */
final class FreshStart {
  private FreshStart() {}

  /** Prints the report and a sum. */
  @SuppressWarnings("SystemOut")
  public static void main(String[] args) {
    LibTorch.report().forEach(System.out::println);
    try (Tensor ones = torch.ones(3);
        Tensor sum = ones.sum()) {
      System.out.println("sum: " + sum.item_double());
    }
  }
}
