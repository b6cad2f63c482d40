/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.metrics;

/** Which elements of an input are changed together. */
public enum Unit {
  /** Each element alone, channels apart: Quantus's pixel flipping. */
  ELEMENT,
  /** A position with all its channels. */
  PIXEL,
  /** A square of positions, or a stretch of a series, with all channels. */
  PATCH,
  /** A segment with all channels: given, or found by SLIC. */
  SEGMENT
}
