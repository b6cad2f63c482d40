/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.metrics;

import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import org.zennit4j.registry.Argument;
import org.zennit4j.registry.Argument.Kind;
import org.zennit4j.registry.Entry;

/** Arguments that several metrics have. */
final class Arguments {
  static final Argument BATCH_SIZE = Argument.of("batch_size", Kind.COUNT, 256);
  static final Argument SEED = Argument.of("seed", Kind.SEED, 0L);
  static final Argument PATCH = Argument.of("patch", Kind.COUNT, 4);

  private final Map<String, Object> values = new LinkedHashMap<>();

  static Argument baseline(Object standard) {
    return Argument.of("baseline", Kind.NUMBER_OR_TEXT, standard);
  }

  static Argument choice(String name, Enum<?> standard) {
    return Argument.of(name, Kind.TEXT, text(standard));
  }

  static String text(Enum<?> constant) {
    return constant.name().toLowerCase(Locale.ROOT);
  }

  Arguments with(String name, Object value) {
    values.put(name, value instanceof Enum<?> constant ? text(constant) : value);
    return this;
  }

  Map<String, Object> map() {
    return values;
  }

  /** What an entry makes of no arguments. */
  static <T extends Metric> T standard(Entry<Metric> entry, Class<T> type) {
    return type.cast(entry.create(Map.of()));
  }
}
