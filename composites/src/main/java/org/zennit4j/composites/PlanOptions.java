/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.composites;

import java.util.Objects;

/**
 * How a {@link Plan} uses memory.
 *
 * @param layout of images in memory while the plan runs
 * @param saveMemory whether passes keep few values from forward to backward and compute the others
 *     again when they need them: the same bits, for less memory and more time. Passes whose
 *     relevance is to be differentiated, passes with hooks, and models that overwrite their values
 *     in place keep everything as ever, and so do the parts of a model with layers whose relevance
 *     is asked for
 */
public record PlanOptions(Layout layout, boolean saveMemory) {
  /**
   * Checks the layout.
   *
   * @param layout {@link #layout()}
   * @param saveMemory {@link #saveMemory()}
   */
  public PlanOptions {
    Objects.requireNonNull(layout, "the layout is null");
  }

  /**
   * Memory as inputs come, and everything kept.
   *
   * @return the defaults
   */
  public static PlanOptions defaults() {
    return new PlanOptions(Layout.CONTIGUOUS, false);
  }

  /**
   * Changes {@link #layout()}.
   *
   * @param value the new value
   * @return a copy
   */
  public PlanOptions withLayout(Layout value) {
    return new PlanOptions(value, saveMemory);
  }

  /**
   * Changes {@link #saveMemory()}.
   *
   * @param value the new value
   * @return a copy
   */
  public PlanOptions withSaveMemory(boolean value) {
    return new PlanOptions(layout, value);
  }
}
