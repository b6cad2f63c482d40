/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.requests;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/**
 * torch.export archives against PyTorch and Zennit, and against the same networks as TorchScript.
 */
class ExportedGoldenTests {
  private static final GoldenFile GOLDEN = new GoldenFile("/pt2/index.json");

  @TempDir static Path folder;

  private static Map<String, String> results;

  @BeforeAll
  static void run() {
    results =
        RequestRunner.of(RequestFile.read(GOLDEN.path()))
            .withForm(RequestRunner.Form.EXPORTED)
            .run(folder)
            .results();
  }

  @TestFactory
  Stream<DynamicTest> everyArchiveIsWithinItsTolerance() {
    return GOLDEN.cases().keySet().stream()
        .map(
            id ->
                DynamicTest.dynamicTest(
                    id, () -> assertThat(GOLDEN.judge(id, results.get(id), folder)).isEmpty()));
  }

  @Test
  void bothFormatsGiveTheSameBits(@TempDir Path traced) throws IOException {
    RequestRunner.of(RequestFile.read(GOLDEN.path()))
        .withForm(RequestRunner.Form.TRACED)
        .withCases(java.util.List.of("vgg/*", "residual/*"))
        .run(traced);
    int compared = 0;
    try (Stream<Path> files = Files.walk(traced)) {
      for (Path file : files.filter(f -> f.toString().endsWith(".npy")).toList()) {
        Path other = folder.resolve(traced.relativize(file));
        assertThat(Files.mismatch(file, other)).as(file.toString()).isEqualTo(-1);
        compared++;
      }
    }
    assertThat(compared).isEqualTo(12);
  }

  @Test
  void withoutAFormTheFormatThatIsThereIsTaken(@TempDir Path out) {
    Map<String, String> taken =
        RequestRunner.of(RequestFile.read(GOLDEN.path()))
            .withCases(java.util.List.of("tied/*"))
            .run(out)
            .results();
    assertThat(taken).containsExactly(Map.entry("tied/gradient", "ok"));
  }
}
