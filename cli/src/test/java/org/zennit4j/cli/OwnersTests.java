/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What has to be closed says whose it is: the Javadoc of every public closeable. */
class OwnersTests {
  /** The first public type of a file, with the Javadoc before it and what it extends. */
  private static final Pattern TYPE =
      Pattern.compile(
          "/\\*\\*((?:(?!\\*/).)*)\\*/\\s*(?:@\\w+(?:\\([^)]*\\))?\\s*)*"
              + "public (?:final |abstract |sealed |non-sealed )*(?:class|interface|record) (\\w+)([^{]*)\\{",
          Pattern.DOTALL);

  private static final Pattern CLOSEABLE = Pattern.compile("\\b(Auto)?Closeable\\b");

  @Test
  void everyPublicCloseableNamesItsOwner() throws IOException {
    List<String> closeable = new ArrayList<>();
    List<String> silent = new ArrayList<>();
    try (Stream<Path> files = Files.walk(Path.of(".."))) {
      for (Path file :
          files
              .filter(f -> f.toString().endsWith(".java"))
              .filter(f -> f.toString().replace('\\', '/').contains("/src/main/java/"))
              .filter(f -> !f.toString().contains("internal") && !f.startsWith("../testing"))
              .filter(f -> !f.startsWith("../examples"))
              .toList()) {
        Matcher type = TYPE.matcher(Files.readString(file));
        if (type.find() && CLOSEABLE.matcher(type.group(3)).find()) {
          closeable.add(type.group(2));
          if (!type.group(1)
              .replaceAll("\\s*\\*?\\s+", " ")
              .toLowerCase(Locale.ROOT)
              .contains("owned by")) {
            silent.add(type.group(2));
          }
        }
      }
    }
    assertThat(closeable).contains("ScriptModel", "Plan", "Attribution", "ProgramEditor");
    assertThat(silent).isEmpty();
  }
}
