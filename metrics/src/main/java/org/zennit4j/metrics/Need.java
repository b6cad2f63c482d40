/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.metrics;

/** What a metric needs beside scores, inputs, classes and maps. */
public enum Need {
  /** Where the object is: {@link Subject#withMasks}. */
  MASKS,
  /** Maps of other inputs: {@link Subject#withExplainer}. */
  EXPLAINER,
  /** Maps of changed networks: {@link Subject#withMethod}. */
  METHOD
}
