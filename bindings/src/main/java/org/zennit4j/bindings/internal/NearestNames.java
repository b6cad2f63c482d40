/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.bindings.internal;

import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;

/** Finds the names that were probably meant, for messages about one that is unknown. */
public final class NearestNames {
  /** Of longer texts only the beginning is compared: they come from foreign files. */
  private static final int LONGEST = 160;

  private record Candidate(String name, boolean holds, int distance) {}

  private NearestNames() {}

  /**
   * The names that differ least, upper and lower case being equal. Names that hold the text come
   * first; ties stay in the order of the names.
   *
   * @param wanted what was written
   * @param names the known names, in an order of their own
   * @param count how many to find at most
   * @return the nearest first; the empty name (the root module's) is never one of them
   */
  public static List<String> of(String wanted, Collection<String> names, int count) {
    String text = folded(wanted);
    return names.stream()
        .filter(name -> !name.isEmpty())
        .map(name -> candidate(name, text))
        .sorted(
            Comparator.comparing(Candidate::holds).reversed().thenComparingInt(Candidate::distance))
        .limit(count)
        .map(Candidate::name)
        .toList();
  }

  /**
   * The three nearest names, to stand after "the nearest:".
   *
   * @param wanted what was written
   * @param names the known names, in an order of their own
   * @return the names with commas between them
   */
  public static String list(String wanted, Collection<String> names) {
    return String.join(", ", of(wanted, names, 3));
  }

  private static Candidate candidate(String name, String text) {
    String folded = folded(name);
    boolean holds = text.length() > 2 && folded.contains(text);
    return new Candidate(name, holds, distance(text, folded));
  }

  private static String folded(String text) {
    String head = text.length() > LONGEST ? text.substring(0, LONGEST) : text;
    return head.toLowerCase(Locale.ROOT);
  }

  /** Insertions, deletions, replacements and swaps of neighbours that turn one into the other. */
  private static int distance(String from, String to) {
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
        boolean swapped =
            i > 1
                && j > 1
                && from.charAt(i - 1) == to.charAt(j - 2)
                && from.charAt(i - 2) == to.charAt(j - 1);
        current[j] = swapped ? Math.min(best, beforeLast[j - 2] + 1) : best;
      }
      int[] free = beforeLast;
      beforeLast = last;
      last = current;
      current = free;
    }
    return last[to.length()];
  }
}
