/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.rules;

import org.zennit4j.bindings.Zennit4jException;

/** A rule was given arguments that it cannot have, or was put on a layer that it cannot explain. */
public class RuleException extends Zennit4jException {
  private static final long serialVersionUID = 1L;

  /**
   * Creates an exception.
   *
   * @param message one line: which rule, what is wrong, what to do
   */
  public RuleException(String message) {
    super(message);
  }
}
