/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What the benchmark prints; no time is judged. */
class BenchmarkCommandTests {
  private static final String MODEL = "../examples/models/fashion_cnn.pt";
  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  private int run(String... more) {
    List<String> args = new ArrayList<>(List.of("benchmark"));
    args.addAll(List.of(more));
    return Main.run(
        new PrintWriter(out, true), new PrintWriter(err, true), args.toArray(String[]::new));
  }

  @Test
  void jsonHasOneObjectForEachComposite() throws Exception {
    int status =
        run(
            MODEL,
            "--input-shape=1,1,28,28",
            "--batch=3",
            "--rounds=2",
            "--composite=epsilon_plus,gradient,epsilon_gamma_box",
            "--random-weights=4",
            "--json");
    assertThat(err.toString()).isEmpty();
    assertThat(status).isZero();
    JsonNode all = new ObjectMapper().readTree(out.toString());
    assertThat(all.isArray()).isTrue();
    assertThat(all).hasSize(3);
    assertThat(all.findValuesAsText("composite"))
        .containsExactly("epsilon_plus", "gradient", "epsilon_gamma_box");
    for (JsonNode one : all) {
      for (String key : List.of("ratio", "forward_s", "gradient_s", "composite_s", "peak_rss_mb")) {
        assertThat(one.get(key).asDouble()).as(key).isPositive();
      }
    }
  }

  @Test
  void theTableHasARowForEach() {
    assertThat(
            run(
                MODEL,
                "--input-shape=1,1,28,28",
                "--rounds=1",
                "--memory-format=channels_last",
                "--composite=epsilon_plus_flat"))
        .isZero();
    assertThat(out.toString().lines().map(l -> l.replaceFirst(" .*", "")))
        .contains("forward", "gradient", "epsilon_plus_flat");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          --composite=epsilon_plsu    | there is no composite 'epsilon_plsu'
          --batch=0                   | --batch and --rounds
          --input-shape=a             | --input-shape is like
          --memory-format=blocked     | memory-format
          """)
  void wrongOptionsAreNamed(String option, String message) {
    assertThat(run(MODEL, option)).isEqualTo(2);
    assertThat(err.toString()).contains(message);
    assertThat(err.toString().strip().lines()).hasSize(1);
  }

  @Test
  void aModelOfOtherInputsIsToldToSayWhich() {
    assertThat(run(MODEL, "--rounds=1")).isEqualTo(2);
    assertThat(err.toString()).contains("no input of shape [1, 3, 224, 224]", "--input-shape");
  }

  @Test
  void otherFilesHaveNoRandomWeights() {
    assertThat(run("../examples/photos/chelsea.png", "--random-weights=1")).isEqualTo(2);
    assertThat(err.toString()).contains("--random-weights needs a TorchScript file");
  }
}
