/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.cli;

import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.CodeSource;
import java.util.ArrayList;
import java.util.List;

/** The folder that zennit4j is installed in, and what is bundled there. */
final class Home {
  static final String PROPERTY = "zennit4j.home";
  private static final Path MODELS = Path.of("examples", "models");

  private Home() {}

  /** The bundled classifier of photographs. */
  static Path model() {
    return bundled("efficientnet_lite0.pt");
  }

  /** Its class names. */
  static Path labels() {
    return bundled("imagenet_classes.txt");
  }

  private static Path bundled(String name) {
    for (Path folder : folders()) {
      Path file = folder.resolve(MODELS).resolve(name);
      if (Files.isRegularFile(file)) {
        return file;
      }
    }
    throw new UsageException(
        "the bundled "
            + name
            + " was not found in "
            + MODELS
            + " of the installation; start bin/zennit4j, set -D"
            + PROPERTY
            + ", or give a model with -m");
  }

  /** Where the launcher says, else the folders above the jar. */
  private static List<Path> folders() {
    List<Path> folders = new ArrayList<>();
    String home = System.getProperty(PROPERTY);
    if (home != null) {
      folders.add(Path.of(home));
      return folders;
    }
    try {
      CodeSource source = Home.class.getProtectionDomain().getCodeSource();
      Path folder = source == null ? null : Path.of(source.getLocation().toURI());
      for (int i = 0; i < 4 && folder != null; i++) {
        folder = folder.getParent();
        if (folder != null) {
          folders.add(folder);
        }
      }
    } catch (URISyntaxException e) {
      // A jar at an odd place has no folders around it.
      return folders;
    }
    return folders;
  }
}
