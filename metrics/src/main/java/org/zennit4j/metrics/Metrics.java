/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.metrics;

import java.util.List;
import java.util.ServiceLoader;
import org.zennit4j.registry.Registry;

/** The metrics that have names. */
public final class Metrics {
  private static final Registry<Metric> STANDARD =
      Registry.of(
          "metric",
          List.of(
              PixelFlipping.entry(),
              InsertionDeletion.insertionEntry(),
              InsertionDeletion.deletionEntry(),
              Irof.entry(),
              Infidelity.entry(),
              SensitivityN.entry(),
              MaxSensitivity.entry(),
              Sparseness.entry(),
              Complexity.entry(),
              EffectiveComplexity.entry(),
              Localisation.pointingEntry(),
              Localisation.massEntry(),
              Localisation.rankEntry(),
              ParameterRandomization.entry(),
              Completeness.entry()));

  private Metrics() {}

  /**
   * This library's metrics and those of every {@link MetricProvider} that the thread's context
   * class loader finds, asked anew at each call.
   *
   * @return the registry
   * @throws org.zennit4j.bindings.Zennit4jException if a provider's metric has a name that is taken
   */
  public static Registry<Metric> registry() {
    Registry<Metric> all = STANDARD;
    for (MetricProvider provider : ServiceLoader.load(MetricProvider.class)) {
      all = all.withNew(provider.metrics());
    }
    return all;
  }
}
