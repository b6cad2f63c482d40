/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.analyzers;

import java.util.List;
import org.zennit4j.bindings.Zennit4jException;

/** A text is no method name, or names a method that this library does not provide. */
public final class MethodNameException extends Zennit4jException {
  private static final long serialVersionUID = 1L;

  /** The text that is no method name. */
  private final String name;

  /** The nearest listed names. */
  private final transient List<String> nearest;

  MethodNameException(String name, String problem) {
    this(name, problem, MethodCatalogue.nearest(name, 3));
  }

  private MethodNameException(String name, String problem, List<String> nearest) {
    super(
        "method "
            + Texts.quote(name)
            + ": "
            + problem
            + "; nearest names: "
            + String.join(", ", nearest));
    this.name = name;
    this.nearest = nearest;
  }

  /**
   * Returns the text that is no method name.
   *
   * @return the text as it was given
   */
  public String name() {
    return name;
  }

  /**
   * Returns the three listed names that are nearest to the text by edit distance.
   *
   * @return the nearest first; empty in an exception that was serialized
   */
  public List<String> nearest() {
    return nearest == null ? List.of() : nearest;
  }
}
