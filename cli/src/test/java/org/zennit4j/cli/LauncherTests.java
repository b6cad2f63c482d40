/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The command line as a process of its own. */
class LauncherTests {
  @TempDir Path folder;

  /** All that this process runs from, modules or not. */
  private static String classPath() {
    return Stream.of("jdk.module.path", "surefire.test.class.path", "java.class.path")
        .map(System::getProperty)
        .filter(Objects::nonNull)
        .collect(Collectors.joining(File.pathSeparator));
  }

  private Session fork(String... args) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(
        List.of(
            "-D" + Home.PROPERTY + "=" + Session.ROOT, "-cp", classPath(), Main.class.getName()));
    command.addAll(List.of(args));
    Path out = folder.resolve("out.txt");
    Path err = folder.resolve("err.txt");
    Process process =
        new ProcessBuilder(command)
            .directory(folder.toFile())
            .redirectOutput(out.toFile())
            .redirectError(err.toFile())
            .start();
    assertThat(process.waitFor(120, TimeUnit.SECONDS)).isTrue();
    return new Session(process.exitValue(), Files.readString(out), Files.readString(err));
  }

  @Test
  void theHeatmapGoesIntoTheCurrentFolder() throws Exception {
    Session run = fork("explain", Session.photo("rocket.jpg").toString(), "--overlay", "0.5").ok();
    assertThat(run.out()).contains("657 missile", "heatmap: rocket.heatmap.png");
    assertThat(folder.resolve("rocket.heatmap.png")).exists();
  }

  @Test
  void theExitStatusReachesTheShell() throws Exception {
    fork("inspect", "none.pt").fails(1, "none.pt: no such file");
    fork("inspect").fails(2, "MODEL.pt");
  }
}
