/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.composites;

/** The canonizers that come with the library. */
public final class Canonizers {
  private Canonizers() {}

  /**
   * Merges batch normalisations by data flow.
   *
   * @return {@link MergeBatchNorm}
   */
  public static Canonizer mergeBatchNorm() {
    return new MergeBatchNorm();
  }

  /**
   * Makes sums of additions.
   *
   * @return {@link ResidualSum}
   */
  public static Canonizer residualSum() {
    return new ResidualSum();
  }

  /**
   * Merges batch normalisations in the order of registration.
   *
   * @return {@link SequentialMergeBatchNorm}
   */
  public static Canonizer sequentialMergeBatchNorm() {
    return new SequentialMergeBatchNorm();
  }

  /**
   * Zennit's canonizer for ResNets.
   *
   * @return {@link ResNetCanonizer}
   */
  public static Canonizer resNet() {
    return new ResNetCanonizer();
  }

  /**
   * Zennit's canonizer for VGGs.
   *
   * @return {@link VggCanonizer}
   */
  public static Canonizer vgg() {
    return new VggCanonizer();
  }
}
