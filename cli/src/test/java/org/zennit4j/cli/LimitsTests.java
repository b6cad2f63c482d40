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
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.zennit4j.requests.NdArray;
import org.zennit4j.requests.Npy;
import org.zennit4j.testing.ForkedJvm;

/**
 * Where memory, the disk or file handles are at an end, a command fails with one line, and the next
 * one that needs less works.
 */
@EnabledOnOs(OS.LINUX)
class LimitsTests {
  @TempDir Path folder;

  /** Runs the command line in a shell that sets limits first. */
  private Session limited(String shell, List<String> options, String... arguments)
      throws IOException, InterruptedException {
    List<String> jvm = new ArrayList<>(options);
    jvm.add("-D" + Home.PROPERTY + "=" + Session.ROOT);
    jvm.add("-XX:-UsePerfData");
    List<String> command = new ArrayList<>(List.of("/bin/sh", "-c", shell + "; exec \"$@\"", "sh"));
    command.addAll(ForkedJvm.of(Main.class, jvm, arguments).command());
    Path out = folder.resolve("out.txt");
    Path err = folder.resolve("err.txt");
    ProcessBuilder builder =
        new ProcessBuilder(command).redirectOutput(out.toFile()).redirectError(err.toFile());
    builder.environment().put("OMP_NUM_THREADS", "1");
    Process process = builder.start();
    int status = process.waitFor();
    return new Session(status, Files.readString(out), Files.readString(err));
  }

  private Path input(long batch) {
    Path file = folder.resolve("x" + batch + ".npy");
    float[] values = new float[(int) (batch * 28 * 28)];
    Arrays.fill(values, 0.5f);
    Npy.write(file, NdArray.ofFloats(values, batch, 1, 28, 28));
    return file;
  }

  private String[] attribute(long batch, Object output) {
    return new String[] {
      "attribute",
      "--model",
      Session.model("fashion_cnn.pt").toString(),
      "-i",
      input(batch).toString(),
      "-o",
      output.toString(),
      "--composite",
      "epsilon_plus"
    };
  }

  private static void failsInOneLine(Session run, String... texts) {
    assertThat(run.err()).hasLineCount(1).startsWith("zennit4j: ");
    assertThat(List.of(texts)).allMatch(run.err()::contains, "is in: " + run.err());
    assertThat(run.status()).as(run.err()).isNotZero();
  }

  @Test
  void tooLittleMemoryForJavaIsOneLine() throws Exception {
    Path output = folder.resolve("r.npy");
    List<String> small = List.of("-Xmx32m");
    failsInOneLine(
        limited(":", small, attribute(12_000, output)), "Java ran out of memory", "-Xmx");
    assertThat(output).doesNotExist();
    limited(":", small, attribute(4, output)).ok();
    assertThat(output).exists();
  }

  @Test
  void tooLittleMemoryForLibTorchIsOneLine() throws Exception {
    Path output = folder.resolve("r.npy");
    String limit = "ulimit -c 0; ulimit -v 3500000";
    List<String> options = List.of("-Xmx300m", "-XX:ReservedCodeCacheSize=64m");
    failsInOneLine(
        limited(limit, options, attribute(20_000, output)),
        "LibTorch ran out of memory",
        "smaller batch");
    assertThat(output).doesNotExist();
    limited(limit, options, attribute(4, output)).ok();
    assertThat(output).exists();
  }

  @Test
  void aFullDiskIsOneLineThatNamesTheUsersFile() throws Exception {
    failsInOneLine(
        limited(":", List.of(), attribute(1, "/dev/full")), "/dev/full", "No space left on device");
  }

  @Test
  void aFileThatMayNotGrowIsOneLineThatNamesTheUsersFile() throws Exception {
    Path output = folder.resolve("r.npy");
    Files.writeString(output, "earlier");
    // Blocks of 512 bytes; the signal that would end the process is ignored by the JVM.
    failsInOneLine(
        limited("trap '' XFSZ; ulimit -f 100", List.of(), attribute(200, output)),
        "cannot write " + output + ": File too large");
    assertThat(output).hasContent("earlier");
    try (var left = Files.list(folder)) {
      assertThat(left.map(p -> p.getFileName().toString())).noneMatch(n -> n.startsWith("."));
    }
    limited("trap '' XFSZ; ulimit -f 100", List.of(), attribute(4, output)).ok();
  }

  @Test
  void noFileHandlesIsOneLine() throws Exception {
    Path output = folder.resolve("r.npy");
    int refusals = 0;
    for (int handles = 20; handles <= 44; handles += 4) {
      Session run = limited("ulimit -n " + handles, List.of(), attribute(1, output));
      // Below about twenty the JVM itself does not start, and says so in its own words.
      assertThat(run.err()).doesNotContain("\tat org.zennit4j");
      if (run.err().startsWith("zennit4j: ")) {
        failsInOneLine(run);
        refusals++;
      }
    }
    assertThat(refusals).isPositive();
    limited("ulimit -n 256", List.of(), attribute(1, output)).ok();
  }
}
