/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.analyzers;

import java.math.BigDecimal;
import java.util.Collection;
import java.util.stream.Collectors;

/** How values and foreign text are written into messages. */
final class Texts {
  private static final int LONGEST = 80;

  private Texts() {}

  /** Foreign text for a message of one line: quoted, without control characters, not too long. */
  static String quote(String text) {
    String shown = text.replaceAll("\\p{Cntrl}", "?");
    return "\""
        + (shown.length() > LONGEST ? shown.substring(0, LONGEST - 3) + "..." : shown)
        + "\"";
  }

  /** A value for a message: numbers, flags and text as they are, of anything else its class. */
  static String show(Object value) {
    if (value instanceof Double || value instanceof Float) {
      return number(((Number) value).doubleValue());
    }
    if (value instanceof Number || value instanceof Boolean) {
      return value.toString();
    }
    if (value instanceof CharSequence text) {
      return quote(text.toString());
    }
    if (value instanceof Collection<?> values) {
      return values.stream().map(Texts::show).collect(Collectors.joining(", ", "[", "]"));
    }
    return value == null ? "null" : "a " + value.getClass().getSimpleName();
  }

  /** The shortest usual spelling: 0.25, 100, 1e-6. */
  static String number(double value) {
    if (!Double.isFinite(value)) {
      return Double.toString(value);
    }
    if (value == 0) {
      return "0";
    }
    BigDecimal exact = BigDecimal.valueOf(value).stripTrailingZeros();
    int exponent = exact.precision() - exact.scale() - 1;
    if (exponent >= -4 && exponent < 9) {
      return exact.toPlainString();
    }
    String digits = exact.unscaledValue().abs().toString();
    String mantissa = digits.length() == 1 ? digits : digits.charAt(0) + "." + digits.substring(1);
    return (value < 0 ? "-" : "") + mantissa + "e" + exponent;
  }
}
