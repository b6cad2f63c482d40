/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.examples;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.zennit4j.composites.Composite;
import org.zennit4j.composites.Plan;
import org.zennit4j.model.ScriptModel;
import org.zennit4j.requests.CompositeReader;
import org.zennit4j.requests.CompositeWriter;

/** Reads and writes a composite, as the guide shows. */
class JsonCompositeTests {
  @TempDir private Path folder;

  @Test
  void aCompositeIsReadAndWritten() throws IOException {
    Path file = folder.resolve("composite.json");
    Files.writeString(
        file,
        "{\"type\": \"named\", \"name\": \"epsilon_plus\", \"canonizers\": [{\"type\": \"merge_batch_norm\"}]}");
    try (ScriptModel model = ScriptModel.load(Path.of("models/fashion_cnn.pt"))) {
      Composite composite = new CompositeReader().read(file);
      try (Plan plan = Plan.of(model, composite)) {
        assertThat(plan.rules()).containsKey("features.0");
      }
      String json = new CompositeWriter().toJson(composite);
      assertThat(new CompositeReader().read(json).canonizers()).hasSize(1);
    }
  }
}
