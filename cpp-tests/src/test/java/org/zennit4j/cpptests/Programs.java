/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.cpptests;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** Where the C++ programs are. */
final class Programs {
  private static final Path TARGET = Path.of("target").toAbsolutePath();

  private Programs() {}

  /** A file of the build. */
  static Path built(String name) {
    return TARGET.resolve(name);
  }

  /** Why there are no programs; empty if there are. */
  static Optional<String> missing() {
    Path skipped = built("skipped.txt");
    try {
      if (Files.exists(skipped)) {
        return Optional.of(Files.readString(skipped).strip());
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return Files.isExecutable(built("cpp/oracle_tests"))
        ? Optional.empty()
        : Optional.of("cpp-tests are skipped: they run on Linux x86_64 only");
  }
}
