/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.zennit4j.requests.Json;
import org.zennit4j.requests.NdArray;
import org.zennit4j.requests.Npy;

class RunCommandTests {
  @TempDir Path folder;
  private Path file;
  private Path out;

  @BeforeEach
  void writeRequests() throws Exception {
    Files.copy(Session.model("ecg_cnn.pt"), folder.resolve("ecg.pt"));
    Npy.write(folder.resolve("x.npy"), NdArray.ofFloats(new float[256], 1, 1, 256));
    file = folder.resolve("requests.json");
    Files.writeString(
        file,
        """
        {"models": {"ecg": {"scripted": null, "traced": "ecg.pt"}},
         "cases": [
          {"id": "a/good", "model": "ecg", "dtype": "float32", "inputs": ["x.npy"],
           "target": {"classes": [1]}, "attributor": {"type": "gradient"}, "composite": null},
          {"id": "b/bad", "model": "ecg", "dtype": "float32", "inputs": ["x.npy"],
           "target": {"classes": [9]}, "attributor": {"type": "gradient"}, "composite": null}]}
        """);
    out = folder.resolve("out");
  }

  @Test
  void aFailedCaseIsReportedAndTheOthersAreDone() {
    Session run = Session.of("run", file, "--output", out);
    assertThat(run.status()).isEqualTo(1);
    assertThat(run.err()).hasLineCount(1).contains("b/bad: ", "class 9");
    assertThat(run.out()).startsWith("1 of 2 cases done");
    assertThat(out.resolve("a/good/relevance.0.npy")).exists();
    assertThat(out.resolve("b/bad/error.txt")).content().contains("class 9");
    assertThat(out.resolve("summary.json")).content().contains("\"a/good\"", "ok");
  }

  @Test
  void casesAreChosen() {
    Session run = Session.of("run", file, "--output", out, "--case", "*good").ok();
    assertThat(run.out()).startsWith("1 of 1 cases done");
    Session.of("run", file, "--output", out, "--case", "nothing*").fails(2, "nothing*");
    Session scripted = Session.of("run", file, "--output", out, "--form", "scripted");
    assertThat(scripted.status()).isEqualTo(1);
    Session.of("run", file, "--output", out, "--form", "compiled").fails(2, "--form");
  }

  @Test
  void everyCaseCanLeaveASidecarThatRunsAgain() throws IOException {
    Session.of("run", file, "--output", out, "--sidecar");
    assertThat(out.resolve("b/bad/sidecar.json")).doesNotExist();
    Path sidecar = out.resolve("a/good/sidecar.json");
    JsonNode card = Json.parse(Files.readString(sidecar));
    assertThat(card.get("model").get("sha256").textValue()).hasSize(64);
    assertThat(card.get("models").get("ecg").has("traced")).isTrue();
    assertThat(card.get("warnings").isArray()).isTrue();
    Path again = sidecar.resolveSibling("again");
    Session.of("run", sidecar, "--output", again).ok();
    assertThat(again.resolve("a/good/relevance.0.npy"))
        .hasSameBinaryContentAs(out.resolve("a/good/relevance.0.npy"));
    Session.of("run", file, "--output", out, "--case", "a/*").ok();
    assertThat(sidecar).as("of an earlier run").doesNotExist();
  }

  @Test
  void filesThatCannotBeRead() {
    Session.of("run", "none.json", "--output", out).fails(2, "none.json", "no such file");
    Session.of("run", "pom.xml", "--output", out).fails(2, "pom.xml is not JSON");
    Session.of("run", file).fails(2, "--output");
    Session.of("run", file, "--output", file).fails(2, "it is no folder");
  }
}
