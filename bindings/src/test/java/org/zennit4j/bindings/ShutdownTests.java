/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.bindings;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.zennit4j.testing.ForkedJvm;

/**
 * A process that ends while threads are inside LibTorch ends with the status that was asked for:
 * its C++ destructors wait. Without that all of these crash.
 */
@EnabledOnOs(OS.LINUX)
class ShutdownTests {
  @TempDir Path folder;

  private void end(String how, String signal, int status, long wait)
      throws IOException, InterruptedException {
    List<String> options = List.of("-XX:ErrorFile=" + folder.resolve("hs_err_%p.log"));
    ProcessBuilder builder = ForkedJvm.of(EndingProcess.class, options, how, String.valueOf(wait));
    // No core files of a process that dies after all.
    builder.directory(new File("."));
    Process process = builder.start();
    StringBuilder read = new StringBuilder();
    try (BufferedReader output =
        new BufferedReader(
            new java.io.InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
      ForkedJvm.await(output, "ready", read);
      if (signal != null) {
        TimeUnit.MILLISECONDS.sleep(wait);
        new ProcessBuilder("kill", "-" + signal, String.valueOf(process.pid())).start().waitFor();
      }
      for (String line = output.readLine(); line != null; line = output.readLine()) {
        read.append(line).append('\n');
      }
      assertThat(process.waitFor(90, TimeUnit.SECONDS)).isTrue();
    } finally {
      process.destroyForcibly();
    }
    assertThat(process.exitValue()).as(read.toString()).isEqualTo(status);
    assertThat(folder.toFile().list((f, name) -> name.startsWith("hs_err"))).isEmpty();
  }

  @Test
  void aTerminatedProcessWaitsForItsPasses() throws Exception {
    Random random = new Random(3);
    for (int i = 0; i < Integer.getInteger("zennit4j.kills", 4); i++) {
      end("run", "TERM", 143, random.nextInt(400));
    }
  }

  @Test
  void soDoesAnInterruptedOne() throws Exception {
    assumeFalse(ignoresInterrupts(), "a shell in the background lets its children ignore SIGINT");
    end("run", "INT", 130, 150);
  }

  /** Bit 2 of the signals that are ignored, which a child inherits. */
  private static boolean ignoresInterrupts() throws IOException {
    return Files.readAllLines(Path.of("/proc/self/status")).stream()
        .filter(line -> line.startsWith("SigIgn:"))
        .anyMatch(line -> (Long.parseUnsignedLong(line.substring(7).strip(), 16) & 2) != 0);
  }

  @ParameterizedTest
  @ValueSource(longs = {20, 170})
  void systemExitKeepsItsStatus(long wait) throws Exception {
    end("exit", null, 7, wait);
  }

  @Test
  void mainMayReturnBesideADaemonThread() throws Exception {
    end("return", null, 0, 60);
  }

  @Test
  void aRuleMayEndTheProcess() throws Exception {
    end("inside", null, 7, 0);
  }
}
