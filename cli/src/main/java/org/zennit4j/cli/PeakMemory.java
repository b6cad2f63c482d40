/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.bytedeco.javacpp.Pointer;

/** The largest resident size of this process since the last reset, where Linux tells it. */
final class PeakMemory {
  private static final Path STATUS = Path.of("/proc/self/status");
  private static final Path RESET = Path.of("/proc/self/clear_refs");
  private static final String PEAK = "VmHWM:";

  private PeakMemory() {}

  /** Forgets the peak; without the right to do so it stays that of the whole process. */
  static void reset() {
    try {
      Files.writeString(RESET, "5");
    } catch (IOException | SecurityException e) {
      // Another system, or a container that does not allow it.
      return;
    }
  }

  /** The peak in megabytes (2^20 bytes); elsewhere the size now. */
  static double megabytes() {
    try {
      for (String line : Files.readAllLines(STATUS)) {
        if (line.startsWith(PEAK)) {
          return Long.parseLong(line.replaceAll("\\D", "")) / 1024.0;
        }
      }
    } catch (IOException | SecurityException e) {
      return Pointer.physicalBytes() / 1048576.0;
    }
    return Pointer.physicalBytes() / 1048576.0;
  }
}
