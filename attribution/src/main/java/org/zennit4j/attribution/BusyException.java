/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.attribution;

import org.zennit4j.bindings.Zennit4jException;

/** A {@link PlanPool} has no room for another waiting call. */
public class BusyException extends Zennit4jException {
  private static final long serialVersionUID = 1L;

  /**
   * Says how busy the pool is.
   *
   * @param devices how many calls run
   * @param waiting how many wait
   */
  public BusyException(int devices, int waiting) {
    super(
        "the pool is busy: "
            + devices
            + " calls run and "
            + waiting
            + " wait, which is its limit; try again later, or make a pool with a longer queue");
  }
}
