/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;

/**
 * The files that a command line names to be read, whatever the option: model, data, photographs,
 * labels, composites, masks. What the command writes must be none of them.
 */
final class NamedFiles {
  /** Options that name what is written. */
  static final Set<String> OUTPUTS =
      Set.of(
          "--output",
          "--html",
          "--json",
          "--csv",
          "--save-output",
          "--save-relevance",
          "--save-maps");

  private final Set<Path> files;

  private NamedFiles(Set<Path> files) {
    this.files = files;
  }

  /** Those of a command that was parsed. */
  static NamedFiles of(CommandSpec spec) {
    Set<Path> found = new LinkedHashSet<>();
    for (ArgSpec argument : spec.commandLine().getParseResult().matchedArgs()) {
      if (!(argument instanceof OptionSpec option) || !isOutput(option)) {
        argument.stringValues().forEach(text -> add(text, found));
      }
    }
    Set<Path> beside = new LinkedHashSet<>();
    // How a model's photographs are prepared stands beside it.
    found.forEach(file -> add(file.toString().replaceFirst("\\.\\w+$", "") + ".json", beside));
    found.addAll(beside);
    return new NamedFiles(found);
  }

  static boolean isOutput(OptionSpec option) {
    return Arrays.stream(option.names()).anyMatch(OUTPUTS::contains);
  }

  /** These and others, such as the photographs of a folder. */
  NamedFiles and(Collection<Path> more) {
    Set<Path> all = new LinkedHashSet<>(files);
    all.addAll(more);
    return new NamedFiles(all);
  }

  /** Refuses a file to be written that is one of these. */
  void protect(Path output) {
    for (Path file : files) {
      try {
        if (Files.exists(output) && Files.exists(file) && Files.isSameFile(output, file)) {
          throw new UsageException(
              output
                  + " would overwrite the photograph, model or other file that is read; choose"
                  + " another name");
        }
      } catch (IOException e) {
        throw new UsageException(
            "cannot compare " + output + " and " + file + ": " + e.getMessage());
      }
    }
  }

  /** A value may be a file, FILE:NAME, NAME=FILE, or some of them with commas. */
  private static void add(String value, Set<Path> found) {
    List<String> candidates = new ArrayList<>(List.of(value));
    candidates.addAll(List.of(value.split(",")));
    for (String text : candidates) {
      Stream.of(
              text,
              text.substring(text.indexOf('=') + 1),
              text.contains(":") ? text.substring(0, text.lastIndexOf(':')) : text)
          .forEach(name -> addFile(name, found));
    }
  }

  private static void addFile(String name, Set<Path> found) {
    try {
      Path file = Path.of(name);
      if (!name.isEmpty() && Files.isRegularFile(file)) {
        found.add(file);
      }
    } catch (InvalidPathException e) {
      // Then it is no file.
    }
  }
}
