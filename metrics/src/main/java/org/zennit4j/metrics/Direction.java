/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.metrics;

/** Which values of a metric are good. */
public enum Direction {
  /** The higher, the better. */
  HIGHER,
  /** The lower, the better. */
  LOWER,
  /** The value describes a map and does not judge it. */
  NONE;

  /**
   * The direction in words.
   *
   * @return such as {@code higher is better}
   */
  public String words() {
    return switch (this) {
      case HIGHER -> "higher is better";
      case LOWER -> "lower is better";
      case NONE -> "neither is better";
    };
  }
}
