/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.composites;

import org.zennit4j.bindings.Zennit4jException;

/**
 * A composite or canonizer does not fit a network; the message names the layer or the unknown name.
 */
public class CompositeException extends Zennit4jException {
  private static final long serialVersionUID = 1L;

  /**
   * Creates an exception.
   *
   * @param message one line: what is wrong, where, and what to do
   */
  public CompositeException(String message) {
    super(message);
  }
}
