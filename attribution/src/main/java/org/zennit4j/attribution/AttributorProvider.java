/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.attribution;

import java.util.List;
import org.zennit4j.registry.Entry;

/**
 * Makes attributors of one's own known by name, to requests and to the command line.
 * Implementations are found by {@link java.util.ServiceLoader}: they have a public constructor
 * without parameters and are named in {@code
 * META-INF/services/org.zennit4j.attribution.AttributorProvider} or in a module's {@code provides}.
 */
public interface AttributorProvider {
  /**
   * The attributors. What {@link AttributorSettings#arguments()} of such an attributor says must be
   * values of the entry's arguments, so that one that is written can be read back.
   *
   * @return their entries, of names that are not taken
   */
  List<Entry<AttributorSettings>> attributors();
}
