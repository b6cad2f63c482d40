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
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** The launcher's class data sharing, with a Java that only writes down how it was called. */
@DisabledOnOs(value = OS.WINDOWS, disabledReason = "zennit4j.bat shares no class data")
class ClassDataTests {
  @TempDir Path folder;
  private Path install;
  private Path cache;

  @BeforeEach
  void anInstallation() throws IOException {
    install = folder.resolve("zennit4j");
    cache = folder.resolve("cache");
    Files.createDirectories(install.resolve("bin"));
    Files.createDirectories(install.resolve("lib"));
    Files.copy(Session.ROOT.resolve("bin/zennit4j"), install.resolve("bin/zennit4j"));
    Files.createDirectories(install.resolve("examples/photos"));
    Files.writeString(install.resolve("examples/photos/chelsea.png"), "photograph");
    Files.writeString(install.resolve("lib/some.jar"), "jar");
    java("one", "");
  }

  /** A Java whose dump takes a moment, and which then does what is said. */
  private void java(String name, String then) throws IOException {
    Path java = folder.resolve(name).resolve("bin/java");
    Files.createDirectories(java.getParent());
    Files.writeString(folder.resolve(name).resolve("release"), "JAVA_VERSION=\"17.0.1\"\n");
    Files.writeString(
        java,
        "#!/bin/sh\n"
            + "echo \"$*\" >> "
            + folder.resolve("calls")
            + "\nfor one in \"$@\"; do case $one in -Xshare:dump) dump=yes ;; "
            + "-XX:SharedArchiveFile=*) file=${one#*=} ;; esac; done\n"
            + "if [ -n \"$dump\" ]; then sleep 0.3; echo classes > \"$file\"; "
            + then
            + "\nfi\n");
    assertThat(java.toFile().setExecutable(true)).isTrue();
  }

  private Process begin(String java, Path home, String... args) throws IOException {
    List<String> command =
        new ArrayList<>(List.of("bash", install.resolve("bin/zennit4j").toString()));
    command.addAll(List.of(args));
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().put("JAVA_HOME", folder.resolve(java).toString());
    builder.environment().put("XDG_CACHE_HOME", home.toString());
    builder.environment().remove("ZENNIT4J_CLASS_DATA");
    builder.environment().remove("ZENNIT4J_JAVA_OPTS");
    return builder.redirectErrorStream(true).redirectOutput(new File("/dev/null")).start();
  }

  private void start(String java, Path home, String... args)
      throws IOException, InterruptedException {
    Process process = begin(java, home, args);
    assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
    assertThat(process.exitValue()).isZero();
  }

  private List<String> calls(String containing) throws IOException {
    Path file = folder.resolve("calls");
    return Files.exists(file)
        ? Files.readAllLines(file).stream().filter(line -> line.contains(containing)).toList()
        : List.of();
  }

  private List<Path> archives() throws IOException {
    Path own = cache.resolve("zennit4j");
    if (!Files.exists(own)) {
      return List.of();
    }
    try (Stream<Path> all = Files.list(own)) {
      return all.filter(file -> file.toString().endsWith(".jsa")).toList();
    }
  }

  private void awaitArchives(int count) throws IOException, InterruptedException {
    for (int i = 0; i < 300 && archives().size() < count; i++) {
      Thread.sleep(50);
    }
    assertThat(archives()).hasSize(count);
  }

  @Test
  void theSecondStartUsesWhatTheFirstOneMade() throws Exception {
    start("one", cache, "--version");
    assertThat(calls("-Xshare:dump")).as("too short to be worth it").isEmpty();
    start("one", cache, "explain", "cat.png");
    awaitArchives(1);
    assertThat(calls("-XX:DumpLoadedClassList=")).hasSize(1);
    start("one", cache, "explain", "cat.png");
    assertThat(calls("-XX:SharedArchiveFile=" + archives().get(0))).hasSize(1);
    assertThat(calls("-Xshare:dump")).hasSize(1);
  }

  @Test
  void changedJarsAndAnotherJavaHaveTheirOwn() throws Exception {
    start("one", cache, "explain", "cat.png");
    awaitArchives(1);
    Files.writeString(install.resolve("lib/some.jar"), "another jar");
    start("one", cache, "explain", "cat.png");
    awaitArchives(2);
    java("two", "");
    start("two", cache, "explain", "cat.png");
    awaitArchives(3);
  }

  @Test
  void oneThatWasCutOffIsMadeAnew() throws Exception {
    start("one", cache, "explain", "cat.png");
    awaitArchives(1);
    Files.writeString(archives().get(0), "cl");
    start("one", cache, "explain", "cat.png");
    awaitArchives(1);
    assertThat(archives().get(0)).hasContent("classes\n");
    assertThat(calls("-Xshare:dump")).hasSize(2);
  }

  @Test
  void ofManyStartsAtOnceOneMakesIt() throws Exception {
    List<Process> started = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      started.add(begin("one", cache, "explain", "cat.png"));
    }
    for (Process process : started) {
      assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
      assertThat(process.exitValue()).isZero();
    }
    awaitArchives(1);
    assertThat(calls("-Xshare:dump")).hasSize(1);
  }

  @Test
  void aCacheThatCannotBeWrittenIsLeftAlone() throws Exception {
    Path file = folder.resolve("file");
    Files.writeString(file, "no folder");
    start("one", file, "explain", "cat.png");
    assertThat(calls("explain cat.png")).hasSize(1);
    assertThat(calls("-Xshare:dump")).isEmpty();
  }

  @Test
  void whatFailedIsNotTriedAtEachStart() throws Exception {
    java("broken", "exit 1");
    for (int i = 0; i < 3; i++) {
      start("broken", cache, "explain", "cat.png");
      Thread.sleep(600);
    }
    assertThat(calls("-Xshare:dump")).hasSize(1);
    assertThat(archives()).isEmpty();
  }
}
