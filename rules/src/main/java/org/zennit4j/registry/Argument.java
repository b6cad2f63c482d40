/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.registry;

import java.util.Objects;

/**
 * An argument of an entry.
 *
 * @param name its key in requests, lower case, words joined by underscores
 * @param kind what its values are
 * @param needed whether it must be given
 * @param standard its value where it is not given; null for none
 */
public record Argument(String name, Kind kind, boolean needed, Object standard) {
  /** What the values of an argument are, in JSON and in Java. */
  public enum Kind {
    /** A finite number: Double. */
    NUMBER,
    /** A whole number, 0 or above: Integer. */
    INTEGER,
    /** A whole number from 1: Integer. */
    COUNT,
    /** A whole number from 1, or a list of them: an Integer, or a List of Integer. */
    COUNTS,
    /** A whole number: Long. */
    SEED,
    /** True or false: Boolean. */
    FLAG,
    /** A text: String. */
    TEXT,
    /** A finite number or a text: Double or String. */
    NUMBER_OR_TEXT,
    /** A list of texts: a List of String. */
    NAMES,
    /** A number, an object or "strict": Stabilizer. */
    STABILIZER,
    /** A text or a list of texts: ZeroParams. */
    ZERO_PARAMS,
    /** A number, a number for each channel, or the name of an array: Bound. */
    BOUND,
    /** A number, a number for each channel, or the name of an array: SignThreshold. */
    THRESHOLD,
    /** A number, the name of an array, or a list of names: Baseline. */
    BASELINE,
    /** The name of an array, or a list of names: a List of Tensor. */
    ARRAYS,
    /** A rule. */
    RULE,
    /** A composite. */
    COMPOSITE,
    /** A list of canonizers. */
    CANONIZERS,
    /** A list of pairs of names and a rule: a List of MapEntry. */
    LAYER_MAP,
    /** A list of pairs of names and a name: a List of NamedMergeBatchNorm.Pair. */
    NAME_PAIRS
  }

  /**
   * Checks the argument.
   *
   * @param name {@link #name()}
   * @param kind {@link #kind()}
   * @param needed {@link #needed()}
   * @param standard {@link #standard()}
   */
  public Argument {
    Objects.requireNonNull(name, "name");
    Objects.requireNonNull(kind, "kind");
  }

  /**
   * An argument that must be given.
   *
   * @param name {@link #name()}
   * @param kind {@link #kind()}
   * @return the argument
   */
  public static Argument needed(String name, Kind kind) {
    return new Argument(name, kind, true, null);
  }

  /**
   * An argument that may be left out.
   *
   * @param name {@link #name()}
   * @param kind {@link #kind()}
   * @param standard {@link #standard()}
   * @return the argument
   */
  public static Argument of(String name, Kind kind, Object standard) {
    return new Argument(name, kind, false, standard);
  }
}
