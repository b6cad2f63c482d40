/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.requests;

import org.zennit4j.bindings.Zennit4jException;

/** A request, or a file that belongs to it, cannot be read, understood or carried out. */
public class RequestException extends Zennit4jException {
  private static final long serialVersionUID = 1L;

  /**
   * Creates an exception.
   *
   * @param message one line: what is wrong, where, and what to do
   */
  public RequestException(String message) {
    super(message);
  }

  /**
   * Creates an exception with a cause.
   *
   * @param message one line: what is wrong, where, and what to do
   * @param cause what led to it
   */
  public RequestException(String message, Throwable cause) {
    super(message, cause);
  }
}
