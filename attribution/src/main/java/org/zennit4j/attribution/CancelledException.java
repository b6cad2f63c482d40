/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.attribution;

import org.zennit4j.bindings.Zennit4jException;

/** An attribution was cancelled by its listener. */
public class CancelledException extends Zennit4jException {
  private static final long serialVersionUID = 1L;

  /**
   * Creates an exception.
   *
   * @param done passes done
   * @param total passes in all
   */
  public CancelledException(int done, int total) {
    super("the attribution was cancelled after " + done + " of " + total + " passes");
  }
}
