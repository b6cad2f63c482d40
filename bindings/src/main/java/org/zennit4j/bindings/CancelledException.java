/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.bindings;

/**
 * Work was stopped before its end: by its listener, an interrupt, a time limit, or the end of the
 * process. Nothing is left behind, and the next call works.
 */
public class CancelledException extends Zennit4jException {
  private static final long serialVersionUID = 1L;

  /**
   * Creates an exception for work that was stopped between two operators.
   *
   * @param cause what stopped it, such as {@code the thread was interrupted}
   */
  public CancelledException(String cause) {
    super("the work was cancelled: " + cause);
  }

  /**
   * Creates an exception for an attribution that its listener stopped.
   *
   * @param done passes done
   * @param total passes in all
   */
  public CancelledException(int done, int total) {
    super("the attribution was cancelled after " + done + " of " + total + " passes");
  }
}
