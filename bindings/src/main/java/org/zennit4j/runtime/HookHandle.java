/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.runtime;

/**
 * A registered hook; closing it removes the hook. Owned by who registered the hook; one that is
 * never closed stays as long as its model. Closing twice is harmless.
 */
public interface HookHandle extends AutoCloseable {
  /** Removes the hook; passes that are already running keep it. */
  @Override
  void close();
}
