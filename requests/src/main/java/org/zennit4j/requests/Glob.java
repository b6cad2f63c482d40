/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.requests;

import java.util.Arrays;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** Patterns in which {@code *} stands for any text, slashes and dots included. */
final class Glob {
  private Glob() {}

  static Predicate<String> of(String glob) {
    String regex =
        Arrays.stream(glob.split("\\*", /* limit= */ -1))
            .map(Pattern::quote)
            .collect(Collectors.joining(".*"));
    return Pattern.compile(regex, Pattern.DOTALL).asMatchPredicate();
  }

  static boolean isPattern(String text) {
    return text.contains("*");
  }
}
