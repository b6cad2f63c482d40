/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.datasets;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.nio.file.Path;

/** Unpacked copies that vanish when their reader is closed. */
final class TemporaryFiles {
  private static final System.Logger LOG = System.getLogger(TemporaryFiles.class.getName());

  private TemporaryFiles() {}

  static void delete(Path file) {
    try {
      Files.deleteIfExists(file);
    } catch (IOException e) {
      LOG.log(Level.DEBUG, "cannot delete " + file, e);
    }
  }
}
