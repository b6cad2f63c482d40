/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.analyzers;

import java.math.BigDecimal;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** How values and foreign text are written into messages, and how near two words are. */
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
    if (value instanceof Placeholder placeholder) {
      return placeholder.key();
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

  /**
   * The {@code count} words nearest to the text by edit distance, ties in the order of the words.
   */
  static List<String> nearest(String text, Collection<String> words, int count) {
    String wanted = (text.length() > 2 * LONGEST ? text.substring(0, 2 * LONGEST) : text);
    String lower = wanted.toLowerCase(Locale.ROOT);
    record Candidate(String word, int distance) {}
    return words.stream()
        .map(word -> new Candidate(word, distance(lower, word.toLowerCase(Locale.ROOT))))
        .sorted(Comparator.comparingInt(Candidate::distance))
        .limit(count)
        .map(Candidate::word)
        .toList();
  }

  /**
   * Insertions, deletions, replacements and swaps of neighbours that lead from one to the other.
   */
  static int distance(String from, String to) {
    int[] beforeLast = new int[to.length() + 1];
    int[] last = new int[to.length() + 1];
    int[] current = new int[to.length() + 1];
    for (int j = 0; j <= to.length(); j++) {
      last[j] = j;
    }
    for (int i = 1; i <= from.length(); i++) {
      current[0] = i;
      for (int j = 1; j <= to.length(); j++) {
        int replaced = last[j - 1] + (from.charAt(i - 1) == to.charAt(j - 1) ? 0 : 1);
        int best = Math.min(replaced, 1 + Math.min(last[j], current[j - 1]));
        if (i > 1
            && j > 1
            && from.charAt(i - 1) == to.charAt(j - 2)
            && from.charAt(i - 2) == to.charAt(j - 1)) {
          best = Math.min(best, beforeLast[j - 2] + 1);
        }
        current[j] = best;
      }
      int[] free = beforeLast;
      beforeLast = last;
      last = current;
      current = free;
    }
    return last[to.length()];
  }
}
