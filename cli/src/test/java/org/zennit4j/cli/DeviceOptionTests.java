/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.zennit4j.bindings.Devices;
import org.zennit4j.testing.DeviceTest;

/** The option {@code --device}. */
class DeviceOptionTests {
  @TempDir private Path folder;

  /** A number that no machine has: the error is one line, whether there is a GPU or not. */
  @Test
  void aMissingDeviceIsOneLine() throws Exception {
    String[] texts = {"device cuda:77 was asked for", "cuda"};
    Path model = Session.model("fashion_cnn.pt");
    Session.of("explain", Session.photo("chelsea.png"), "--device", "cuda:77", "-o", folder)
        .fails(1, texts);
    Session.of("inspect", model, "--device", "cuda:77").fails(1, texts);
    Path requests = Files.writeString(folder.resolve("r.json"), "{\"schema\": 1, \"cases\": []}");
    Path results = folder.resolve("results");
    Session run = Session.of("run", requests, "--output", results, "--device", "cuda:77");
    assertThat(run.status()).isNotZero();
    assertThat(run.err()).hasLineCount(1);
    assertThat(results).doesNotExist();
    if (Devices.available().size() == 1) {
      Session.of("inspect", model, "--device", "cuda").fails(1, "CUDA is not available");
    }
  }

  @DeviceTest
  void aPhotographIsExplainedOnADevice(String device) {
    Path picture = folder.resolve("heatmap.png");
    Session session =
        Session.of(
            "explain",
            Session.photo("chelsea.png"),
            "--device",
            device,
            "--composite",
            "epsilon_plus",
            "-o",
            picture);
    session.ok();
    assertThat(picture).isNotEmptyFile();
  }

  @Test
  void doctorTellsTheDevices() {
    String expected = Devices.available().size() == 1 ? "cuda: not available" : "cuda: cuda:0";
    assertThat(Session.of("doctor").out()).contains(expected);
  }
}
