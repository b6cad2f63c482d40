/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.requests;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.javacpp.Pointer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Runs every method name in float64 and float32, and holds it to one explicit formula for each
 * rule, and to SIGN-XAI's own numbers where the two agree.
 */
class SignXaiGoldenTests {
  private static final GoldenFile GOLDEN = new GoldenFile("/golden-signxai/index.json");

  @TempDir Path folder;

  @Test
  void everyMethodIsWithinItsTolerance() {
    long before = Pointer.totalCount();
    RequestRunner.Summary summary = RequestRunner.of(RequestFile.read(GOLDEN.path())).run(folder);

    List<String> failures = new ArrayList<>();
    summary
        .results()
        .forEach(
            (id, result) -> {
              List<String> problems = GOLDEN.judge(id, result, folder);
              if (!problems.isEmpty()) {
                failures.add(id + ": " + String.join("; ", problems));
              }
            });
    assertThat(failures)
        .as("%s of %s cases failed", failures.size(), GOLDEN.cases().size())
        .isEmpty();
    assertThat(Pointer.totalCount()).isLessThanOrEqualTo(before);
  }
}
