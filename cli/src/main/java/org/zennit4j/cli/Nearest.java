/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.cli;

import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;

/** Finds the names that were probably meant. */
final class Nearest {
  private Nearest() {}

  /** The names that differ least; those that contain the text come first. */
  static List<String> to(String text, Collection<String> names, int count) {
    String wanted = text.toLowerCase(Locale.ROOT);
    return names.stream()
        .sorted(
            Comparator.comparing((String n) -> !contains(n, wanted))
                .thenComparingInt(n -> distance(wanted, n.toLowerCase(Locale.ROOT))))
        .limit(count)
        .toList();
  }

  private static boolean contains(String name, String wanted) {
    return wanted.length() > 2 && name.toLowerCase(Locale.ROOT).contains(wanted);
  }

  private static int distance(String a, String b) {
    int[] previous = new int[b.length() + 1];
    for (int j = 0; j <= b.length(); j++) {
      previous[j] = j;
    }
    for (int i = 1; i <= a.length(); i++) {
      int[] current = new int[b.length() + 1];
      current[0] = i;
      for (int j = 1; j <= b.length(); j++) {
        int change = previous[j - 1] + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
        current[j] = Math.min(change, 1 + Math.min(previous[j], current[j - 1]));
      }
      previous = current;
    }
    return previous[b.length()];
  }
}
