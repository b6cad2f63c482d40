/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RatiosTests {
  @TempDir Path folder;

  private static String run(String composite, String times, String memory) {
    return "{\"benchmark\": \"org.zennit4j.benchmarks.CompositeBenchmark.explain\", \"params\": "
        + "{\"network\": \"ecg\", \"batch\": \"4\", \"composite\": \""
        + composite
        + "\"}, \"primaryMetric\": {\"rawData\": [["
        + times
        + "]]}, \"secondaryMetrics\": {"
        + memory
        + "}}";
  }

  @Test
  void timesBecomeRatiosToTheGradient() throws IOException {
    Path file = folder.resolve("result.json");
    Files.writeString(
        file,
        "["
            + run("gradient", "2, 2, 2, 2, 2", "")
            + ","
            + run(
                "epsilon_plus",
                "70, 80, 90, 70, 80",
                "\"native.peak\": {\"score\": 12.4}, \"cpu\": {\"rawData\": [[3, 2.9, 3.1, 2.8, 9]]}")
            + "]");
    Map<String, Ratios.Ratio> ratios = Ratios.load(file.toString());
    assertThat(ratios).containsOnlyKeys("ecg batch 4 epsilon_plus");
    Ratios.Ratio one = ratios.get("ecg batch 4 epsilon_plus");
    assertThat(one.ratio()).isEqualTo(1.5);
    assertThat(one.noise()).isCloseTo(0.1 / 3, within(1e-9));
    assertThat(one.megabytes()).isEqualTo(12.4);
    Path baseline = folder.resolve("baseline.json");
    Files.writeString(baseline, Ratios.write(ratios));
    assertThat(Ratios.load(baseline.toString()).get("ecg batch 4 epsilon_plus").ratio())
        .isEqualTo(1.5);
  }

  @Test
  void onlyWhatIsMoreThanNoiseHasMoved() {
    Map<String, Ratios.Ratio> old =
        Map.of(
            "a", new Ratios.Ratio(1, 0.01, 1),
            "b", new Ratios.Ratio(2, 0.2, 1),
            "c", new Ratios.Ratio(3, 0, 1));
    Map<String, Ratios.Ratio> now =
        Map.of(
            "a", new Ratios.Ratio(1.2, 0.01, 1),
            "b", new Ratios.Ratio(2.3, 0.05, 1),
            "c", new Ratios.Ratio(2, 0, 1),
            "d", new Ratios.Ratio(9, 0, 1));
    assertThat(Ratios.moved(old, now))
        .containsExactly(
            "SLOWER a: 1.200, was 1.000 (+20 %, noise 5 %)",
            "faster c: 2.000, was 3.000 (-33 %, noise 5 %)");
  }
}
