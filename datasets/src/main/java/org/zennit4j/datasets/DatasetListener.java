/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.datasets;

/** Hears how far a run is. Called by the thread that runs it. */
public interface DatasetListener {
  /**
   * Some samples are done.
   *
   * @param done how many, those of an earlier run and skipped ones included
   * @param total how many there are
   */
  default void onProgress(long done, long total) {}

  /**
   * A sample is skipped.
   *
   * @param id what it is called
   * @param reason what is wrong with it
   */
  default void onSkip(String id, String reason) {}
}
