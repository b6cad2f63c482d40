/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.datasets;

import java.util.Locale;

/**
 * Which class of each sample is explained.
 *
 * @param kind which
 * @param number the class, where it is a fixed one; else 0
 */
public record DatasetTarget(Kind kind, int number) {
  /** The kinds of targets. */
  public enum Kind {
    /** Each sample's true class; samples without a label are skipped. */
    LABEL,
    /** Each sample's most likely class. */
    PREDICTION,
    /** One class for all. */
    CLASS
  }

  /**
   * Returns the target that explains true classes.
   *
   * @return the target
   */
  public static DatasetTarget label() {
    return new DatasetTarget(Kind.LABEL, 0);
  }

  /**
   * Returns the target that explains predictions.
   *
   * @return the target
   */
  public static DatasetTarget prediction() {
    return new DatasetTarget(Kind.PREDICTION, 0);
  }

  /**
   * Returns the target that explains one class.
   *
   * @param number the class, from 0
   * @return the target
   */
  public static DatasetTarget of(int number) {
    if (number < 0) {
      throw new DatasetException("a class is a number from 0 on, not " + number);
    }
    return new DatasetTarget(Kind.CLASS, number);
  }

  /** As ViRelAy's project file calls it. */
  String strategy() {
    return switch (kind) {
      case LABEL -> "true_label";
      case PREDICTION -> "predicted_label";
      case CLASS -> "class_" + number;
    };
  }

  @Override
  public String toString() {
    return kind == Kind.CLASS ? Integer.toString(number) : kind.name().toLowerCase(Locale.ROOT);
  }
}
