/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.examples;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.zennit4j.bindings.LibTorch;

/** Holds the table of docs/networks.md against the library. */
class NetworksTests {
  private static final Path PAGE = Path.of("../docs/networks.md");

  @Test
  void theTableListsAllNetworks() throws IOException {
    String page = Files.readString(PAGE);
    for (JsonNode network : NetworksTable.index()) {
      assertThat(page).contains("| " + network.get("name").asText() + " | ");
    }
  }

  @Test
  void aRowOfTheTableIsStillTrue() throws IOException {
    String row = NetworksTable.row("squeezenet1_1", 1, 3, 224, 224).markdown();
    assertThat(Files.readString(PAGE)).contains(row);
  }

  /** Minutes: writes the rows to target/networks.md. */
  @Test
  @EnabledIfSystemProperty(named = "zennit4j.networks", matches = "true")
  void allRows() throws IOException {
    Files.write(Path.of("target/networks.md"), NetworksTable.table());
  }

  /** Minutes: the folder that exported/export_networks.py wrote, to target/exported.md. */
  @Test
  @EnabledIfSystemProperty(named = "zennit4j.exported", matches = ".+")
  void exportedRows() throws IOException {
    LibTorch.load();
    Files.write(
        Path.of("target/exported.md"),
        ExportedTable.table(Path.of(System.getProperty("zennit4j.exported"))));
  }
}
