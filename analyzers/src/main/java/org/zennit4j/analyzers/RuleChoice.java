/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.analyzers;

import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import org.zennit4j.registry.Entry;
import org.zennit4j.rules.Rule;
import org.zennit4j.rules.Rules;

/** The rules that options choose by name. What they are stands in the registry of rules. */
final class RuleChoice {
  static final String EPSILON = "epsilon";
  static final String ALPHA_BETA = "alphabeta";
  static final String FLAT = "flat";
  static final String Z_BOX = "zbox";

  /** The names, in SIGN-XAI's spelling. */
  static final List<String> NAMES =
      List.of(
          "z", EPSILON, "gamma", "zplus", ALPHA_BETA, FLAT, "wsquare", Z_BOX, "sign", "sign_mu");

  private RuleChoice() {}

  /** The name that a text stands for, without regard to case and underscores. */
  static Optional<String> find(String text) {
    return NAMES.stream().filter(name -> bare(name).equals(bare(text))).findFirst();
  }

  /** The rule of one of {@link #NAMES}. */
  static Entry<Rule> entry(String name) {
    return Rules.standard().entries().stream()
        .filter(entry -> bare(entry.name()).equals(bare(name)))
        .findFirst()
        .orElseThrow();
  }

  /** The options that the rule reads: its arguments, but for what all LRP methods have. */
  static Set<MethodOption> options(String name) {
    Set<MethodOption> options = EnumSet.noneOf(MethodOption.class);
    entry(name).argumentNames().forEach(key -> MethodOption.find(key).ifPresent(options::add));
    options.remove(MethodOption.STABILIZER);
    return Collections.unmodifiableSet(options);
  }

  private static String bare(String name) {
    return name.toLowerCase(Locale.ROOT).replace("_", "");
  }
}
