/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.datasets;

import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalInt;
import java.util.TreeSet;
import org.zennit4j.bindings.internal.NearestNames;

/** Turns labels in text into classes. */
final class ClassNames {
  private final List<String> names;
  private final Map<String, Integer> numbers = new HashMap<>();

  private ClassNames(List<String> names) {
    this.names = names;
    for (int i = 0; i < names.size(); i++) {
      numbers.putIfAbsent(key(names.get(i)), i);
    }
  }

  /**
   * Chooses the names: those of the model if they are known; none if all labels are numbers; else
   * the labels themselves, sorted.
   */
  static ClassNames of(List<String> known, Iterable<String> labels) {
    if (!known.isEmpty()) {
      return new ClassNames(known);
    }
    TreeSet<String> distinct = new TreeSet<>();
    boolean numeric = true;
    for (String label : labels) {
      if (!label.isEmpty()) {
        distinct.add(label);
        numeric &= isNumber(label);
      }
    }
    return new ClassNames(numeric ? List.of() : List.copyOf(distinct));
  }

  private static String key(String name) {
    return name.strip().toLowerCase(Locale.ROOT);
  }

  private static boolean isNumber(String text) {
    return text.matches("\\d{1,9}");
  }

  List<String> names() {
    return names;
  }

  /** The class of a label; nothing for an empty one. */
  OptionalInt find(String label, String where) {
    if (label.isBlank()) {
      return OptionalInt.empty();
    }
    Integer named = numbers.get(key(label));
    if (named != null) {
      return OptionalInt.of(named);
    }
    if (isNumber(label.strip())) {
      return OptionalInt.of(Integer.parseInt(label.strip()));
    }
    throw new DatasetException(
        where
            + ": there is no class '"
            + label
            + "'; the nearest: "
            + NearestNames.list(label, names));
  }
}
