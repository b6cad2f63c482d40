/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.attribution;

import java.util.Locale;
import org.zennit4j.registry.Values;

/** Constants of enums as arguments: lower case. */
final class Choices {
  private Choices() {}

  static String text(Enum<?> constant) {
    return constant.name().toLowerCase(Locale.ROOT);
  }

  static <E extends Enum<E>> E read(Values values, String argument, Class<E> type) {
    return values.choice(argument, type);
  }
}
