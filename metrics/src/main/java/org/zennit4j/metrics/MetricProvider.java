/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.metrics;

import java.util.List;
import org.zennit4j.registry.Entry;

/**
 * Makes metrics of one's own known by name, to requests and to the command line. Implementations
 * are found by {@link java.util.ServiceLoader}: they have a public constructor without parameters
 * and are named in {@code META-INF/services/org.zennit4j.metrics.MetricProvider} or in a module's
 * {@code provides}.
 */
public interface MetricProvider {
  /**
   * The metrics.
   *
   * @return their entries, of names that are not taken
   */
  List<Entry<Metric>> metrics();
}
