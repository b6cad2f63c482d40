/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.cli;

import java.nio.file.Path;
import org.zennit4j.requests.Provenance;

/** The file beside a result that says how it was made. */
final class Sidecar {
  private Sidecar() {}

  /** What all sidecars of a command have in common. */
  static Provenance of(Path model) {
    return Provenance.now(Version.own()).withFile("model", model);
  }

  /** The sidecar of a result. */
  static Path beside(Path result) {
    return result.resolveSibling(result.getFileName() + ".json");
  }

  static void write(Provenance provenance, Path result) {
    Outputs.text(beside(result), provenance.json());
  }
}
