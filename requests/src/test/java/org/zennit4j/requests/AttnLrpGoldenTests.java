/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.requests;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;
import org.zennit4j.composites.Composite;
import org.zennit4j.composites.Composites;

/**
 * Small transformers under AttnLRP and CP-LRP against programs of the published rules; the same
 * network in five spellings has the same map: modules or functions, fused attention, elementary
 * operators, einsum, baddbmm.
 */
class AttnLrpGoldenTests {
  private static final GoldenFile GOLDEN = new GoldenFile("/golden-attnlrp/index.json");

  @TempDir static Path folder;

  private static Map<String, String> results;

  @BeforeAll
  static void run() {
    RequestFile file = RequestFile.read(GOLDEN.path());
    results = RequestRunner.of(file).run(folder).results();
  }

  @TestFactory
  Stream<DynamicTest> everyMapIsWithinItsTolerance() {
    return GOLDEN.cases().keySet().stream()
        .map(
            id ->
                DynamicTest.dynamicTest(
                    id, () -> assertThat(GOLDEN.judge(id, results.get(id), folder)).isEmpty()));
  }

  @Test
  void compositesPerOperatorAreWrittenAndReadBack() {
    for (Composite composite : List.of(Composites.attnLrp(), Composites.cpLrp())) {
      String json = new CompositeWriter().toJson(composite);
      assertThat(new CompositeReader().read(json)).isEqualTo(composite);
    }
    assertThat(new CompositeReader().read("{\"type\":\"named\",\"name\":\"attn_lrp\"}"))
        .isEqualTo(Composites.attnLrp());
  }
}
