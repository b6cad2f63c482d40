/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.datasets;

import java.nio.file.Path;
import java.util.Set;

/** A run in a process of its own, which a test kills. */
final class KilledRun {
  static final int SAMPLES = 2500;
  static final Set<Integer> BROKEN = Set.of(3, 1700);

  private KilledRun() {}

  /** Runs, or goes on. */
  static DatasetSummary run(Path output) {
    try (SampleSource source = new Repeated(Fashion.source(), SAMPLES, BROKEN);
        Fashion fashion = new Fashion()) {
      return fashion.run(source).withResume(true).run(output);
    }
  }

  /** The folder is the argument. */
  @SuppressWarnings("SystemOut")
  public static void main(String[] args) {
    System.out.println("started");
    run(Path.of(args[0]));
    System.out.println("done");
  }
}
