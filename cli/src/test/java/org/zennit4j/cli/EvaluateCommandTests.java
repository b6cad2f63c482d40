/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.zennit4j.metrics.Metrics;
import org.zennit4j.metrics.Scorer;
import org.zennit4j.metrics.Subject;
import org.zennit4j.model.ScriptModel;
import org.zennit4j.requests.NdArray;
import org.zennit4j.requests.Npy;
import org.zennit4j.requests.Npz;
import org.zennit4j.testing.NativeLeaks;

/** Methods against metrics, two maps against each other, and the concepts of a class. */
@ExtendWith(NativeLeaks.class)
class EvaluateCommandTests {
  private static final Path DATA = Session.model("fashion_test_200.npz");
  private static final Path NET = Session.model("fashion_cnn.pt");

  @TempDir Path folder;

  private Session evaluate(Object... more) {
    List<Object> all = new ArrayList<>(List.of("evaluate", DATA, "-m", NET, "--limit", 12));
    all.addAll(List.of(more));
    return Session.of(all.toArray());
  }

  @Test
  void aTableAsTextJsonCsvAndPage() throws IOException {
    Path json = folder.resolve("e.json");
    Path csv = folder.resolve("e.csv");
    Path html = folder.resolve("e.html");
    Session run =
        evaluate(
                "--methods",
                "epsilon_plus,gradient,random_uniform,epsilon_plus+smooth_grad",
                "--metrics",
                "pixel_flipping:order=difference,sparseness,max_sensitivity:samples=2",
                "--json",
                json,
                "--csv",
                csv,
                "--html",
                html)
            .ok();
    assertThat(run.lines().get(0))
        .startsWith("method")
        .contains("pixel_flipping:order=difference", "sparseness", "max_sensitivity:samples=2");
    assertThat(run.lines().get(1)).contains("higher is better", "lower is better");
    assertThat(run.out()).contains("medians over 12 samples").contains(" *");
    JsonNode read = new ObjectMapper().readTree(json.toFile());
    assertThat(read.get("samples").asInt()).isEqualTo(12);
    assertThat(read.get("methods")).hasSize(4);
    JsonNode flipping = read.get("methods").get(0).get("results").get(0);
    assertThat(flipping.get("values")).hasSize(12);
    assertThat(flipping.get("curves")).hasSize(2);
    assertThat(flipping.get("low").asDouble())
        .isLessThanOrEqualTo(flipping.get("median").asDouble());
    JsonNode noise = read.get("methods").get(2).get("results").get(0);
    assertThat(flipping.get("median").asDouble()).isGreaterThan(noise.get("median").asDouble());
    assertThat(Files.readAllLines(csv))
        .hasSize(13)
        .first()
        .isEqualTo("method,metric,direction,median,low,high,samples");
    String page = Files.readString(html);
    assertThat(page)
        .startsWith("<!doctype html>")
        .contains("<polyline", "prefers-color-scheme: dark", "epsilon_plus+smooth_grad")
        .doesNotContain("<script", "src=\"http", "href=");
  }

  @Test
  void theSameNumbersAgain() {
    String[] runs = new String[2];
    for (int i = 0; i < 2; i++) {
      runs[i] =
          evaluate("--methods", "gradient", "--metrics", "infidelity,sensitivity_n:n=50")
              .ok()
              .out();
    }
    assertThat(runs[0]).isEqualTo(runs[1]);
  }

  @Test
  void masksSayWhereTheObjectIs() {
    try (PointerScope scope = new PointerScope();
        Npz npz = Npz.open(DATA)) {
      Tensor images = npz.get("images").toTensor().narrow(0, 0, 12).select(1, 0);
      Path masks = folder.resolve("masks.npy");
      Npy.write(masks, NdArray.of(images.gt(new Scalar(0)).to(ScalarType.Byte)));
      Session run =
          evaluate(
                  "--methods",
                  "gradient_x_input,random_uniform",
                  "--metrics",
                  "relevance_mass,relevance_rank,pointing_game",
                  "--masks",
                  masks)
              .ok();
      // Where the input is zero its product with the gradient is zero.
      assertThat(run.lines().get(2)).matches("gradient_x_input +1\\.00 \\[1\\.00, 1\\.00\\].*");
    }
    evaluate("--methods", "gradient", "--metrics", "pointing_game").fails(2, "--masks");
  }

  @Test
  void parametersForgetWhatTheyLearnt() {
    Session run =
        evaluate(
                "--methods",
                "epsilon_plus,gradient_x_input",
                "--metrics",
                "parameter_randomization:order=independent")
            .ok();
    assertThat(run.out()).contains("parameter_randomization:order=independent");
  }

  @Test
  void wrongUsageIsNamed() {
    evaluate("--methods", "gradient", "--metrics", "pixel_fliping")
        .fails(2, "pixel_fliping", "pixel_flipping");
    evaluate("--methods", "gradient", "--metrics", "pixel_flipping:unit=pixle")
        .fails(2, "unit must be one of element, pixel, patch, segment");
    evaluate("--methods", "gradient", "--metrics", "pixel_flipping:patch")
        .fails(2, "'patch' is no KEY=VALUE");
    evaluate("--methods", "gradient", "--metrics", "pixel_flipping:patches=4")
        .fails(2, "patches", "patch");
    evaluate("--methods", "gradiant", "--metrics", "sparseness").fails(2, "gradiant");
    evaluate("--methods", "gradient", "--metrics", "sparseness", "--level", "95")
        .fails(2, "--level");
    evaluate("--methods", "gradient", "--metrics", "sparseness", "--limit", "0")
        .fails(2, "--limit");
    Session.of("evaluate", "no.npz", "-m", NET, "--methods", "gradient", "--metrics", "sparseness")
        .fails(1, "no.npz");
  }

  @Test
  void pixelFlippingRunsNoMoreThanItNeeds() {
    try (PointerScope scope = new PointerScope();
        ScriptModel model = ScriptModel.load(NET);
        Npz npz = Npz.open(DATA)) {
      Tensor x = npz.get("images").toTensor().to(ScalarType.Float).div(new Scalar(255));
      long[] rows = {0};
      Scorer plain = Scorer.of(model);
      Scorer counting =
          inputs -> {
            rows[0] += inputs.size(0);
            return plain.score(inputs);
          };
      Metrics.registry()
          .get("pixel_flipping")
          .create(java.util.Map.of("step", 1))
          .evaluate(Subject.of(counting, x, new int[200], x));
      assertThat(rows[0]).isEqualTo(200L * 50);
    }
  }

  @Test
  void twoMapsAreCompared() {
    Path picture = folder.resolve("c.png");
    Path json = folder.resolve("c.json");
    Session run =
        Session.of(
                "compare",
                Session.photo("chelsea.png"),
                "--methods",
                "epsilon_plus_flat,gradient_x_input",
                "-o",
                picture,
                "--json",
                json)
            .ok();
    assertThat(run.lines().get(0)).startsWith("rank correlation (Spearman)");
    assertThat(picture).isNotEmptyFile();
    Session same =
        Session.of("compare", Session.photo("chelsea.png"), "--methods", "gradient,gradient").ok();
    assertThat(same.out())
        .containsPattern("Spearman\\) +1\\.00")
        .containsPattern("top \\d+ +1\\.00");
    Session.of("compare", Session.photo("chelsea.png"), "--methods", "gradient")
        .fails(2, "two methods");
    Session.of("compare", Session.photo("chelsea.png"), "--methods", "gradient,gradiant")
        .fails(2, "gradiant");
  }

  @Test
  void conceptsOfAClass() throws IOException {
    Path out = folder.resolve("concepts");
    Object[] command = {
      "concepts", DATA, "-m", NET, "--class", "5", "--limit", 40, "--references", 3, "-o", out
    };
    Session run = Session.of(command).ok();
    assertThat(run.lines().get(0))
        .isEqualTo("class 5, layer features.8: relevance of its channels");
    assertThat(run.lines()).hasSize(7);
    String page = Files.readString(out.resolve("index.html"));
    assertThat(page.split("data:image/png", -1).length).isGreaterThan(5 * 3 * 2);
    assertThat(page).doesNotContain("<script", "src=\"http");
    JsonNode json = new ObjectMapper().readTree(out.resolve("concepts.json").toFile());
    assertThat(json.get("classes").get(0).get("concepts")).hasSize(5);
    assertThat(out.resolve("RelMax_sum_normed/features.8_data.npy")).exists();
    // What is there is used.
    assertThat(Session.of(command).ok().out()).isEqualTo(run.out());
    Session.of("concepts", DATA, "-m", NET, "--class", "5", "--layer", "features.88", "-o", out)
        .fails(2, "features.88", "features.8");
    Session.of("concepts", DATA, "-m", NET, "--class", "5", "--mode", "relevanz", "-o", out)
        .fails(2, "relevance or activation");
  }

  @Test
  void targetsWithNames() {
    Path x = folder.resolve("x.npy");
    try (PointerScope scope = new PointerScope();
        Npz npz = Npz.open(DATA)) {
      Tensor images = npz.get("images").toTensor().narrow(0, 0, 2).to(ScalarType.Float);
      Npy.write(x, NdArray.of(images.div(new Scalar(255))));
    }
    Path map = folder.resolve("r.npy");
    for (String target : List.of("contrast:9,5", "contrast:9", "contrast", "log_ratio:9")) {
      Session.of("attribute", "-m", NET, "-i", x, "-o", map, "--target", target).ok();
      assertThat(Npy.read(map).shape()).containsExactly(2, 1, 28, 28);
    }
    double[] both = relevance(x, "contrast:9,5");
    double[] first = relevance(x, "9");
    double[] second = relevance(x, "5");
    for (int i = 0; i < both.length; i++) {
      assertThat(both[i])
          .isCloseTo(first[i] - second[i], org.assertj.core.api.Assertions.within(1e-5));
    }
    Session.of("attribute", "-m", NET, "-i", x, "-o", map, "--target", "region:3")
        .fails(1, "(batch, classes, space...)");
    Session.of("attribute", "-m", NET, "-i", x, "-o", map, "--target", "boxes:3")
        .fails(2, "boxes:VALUE:NUMBER");
    Session.of("attribute", "-m", NET, "-i", x, "-o", map, "--target", "contrast:1,2,3")
        .fails(2, "two classes at most");
  }

  private double[] relevance(Path x, String target) {
    Path map = folder.resolve("one.npy");
    Session.of("attribute", "-m", NET, "-i", x, "-o", map, "--target", target).ok();
    return Npy.read(map).toDoubles();
  }
}
