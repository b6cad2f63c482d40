/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.bindings;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.bytedeco.javacpp.Loader;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.zennit4j.testing.ForkedJvm;

/** The start-up in JVMs of their own. */
class StartTests {
  @TempDir Path folder;

  @Test
  void report() {
    Map<String, String> report =
        LibTorch.report().stream()
            .collect(
                Collectors.toMap(
                    line -> line.substring(0, line.indexOf(": ")),
                    line -> line.substring(line.indexOf(": ") + 2)));
    assertThat(report)
        .containsOnlyKeys(
            "platform",
            "java",
            "libtorch",
            "javacpp",
            "cache",
            "libraries",
            "intra-op threads",
            "limit of resident memory",
            "cuda");
    assertThat(report.values()).noneMatch(String::isBlank);
    assertThat(report.get("libtorch")).startsWith("2.10.0-");
    assertThat(report.get("java")).contains(System.getProperty("java.version"));
    assertThat(report.get("limit of resident memory")).startsWith("0 ");
    assertThat(Integer.parseInt(report.get("intra-op threads"))).isPositive();
    assertThat(Path.of(report.get("cache"))).isDirectory();
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  void emptyCacheBesideAnotherLibTorch() throws Exception {
    // Any library will do: it bears the name and lacks the symbols.
    Path other = Files.createDirectory(folder.resolve("other"));
    Path cache = folder.resolve("cache");
    Path some = Path.of(Loader.load(org.bytedeco.javacpp.presets.javacpp.class));
    Files.copy(some, other.resolve("libtorch_cpu.so"));
    Files.copy(some, other.resolve("libc10.so"));
    for (String state : List.of("cold", "warm")) {
      List<String> lines = start(cache, other);
      assertThat(lines).as(state).contains("sum: 3.0");
      String libraries =
          lines.stream().filter(l -> l.startsWith("libraries: ")).findFirst().orElseThrow();
      assertThat(libraries).startsWith("libraries: " + cache.toRealPath()).doesNotContain(", ");
    }
  }

  private static List<String> start(Path cache, Path other)
      throws IOException, InterruptedException {
    ProcessBuilder builder =
        ForkedJvm.of(FreshStart.class, List.of("-Dorg.bytedeco.javacpp.cachedir=" + cache));
    builder.environment().put("LD_LIBRARY_PATH", other.toString());
    Process process = builder.start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(output).isZero();
    return output.lines().toList();
  }
}
