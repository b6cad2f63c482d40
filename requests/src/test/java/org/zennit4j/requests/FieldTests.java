/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.requests;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/**
 * Runs small cases of what users' networks look like: sums in all spellings, lists and
 * dictionaries, preprocessing inside of the file, activations written by hand.
 */
class FieldTests {
  @TempDir static Path folder;

  private static final GoldenFile FIELD = new GoldenFile("/field/index.json");
  private static RequestRunner.Summary summary;

  @BeforeAll
  static void run() {
    summary = RequestRunner.of(RequestFile.read(FIELD.path())).run(folder);
  }

  @TestFactory
  Stream<DynamicTest> everyCaseIsWithinItsTolerance() {
    return FIELD.cases().keySet().stream()
        .map(
            id ->
                DynamicTest.dynamicTest(
                    id,
                    () ->
                        assertThat(FIELD.judge(id, summary.results().get(id), folder)).isEmpty()));
  }
}
