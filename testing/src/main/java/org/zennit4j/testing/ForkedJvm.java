/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.testing;

import java.io.File;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Starts a class of the tests in a JVM of its own. */
public final class ForkedJvm {
  /** From here on a JVM warns of native code that was not allowed by an option. */
  private static final int NATIVE_ACCESS = 22;

  private ForkedJvm() {}

  /**
   * Prepares a JVM with the class path of this one.
   *
   * @param main the class whose main method runs
   * @param options of the JVM
   * @param arguments of the main method
   * @return not started; both outputs are one
   */
  public static ProcessBuilder of(Class<?> main, List<String> options, String... arguments) {
    String classPath =
        Stream.of(
                Path.of("target/classes").toAbsolutePath().toString(),
                Path.of("target/test-classes").toAbsolutePath().toString(),
                System.getProperty("jdk.module.path", ""),
                System.getProperty("java.class.path", ""))
            .filter(p -> !p.isEmpty())
            .collect(Collectors.joining(File.pathSeparator));
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    if (Runtime.version().feature() >= NATIVE_ACCESS) {
      command.add("--enable-native-access=ALL-UNNAMED");
    }
    command.addAll(options);
    command.add("-cp");
    command.add(classPath);
    command.add(main.getName());
    command.addAll(List.of(arguments));
    return new ProcessBuilder(command).redirectErrorStream(true);
  }

  /**
   * Reads what a process prints up to a line.
   *
   * @param output what it prints
   * @param line the line
   * @param read where all lines are kept
   * @throws IOException if it cannot be read
   */
  public static void await(java.io.BufferedReader output, String line, StringBuilder read)
      throws IOException {
    for (String next = output.readLine(); next != null; next = output.readLine()) {
      read.append(next).append('\n');
      if (next.equals(line)) {
        return;
      }
    }
    throw new AssertionError("the process ended early: " + read);
  }
}
