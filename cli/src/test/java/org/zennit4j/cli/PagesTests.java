/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.zennit4j.requests.NdArray;
import org.zennit4j.requests.Npy;
import org.zennit4j.requests.Npz;
import org.zennit4j.testing.Browser;

/** The pages that commands write, opened in a real browser. */
class PagesTests {
  /** Its headings, then how many pictures are broken. */
  private static final String HEADINGS =
      "const broken = [...document.images].filter(i => i.loading !== 'lazy' && !i.naturalWidth);"
          + "return [...document.querySelectorAll('h1, h2')].map(h => h.textContent).join(', ')"
          + "+ ' ' + broken.length;";

  @TempDir Path folder;

  @BeforeEach
  void find() {
    assumeThat(Browser.find(folder)).as("Chromium is installed").isPresent();
  }

  private String run(Path page, String script) throws Exception {
    return Browser.find(folder).orElseThrow().run(page, script);
  }

  @Test
  void aPhotograph() throws Exception {
    Path page = folder.resolve("cat.html");
    Session.of(
            "explain",
            Session.photo("chelsea.png"),
            "-o",
            folder.resolve("cat.png"),
            "--html",
            page)
        .ok();
    assertThat(run(page, HEADINGS))
        .isEqualTo(
            "chelsea, Classes, Heatmaps, Layers and rules, Conservation, Findings,"
                + " How it was made 0");
    assertThat(run(page, "return document.querySelector('.bars').innerText;"))
        .contains("282 tiger cat", "38.3 %");
  }

  @Test
  void severalMaps() throws Exception {
    Path page = folder.resolve("cat.html");
    Session.of(
            "explain",
            Session.photo("chelsea.png"),
            "-o",
            folder.resolve("cat.png"),
            "--compare",
            "epsilon_plus_flat,gradient",
            "--html",
            page)
        .ok();
    assertThat(run(page, "return document.querySelectorAll('.over').length;")).isEqualTo("2");
  }

  @Test
  void aSeries() throws Exception {
    Path beat = folder.resolve("beat.npy");
    try (Npz beats = Npz.open(Session.model("ecg_beats_64.npz"))) {
      NdArray all = beats.get("beats");
      Npy.write(beat, NdArray.of(all.dtype(), all.bytes().slice(0, 1024), 1, 256));
    }
    Path page = folder.resolve("beat.html");
    Session.of(
            "explain",
            beat,
            "-m",
            Session.model("ecg_cnn.pt"),
            "-o",
            folder.resolve("beat.png"),
            "--html",
            page)
        .ok();
    assertThat(
            run(
                page,
                "const lines = [...document.querySelectorAll('.signal line')];"
                    + "return lines.length + ' ' + (new Set(lines.map(l => getComputedStyle(l).stroke)).size > 20);"))
        .isEqualTo("255 true");
  }

  @Test
  void aDataset() throws Exception {
    Path page = folder.resolve("data.html");
    Session.of(
            "dataset",
            Session.model("fashion_test_200.npz"),
            "-m",
            Session.model("fashion_cnn.pt"),
            "-o",
            folder.resolve("out"),
            "--html",
            page)
        .ok();
    assertThat(run(page, HEADINGS))
        .isEqualTo("out, Classes, Mean heatmap of each class, Samples, How it was made 0");
    assertThat(
            run(
                page,
                "const wrong = document.getElementById('wrong'); wrong.checked = true;"
                    + "wrong.dispatchEvent(new Event('change', {bubbles: true}));"
                    + "const shown = [...document.querySelectorAll('#gallery > li')].filter(i => !i.hidden);"
                    + "return shown.length > 0 && shown.length < 100"
                    + "&& shown.every(i => i.dataset.label !== i.dataset.prediction);"))
        .isEqualTo("true");
  }

  @Test
  void aModel() throws Exception {
    Path page = folder.resolve("model.html");
    Session.of(
            "inspect",
            Session.model("fashion_cnn.pt"),
            "--composite",
            "epsilon_plus",
            "--html",
            page)
        .ok();
    assertThat(run(page, HEADINGS))
        .startsWith("fashion_cnn.pt, Layers and rules, Findings, Everything as JSON")
        .endsWith(" 0");
  }
}
