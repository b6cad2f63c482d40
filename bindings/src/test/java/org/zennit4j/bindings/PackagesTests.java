/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.bindings;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Each package of this module has one job, and knows those below it alone. */
class PackagesTests {
  private static final Path SOURCES = Path.of("src", "main", "java");
  private static final Pattern IMPORT =
      Pattern.compile("^import (?:static )?org\\.zennit4j\\.([a-z.]+)\\.[A-Z]", Pattern.MULTILINE);

  /** From the lowest on; those of one line do not know each other. */
  private static final List<Set<String>> FLOORS =
      List.of(
          Set.of("bindings"),
          Set.of("graph"),
          Set.of("runtime"),
          Set.of("torchscript", "exported"),
          Set.of("model"));

  @Test
  void dependenciesPointDown() throws IOException {
    Set<String> wrong = new TreeSet<>();
    try (Stream<Path> files = Files.walk(SOURCES)) {
      for (Path file : files.filter(f -> f.toString().endsWith(".java")).toList()) {
        if (file.getFileName().toString().equals("module-info.java")) {
          continue;
        }
        String own =
            SOURCES.resolve(Path.of("org", "zennit4j")).relativize(file).getName(0).toString();
        Matcher used = IMPORT.matcher(Files.readString(file));
        while (used.find()) {
          String other = used.group(1).split("\\.", -1)[0];
          if (!other.equals(own) && floor(other) >= floor(own)) {
            wrong.add(own + " knows " + other + ": " + file.getFileName());
          }
        }
      }
    }
    assertThat(wrong).isEmpty();
  }

  private static int floor(String name) {
    for (int i = 0; i < FLOORS.size(); i++) {
      if (FLOORS.get(i).contains(name)) {
        return i;
      }
    }
    throw new AssertionError("the package " + name + " has no place in the house");
  }
}
