/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.zennit4j.datasets.DatasetResult;
import org.zennit4j.images.RgbImage;
import org.zennit4j.requests.NdArray;
import org.zennit4j.requests.Npy;

class DatasetCommandTests {
  private static final Path PICTURES = Session.model("fashion_test_200.npz");
  private static final Path MODEL = Session.model("fashion_cnn.pt");

  @TempDir Path folder;

  private Path names() throws IOException {
    return Files.writeString(
        folder.resolve("names.txt"),
        "T-shirt/top\nTrouser\nPullover\nDress\nCoat\nSandal\nShirt\nSneaker\nBag\nAnkle boot\n");
  }

  @Test
  void aDatasetIsExplainedAnalysedAndShown() throws IOException {
    Path out = folder.resolve("out");
    Path page = folder.resolve("page.html");
    Session run =
        Session.of(
                "dataset",
                PICTURES,
                "-m",
                MODEL,
                "--labels",
                names(),
                "-o",
                out,
                "--analysis",
                "--tsne",
                "--html",
                page,
                "--gallery",
                20)
            .ok();
    assertThat(run.out())
        .contains("explained 200 of 200 samples", "written to " + out)
        .containsPattern("accuracy \\d\\d\\.\\d % \\(\\d+ of 200\\)")
        .containsPattern("Ankle boot +\\d+ +\\d+ +\\d\\.\\d{3}");
    assertThat(out.resolve("project.yaml"))
        .content()
        .contains("analysis_method: spectral", "attribution_strategy: true_label");
    assertThat(out.resolve("labels.json")).content().contains("\"Ankle boot\"");
    assertThat(out.resolve("dataset.json"))
        .content()
        .contains("\"name\": \"epsilon_plus_flat\"", "\"model_sha256\"");
    try (DatasetResult result = DatasetResult.open(out)) {
      assertThat(result.shape()).containsExactly(3, 28, 28);
      assertThat(result.name(9)).isEqualTo("Ankle boot");
    }
    assertThat(page)
        .content()
        .contains("20 of 200 samples", "epsilon_plus_flat on fashion_cnn.pt", "cluster 1");
    // What is done is done.
    assertThat(
            Session.of("dataset", PICTURES, "-m", MODEL, "--labels", names(), "-o", out, "--resume")
                .ok()
                .out())
        .contains("explained 200 of 200 samples");
    Session.of("spray", out, "--clusters", "2,3", "--neighbours", 4).ok();
  }

  @Test
  void methodsTargetsSharesAndNpy() throws IOException {
    Path out = folder.resolve("out");
    for (int k = 1; k <= 2; k++) {
      Session share =
          Session.of(
                  "dataset",
                  PICTURES,
                  "-m",
                  MODEL,
                  "-o",
                  out,
                  "--method",
                  "lrp_epsilon_0_1",
                  "--target",
                  "prediction",
                  "--shards",
                  k + "/2",
                  "--batch-size",
                  100,
                  "--format",
                  "npy",
                  "--limit",
                  150)
              .ok();
      assertThat(share.out()).contains(k == 2 ? "explained 150" : "this share is done");
    }
    assertThat(Npy.read(out.resolve("attribution.npy")).shape()).containsExactly(150, 3, 28, 28);
    Session.of("spray", out).fails(1, "holds no complete result in HDF5");
  }

  @Test
  void badSamplesAreReported() throws IOException {
    Path pictures = folder.resolve("pictures");
    for (String file : List.of("Bag/a.png", "Bag/b.png", "Coat/c.png")) {
      Path path = pictures.resolve(file);
      Files.createDirectories(path.getParent());
      RgbImage.of(28, 28, new byte[3 * 28 * 28]).writePng(path);
    }
    Files.writeString(pictures.resolve("Bag/b.png"), "no picture");
    Path out = folder.resolve("out");
    Session run =
        Session.of(
            "dataset",
            pictures,
            "-m",
            MODEL,
            "--labels",
            names(),
            "--preprocessing",
            "unit",
            "-o",
            out);
    assertThat(run.status()).isEqualTo(1);
    assertThat(run.err().lines())
        .hasSize(2)
        .anySatisfy(line -> assertThat(line).contains("skipped Bag/b.png: "))
        .last()
        .asString()
        .contains("1 of 3 samples were skipped", "table.csv says why");
    assertThat(run.out()).contains("explained 2 of 3 samples, skipped 1");
    Session.of(
            "dataset",
            pictures,
            "-m",
            MODEL,
            "--labels",
            names(),
            "--preprocessing",
            "unit",
            "-o",
            folder.resolve("strict"),
            "--strict")
        .fails(1, "b.png");
  }

  @Test
  void wrongUsageIsSaid() throws IOException {
    Path out = folder.resolve("out");
    Object[][] wrong = {
      {"--shards", "3/2"},
      {"--shards", "x"},
      {"--batch-size", "0"},
      {"--compression", "11"},
      {"--format", "zarr"},
      {"--limit", "0"},
      {"--gallery", "0"},
      {"--target", "cat"},
      {"--method", "lrp_nothing"}
    };
    for (Object[] options : wrong) {
      Session.of("dataset", PICTURES, "-m", MODEL, "-o", out, options[0], options[1])
          .fails(2, options[0].equals("--method") ? "lrp_nothing" : options[0].toString());
    }
    Session.of("dataset", folder.resolve("gone.npz"), "-m", MODEL, "-o", out)
        .fails(1, "gone.npz: no such file");
    Session.of("dataset", PICTURES, "-m", MODEL, "-o", out, "--data", "nothing")
        .fails(1, "has no array nothing");
    Session.of("dataset", PICTURES, "-m", MODEL, "-o", out, "--target", "12").fails(1, "12");
    Session.of("spray", folder.resolve("gone")).fails(1, "gone");
    Session.of("spray", folder, "--clusters", "1").fails(2, "2 to 99 clusters");
    Session.of("spray", folder, "--perplexity", "5").fails(2, "--perplexity is for --tsne");
    Session.of("spray", folder, "--tsne", "--perplexity", "1").fails(2, "a perplexity is 2 to");
    Files.createDirectories(folder.resolve("full"));
    Files.writeString(folder.resolve("full/x"), "x");
    Session.of("dataset", PICTURES, "-m", MODEL, "-o", folder.resolve("full"))
        .fails(1, "is not empty");
  }

  @Test
  void aSeriesIsPlotted() {
    float[] values = new float[256];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) Math.exp(-Math.pow((i - 112) / 8.0, 2));
    }
    Path series = folder.resolve("beat.npy");
    Npy.write(series, NdArray.ofFloats(values, 1, 256));
    Path plot = folder.resolve("beat.png");
    Path page = folder.resolve("beat.html");
    Session run =
        Session.of("explain", series, "-m", Session.model("ecg_cnn.pt"), "-o", plot, "--html", page)
            .ok();
    assertThat(run.out()).contains("plot: " + plot, "page: " + page);
    RgbImage drawn = RgbImage.read(plot);
    assertThat(drawn.width()).isEqualTo(960);
    boolean coloured = false;
    byte[] rgb = drawn.rgb();
    for (int i = 0; i < rgb.length; i += 3) {
      coloured |= Math.abs((rgb[i] & 0xff) - (rgb[i + 2] & 0xff)) > 150;
    }
    assertThat(coloured).as("the strongest relevance is red or blue").isTrue();
    Npy.write(series, NdArray.ofFloats(values, 1, 1, 16, 16));
    Session.of("explain", series, "-m", Session.model("ecg_cnn.pt"), "-o", plot)
        .fails(2, "(channels,length)");
  }
}
