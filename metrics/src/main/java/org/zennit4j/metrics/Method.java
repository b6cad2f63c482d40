/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.metrics;

import org.zennit4j.model.ScriptModel;

/** A way to explain any model, for metrics that change the model. */
@FunctionalInterface
public interface Method {
  /**
   * Prepares the way for a model.
   *
   * @param model the model; stays open as long as the result
   * @return maps, to be closed by the caller
   */
  Maps on(ScriptModel model);
}
