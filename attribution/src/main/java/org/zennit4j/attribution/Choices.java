/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.attribution;

import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;
import org.zennit4j.bindings.Zennit4jException;
import org.zennit4j.registry.Values;

/** Constants of enums as arguments: lower case. */
final class Choices {
  private Choices() {}

  static String text(Enum<?> constant) {
    return constant.name().toLowerCase(Locale.ROOT);
  }

  static <E extends Enum<E>> E read(Values values, String argument, Class<E> type) {
    String text = values.text(argument);
    return Arrays.stream(type.getEnumConstants())
        .filter(constant -> text(constant).equals(text))
        .findFirst()
        .orElseThrow(
            () ->
                new Zennit4jException(
                    argument
                        + " must be one of "
                        + Arrays.stream(type.getEnumConstants())
                            .map(Choices::text)
                            .collect(Collectors.joining(", "))
                        + ", not '"
                        + text
                        + "'"));
  }
}
