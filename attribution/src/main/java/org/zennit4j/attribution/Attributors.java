/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.attribution;

import java.util.List;
import java.util.ServiceLoader;
import org.zennit4j.registry.Argument;
import org.zennit4j.registry.Argument.Kind;
import org.zennit4j.registry.Registry;

/** The attributors that have names. */
public final class Attributors {
  /** 0, the default, for as many as pay. */
  static final Argument BATCH_SIZE = Argument.of("batch_size", Kind.INTEGER, BatchChoice.AUTOMATIC);

  private static final Registry<AttributorSettings> STANDARD =
      Registry.of(
              "attributor",
              List.of(
                  Gradient.entry(),
                  SmoothGrad.entry(),
                  IntegratedGradients.entry(),
                  Occlusion.entry()))
          .withNew(GradCam.entries())
          .withNew(AttentionRollout.entries())
          .withNew(List.of(DeepLift.entry(), RandomUniform.entry()))
          .withNew(FeatureCoalitions.entries());

  private Attributors() {}

  /**
   * This library's attributors and those of every {@link AttributorProvider} that the thread's
   * context class loader finds, asked anew at each call.
   *
   * @return the registry
   * @throws org.zennit4j.bindings.Zennit4jException if a provider's attributor has a name that is
   *     taken
   */
  public static Registry<AttributorSettings> registry() {
    Registry<AttributorSettings> all = STANDARD;
    for (AttributorProvider provider : ServiceLoader.load(AttributorProvider.class)) {
      all = all.withNew(provider.attributors());
    }
    return all;
  }
}
