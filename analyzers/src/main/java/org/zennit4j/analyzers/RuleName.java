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

/** The rules that options choose by name, with the options that each of them reads. */
enum RuleName {
  Z("z"),
  EPSILON("epsilon"),
  GAMMA("gamma"),
  Z_PLUS("zplus"),
  ALPHA_BETA("alphabeta"),
  FLAT("flat"),
  W_SQUARE("wsquare"),
  Z_BOX("zbox"),
  SIGN("sign"),
  SIGN_MU("sign_mu");

  private final String text;

  RuleName(String text) {
    this.text = text;
  }

  /** The name in options. */
  String text() {
    return text;
  }

  /** The options that the rule reads. */
  Set<MethodOption> options() {
    return switch (this) {
      case Z, Z_PLUS, FLAT, W_SQUARE, SIGN -> Set.of();
      case EPSILON -> Set.of(MethodOption.EPSILON);
      case GAMMA -> Set.of(MethodOption.GAMMA);
      case ALPHA_BETA -> Set.of(MethodOption.ALPHA, MethodOption.BETA);
      case Z_BOX -> Set.of(MethodOption.LOW, MethodOption.HIGH);
      case SIGN_MU -> Set.of(MethodOption.MU);
    };
  }

  /** All names. */
  static List<String> texts() {
    return Arrays.stream(values()).map(RuleName::text).toList();
  }

  /** The rule of a name, without regard to case and underscores. */
  static Optional<RuleName> find(String name) {
    String wanted = bare(name);
    return Arrays.stream(values()).filter(rule -> bare(rule.text).equals(wanted)).findFirst();
  }

  private static String bare(String name) {
    return name.toLowerCase(Locale.ROOT).replace("_", "");
  }
}
