/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.cli;

import java.util.List;
import java.util.Optional;
import picocli.CommandLine.IVersionProvider;

/** The versions that {@code --version} prints. */
final class Version implements IVersionProvider {
  /** What models may be stored as. */
  static final String FORMATS =
      "model formats: torch.export (.pt2, torch 2.5 and newer), TorchScript (traced or scripted)";

  @Override
  public String[] getVersion() {
    return lines().toArray(new String[0]);
  }

  /** What it prints. */
  static List<String> lines() {
    return List.of("zennit4j " + own(), "Java " + System.getProperty("java.version"), FORMATS);
  }

  /** The version of this build. */
  static String own() {
    return Optional.ofNullable(Version.class.getPackage().getImplementationVersion())
        .orElse("(unpackaged)");
  }
}
