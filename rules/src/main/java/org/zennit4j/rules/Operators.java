/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.rules;

import org.zennit4j.bindings.Region;

/** Names of operators. */
final class Operators {
  private Operators() {}

  /** The operator's name without its namespace and without the underscore of in-place twins. */
  static String plainName(Region operator) {
    String name = operator.operators().get(0);
    String plain = name.substring(name.indexOf("::") + 2);
    return plain.endsWith("_") ? plain.substring(0, plain.length() - 1) : plain;
  }
}
