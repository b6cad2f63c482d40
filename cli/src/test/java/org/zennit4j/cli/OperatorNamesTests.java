/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.zennit4j.graph.Operators;

/**
 * What an operator is stands once, in the table of {@code Operators}. Names of operators elsewhere
 * are a second table in the making, but for the front end and what defines a single operator.
 */
class OperatorNamesTests {
  private static final Pattern NAMED = Pattern.compile("\"(?:aten|prim)::\\w+");

  /** A list of texts that might be a table. */
  private static final Pattern TABLE =
      Pattern.compile("(?:Set|List)\\.of\\(\\s*((?:\"\\w+\"\\s*,\\s*){3,}\"\\w+\")\\s*\\)");

  private static final Set<String> ALLOWED =
      Set.of(
          // The front ends read graphs.
          "Lowering.java",
          "ListLiterals.java",
          "TorchScriptSource.java",
          "ExportedCompiler.java",
          "ExportedOperators.java",
          "ExportedRecomposer.java",
          "ExportedGraph.java",
          "Dictionaries.java",
          "ChannelAxis.java",
          "BatchNormMerge.java",
          // These define one operator, or read its arguments.
          "BatchNorm.java",
          "RegionFinder.java",
          "ProgramEditor.java",
          "ResidualSum.java",
          "DecomposeAttention.java",
          "Recurrent.java",
          "Derivatives.java",
          "TrainingBehaviour.java",
          "Names.java");

  /** Four names or more, all of operators. */
  private static boolean holdsTable(String source) {
    return TABLE
        .matcher(source)
        .results()
        .map(table -> table.group(1).replaceAll("[\"\\s]", "").split(",", -1))
        .anyMatch(names -> Stream.of(names).allMatch(Operators::isKnown));
  }

  @Test
  void operatorsAreNamedInTheTableOnly() throws IOException {
    Set<String> found = new TreeSet<>();
    for (String module :
        List.of(
            "bindings",
            "rules",
            "composites",
            "attribution",
            "metrics",
            "analyzers",
            "requests",
            "concepts",
            "cli")) {
      try (Stream<Path> files = Files.walk(Path.of("..", module, "src", "main", "java"))) {
        for (Path file : files.filter(f -> f.toString().endsWith(".java")).toList()) {
          String source = Files.readString(file);
          if (NAMED.matcher(source).find() || holdsTable(source)) {
            found.add(file.getFileName().toString());
          }
        }
      }
    }
    found.removeAll(ALLOWED);
    assertThat(found).isEmpty();
  }
}
