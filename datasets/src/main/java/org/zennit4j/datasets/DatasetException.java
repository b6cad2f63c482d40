/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.datasets;

import org.zennit4j.bindings.Zennit4jException;

/** A dataset, or a file of results, cannot be read or written as it is. */
public class DatasetException extends Zennit4jException {
  private static final long serialVersionUID = 1;

  /**
   * Makes an exception.
   *
   * @param message names the file, what is wrong with it and what to do
   */
  public DatasetException(String message) {
    super(message);
  }

  /**
   * Makes an exception.
   *
   * @param message names the file, what is wrong with it and what to do
   * @param cause what was thrown before
   */
  public DatasetException(String message, Throwable cause) {
    super(message, cause);
  }
}
