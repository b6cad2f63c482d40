/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.attribution;

/** Hears how far an attribution is. Called in the attributing thread, after each pass. */
@FunctionalInterface
public interface ProgressListener {
  /**
   * Hears that a pass is done.
   *
   * @param done passes done
   * @param total passes in all
   * @return false to cancel: the attribution then throws a {@link
   *     org.zennit4j.bindings.CancelledException}
   */
  boolean onProgress(int done, int total);
}
