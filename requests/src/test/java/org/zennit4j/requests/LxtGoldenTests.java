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
 * Networks of the transformers library under attn_lrp against LXT's explicit rules, at the output
 * of every module; made by examples/lxt/compare.py.
 */
class LxtGoldenTests {
  private static final GoldenFile GOLDEN = new GoldenFile("/golden-lxt/index.json");

  @TempDir static Path folder;

  private static Map<String, String> results;

  @BeforeAll
  static void run() {
    results = RequestRunner.of(RequestFile.read(GOLDEN.path())).run(folder).results();
  }

  @TestFactory
  Stream<DynamicTest> everyLayerHasTheRelevanceOfLxt() {
    assertThat(GOLDEN.cases()).hasSize(6);
    return GOLDEN.cases().keySet().stream()
        .map(
            id ->
                DynamicTest.dynamicTest(
                    id, () -> assertThat(GOLDEN.judge(id, results.get(id), folder)).isEmpty()));
  }
}
