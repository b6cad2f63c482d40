/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.composites;

import java.util.List;
import java.util.ServiceLoader;
import org.zennit4j.registry.Registry;

/** The canonizers that come with the library. */
public final class Canonizers {
  private static final Registry<Canonizer> STANDARD =
      Registry.of(
          "canonizer",
          List.of(
              MergeBatchNorm.entry(),
              ResidualSum.entry(),
              DecomposeAttention.entry(),
              SequentialMergeBatchNorm.entry(),
              ResNetCanonizer.entry(),
              VggCanonizer.entry(),
              NamedMergeBatchNorm.entry(),
              CompositeCanonizer.entry()));

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
   * Takes fused attention apart.
   *
   * @return {@link DecomposeAttention} of all fused attention
   */
  public static Canonizer decomposeAttention() {
    return new DecomposeAttention();
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

  /**
   * This library's canonizers and those of every {@link CanonizerProvider} that the thread's
   * context class loader finds, asked anew at each call.
   *
   * @return the registry
   * @throws org.zennit4j.bindings.Zennit4jException if a provider's canonizer has a name that is
   *     taken
   */
  public static Registry<Canonizer> registry() {
    Registry<Canonizer> all = STANDARD;
    for (CanonizerProvider provider : ServiceLoader.load(CanonizerProvider.class)) {
      all = all.withNew(provider.canonizers());
    }
    return all;
  }
}
