/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.datasets;

/** One sample cannot be read; the others of its dataset can. */
public class SampleException extends DatasetException {
  private static final long serialVersionUID = 1;

  /**
   * Makes an exception.
   *
   * @param message names the sample and what is wrong with it
   * @param cause what was thrown before, or null
   */
  public SampleException(String message, Throwable cause) {
    super(message, cause);
  }
}
