/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.requests;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Float32 relevances beside float64 ones on generated networks of depthwise and grouped
 * convolutions, with Zennit's own float32 error on them; examples/accuracy/compare.py made both.
 */
class DepthwiseAccuracyTests {
  private static final GoldenFile GOLDEN = new GoldenFile("/golden-depthwise/index.json");

  /**
   * What rounds a logit is scaled into the whole map, so that the error of one network is one draw,
   * and another processor draws anew: Zennit on the same PyTorch with and without oneDNN differs by
   * up to 7.2 times on 40 networks, and by 1.2 to 1.6 in the geometric mean of a composite.
   */
  private static final double MOST = 10;

  private static final double MEAN_OF_ONE = 1.6;

  private static final double MEAN = 1.25;

  /** Less is as good as a float32 network can be. */
  private static final double FLOOR = 5e-7;

  @TempDir static Path folder;

  /** Our error over Zennit's, by composite. */
  private static final Map<String, List<Double>> RATIOS = new TreeMap<>();

  private static final List<String> FAR = new ArrayList<>();

  @BeforeAll
  static void run() throws IOException {
    Map<String, String> results =
        RequestRunner.of(RequestFile.read(GOLDEN.path())).run(folder).results();
    assertThat(results.values()).containsOnly("ok");
    for (JsonNode one : new ObjectMapper().readTree(GOLDEN.path().toFile()).get("cases")) {
      if (one.get("dtype").textValue().equals("float32")) {
        compare(one.get("id").textValue(), one.get("reference_error"));
      }
    }
  }

  private static void compare(String id, JsonNode zennit) {
    double[] found = relevance(id);
    double[] exact = relevance(id + "-float64");
    double apart = 0;
    double largest = 0;
    double squares = 0;
    double all = 0;
    for (int i = 0; i < exact.length; i++) {
      double difference = Math.abs(found[i] - exact[i]);
      apart = Math.max(apart, difference);
      largest = Math.max(largest, Math.abs(exact[i]));
      squares += difference * difference;
      all += exact[i] * exact[i];
    }
    note(id, apart / largest, zennit.get("max_over_max").doubleValue());
    note(id, Math.sqrt(squares / all), zennit.get("l2_over_l2").doubleValue());
  }

  private static double[] relevance(String id) {
    return Npy.read(folder.resolve(id).resolve("relevance.0.npy")).toDoubles();
  }

  private static void note(String id, double own, double zennits) {
    RATIOS
        .computeIfAbsent(id.substring(id.indexOf('/') + 1), k -> new ArrayList<>())
        .add(own / zennits);
    if (!(own <= Math.max(MOST * zennits, FLOOR))) {
      FAR.add(id + ": " + own + ", Zennit " + zennits);
    }
  }

  @Test
  void onAverageFloat32IsAsExactAsZennits() {
    assertThat(RATIOS).hasSize(8);
    RATIOS.forEach(
        (composite, ratios) ->
            assertThat(geometricMean(ratios)).as(composite).isLessThanOrEqualTo(MEAN_OF_ONE));
    List<Double> all = RATIOS.values().stream().flatMap(List::stream).toList();
    assertThat(geometricMean(all)).isLessThanOrEqualTo(MEAN);
  }

  private static double geometricMean(List<Double> ratios) {
    return Math.exp(ratios.stream().mapToDouble(Math::log).average().orElseThrow());
  }

  @Test
  void noNetworkIsFurtherOffThanChanceExplains() {
    assertThat(FAR).isEmpty();
  }
}
