/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.rules;

import java.util.ArrayList;
import java.util.List;

/**
 * Which parameters a rule takes as zero.
 *
 * <p>Zennit takes a name or a list of names. A single text matches each parameter whose name occurs
 * in it ({@code "my_bias_weight"} matches both bias and weight); a list matches whole names. Where
 * a rule always leaves the bias out (Flat, and the negative inputs of ZPlus, AlphaBeta and Gamma),
 * the text counts as a list of one whole name, too.
 *
 * @param names the names, or the one text
 * @param text whether {@code names} holds one text
 */
public record ZeroParams(List<String> names, boolean text) {
  /**
   * Copies the list.
   *
   * @param names {@link #names()}
   * @param text {@link #text()}
   */
  public ZeroParams {
    names = List.copyOf(names);
  }

  /**
   * Zeroes nothing.
   *
   * @return the default of all rules
   */
  public static ZeroParams none() {
    return new ZeroParams(List.of(), false);
  }

  /**
   * A text, as Zennit takes it.
   *
   * @param text such as {@code "bias"}
   * @return matches every parameter whose name occurs in the text
   */
  public static ZeroParams in(String text) {
    return new ZeroParams(List.of(text), true);
  }

  /**
   * A list of whole names.
   *
   * @param names such as {@code "bias"}
   * @return matches these
   */
  public static ZeroParams of(String... names) {
    return new ZeroParams(List.of(names), false);
  }

  /**
   * Whether a parameter is taken as zero.
   *
   * @param name the parameter's name
   * @return true if so
   */
  public boolean matches(String name) {
    return text ? names.get(0).contains(name) : names.contains(name);
  }

  /**
   * These and the bias, as Zennit takes them in the second halves of ZPlus, AlphaBeta and Gamma and
   * in Flat: as a list of whole names, so that a text no longer matches by its parts.
   *
   * @return whole names
   */
  ZeroParams andBias() {
    List<String> all = new ArrayList<>(names);
    all.add("bias");
    return new ZeroParams(all, false);
  }

  /** These and the bias, whatever they matched before. */
  ZeroParams withBias() {
    return text ? in(names.get(0) + " bias") : andBias();
  }

  /** Whether the weight is zero where a text matches by its parts, and is not where it does not. */
  boolean splitsWeight() {
    return matches("weight") != andBias().matches("weight");
  }
}
