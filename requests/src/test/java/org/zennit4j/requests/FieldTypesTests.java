/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.requests;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/**
 * Models as people have them: classes derived from PyTorch's, weights that are computed from
 * parameters, frozen files, lists of parameters, token ids.
 */
class FieldTypesTests {
  private static final GoldenFile FIELD = new GoldenFile("/field/types.json");

  @TempDir static Path folder;

  private static Map<String, String> results;

  @BeforeAll
  static void run() {
    results = RequestRunner.of(RequestFile.read(FIELD.path())).run(folder).results();
  }

  @TestFactory
  Stream<DynamicTest> everyCaseIsWithinItsTolerance() {
    return FIELD.cases().keySet().stream()
        .map(
            id ->
                DynamicTest.dynamicTest(
                    id, () -> assertThat(FIELD.judge(id, results.get(id), folder)).isEmpty()));
  }
}
