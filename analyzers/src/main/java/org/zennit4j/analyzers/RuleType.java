/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.analyzers;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/** The rule types of advanced LRP, with the options that each of them reads. */
enum RuleType {
  ALPHA1BETA0,
  ALPHA2BETA1,
  EPSILON,
  GAMMA,
  FLAT,
  WSQUARE,
  ZBOX,
  SEQUENTIAL,
  CUSTOM;

  /** The name in options. */
  String text() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** The options that the type reads, but for those of the rules that {@link #SEQUENTIAL} has. */
  Set<MethodOption> options() {
    return switch (this) {
      case ALPHA1BETA0, ALPHA2BETA1, FLAT, WSQUARE -> Set.of();
      case EPSILON -> Set.of(MethodOption.EPSILON);
      case GAMMA -> Set.of(MethodOption.GAMMA);
      case ZBOX -> Set.of(MethodOption.LOW, MethodOption.HIGH, MethodOption.EPSILON);
      case SEQUENTIAL -> MethodTables.SEQUENTIAL;
      case CUSTOM -> Set.of(MethodOption.COMPOSITE);
    };
  }

  /** All names. */
  static List<String> texts() {
    return Arrays.stream(values()).map(RuleType::text).toList();
  }

  /** The type of a name, without regard to case and underscores. */
  static Optional<RuleType> find(String name) {
    String wanted = name.toLowerCase(Locale.ROOT).replace("_", "");
    return Arrays.stream(values()).filter(type -> type.text().equals(wanted)).findFirst();
  }
}
