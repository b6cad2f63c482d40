/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.bindings;

/** A program holds something that cannot be run or explained; the message names the module. */
public class UnsupportedOperatorException extends Zennit4jException {
  private static final long serialVersionUID = 1L;

  /**
   * Creates an exception.
   *
   * @param message one line: what is wrong, where, and what to do
   */
  public UnsupportedOperatorException(String message) {
    super(message);
  }

  /**
   * Creates an exception with a cause.
   *
   * @param message one line: what is wrong, where, and what to do
   * @param cause what led to it
   */
  public UnsupportedOperatorException(String message, Throwable cause) {
    super(message, cause);
  }
}
