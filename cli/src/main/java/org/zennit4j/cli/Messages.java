/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.cli;

import java.io.FileNotFoundException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.util.List;
import java.util.stream.Collectors;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;

/** Says what went wrong in one line. */
final class Messages {
  private Messages() {}

  static String of(Throwable e) {
    if (e instanceof ParameterException parameter) {
      return usage(parameter);
    }
    if (e instanceof OutOfMemoryError) {
      return "Java ran out of memory; give it more, for instance ZENNIT4J_JAVA_OPTS=-Xmx8g";
    }
    if (e instanceof NoSuchFileException file) {
      return file.getFile() + ": no such file";
    }
    if (e instanceof AccessDeniedException file) {
      return file.getFile() + ": permission denied";
    }
    if (e instanceof FileSystemException file) {
      return file.getFile() + ": " + (file.getReason() == null ? "failed" : file.getReason());
    }
    String message = e.getMessage();
    boolean wrapper =
        message == null || (e.getCause() != null && message.equals(e.getCause().toString()));
    if (wrapper && e.getCause() != null) {
      return of(e.getCause());
    }
    String line = firstLine(message == null ? "" : message);
    if (e instanceof FileNotFoundException || e.getClass().getName().startsWith("org.zennit4j.")) {
      return line;
    }
    // What the library does not say itself is no sentence by itself.
    return e.getClass().getSimpleName()
        + (line.isEmpty() ? "" : ": " + line)
        + " (--debug shows where)";
  }

  private static String usage(ParameterException e) {
    String command = e.getCommandLine().getCommandSpec().qualifiedName();
    String text = lowerFirst(firstLine(String.valueOf(e.getMessage())));
    if (e instanceof UnmatchedArgumentException unmatched) {
      String first = unmatched.getUnmatched().get(0);
      if (!first.startsWith("-")) {
        boolean root = e.getCommandLine().getParent() == null;
        text = (root ? "there is no command '" : "nothing is expected at '") + first + "'";
      }
      List<String> near = unmatched.getSuggestions();
      if (!near.isEmpty()) {
        text +=
            "; did you mean "
                + near.stream()
                    .limit(first.startsWith("-") ? 3 : 1)
                    .collect(Collectors.joining(" or "))
                + "?";
      }
    }
    return text.contains("--help") ? text : text + " (" + command + " --help lists all options)";
  }

  private static String lowerFirst(String text) {
    boolean acronym = text.length() > 1 && Character.isUpperCase(text.charAt(1));
    return text.isEmpty() || acronym
        ? text
        : Character.toLowerCase(text.charAt(0)) + text.substring(1);
  }

  private static String firstLine(String text) {
    return text.lines().map(String::strip).filter(l -> !l.isEmpty()).findFirst().orElse("");
  }
}
