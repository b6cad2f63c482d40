/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.bindings;

/**
 * The root of all exceptions that this library throws on purpose: unchecked, with a message that
 * names what is wrong and what to do.
 */
public class Zennit4jException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /**
   * Creates an exception.
   *
   * @param message one line: what is wrong, where, and what to do
   */
  public Zennit4jException(String message) {
    super(message);
  }

  /**
   * Creates an exception with a cause.
   *
   * @param message one line: what is wrong, where, and what to do
   * @param cause what led to it
   */
  public Zennit4jException(String message, Throwable cause) {
    super(message, cause);
  }
}
