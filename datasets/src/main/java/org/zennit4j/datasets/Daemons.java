/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.datasets;

import java.util.concurrent.ExecutorService;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;

/** Threads that do not keep a process alive. */
final class Daemons {
  private Daemons() {}

  static ThreadFactory named(String what) {
    return work -> {
      Thread thread = new Thread(work, "zennit4j " + what);
      thread.setDaemon(true);
      return thread;
    };
  }

  /** Ends them; what they use may be closed afterwards. */
  static void end(ExecutorService threads) {
    threads.shutdownNow();
    try {
      if (!threads.awaitTermination(1, TimeUnit.MINUTES)) {
        throw new DatasetException("a sample is still being read after a minute");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
