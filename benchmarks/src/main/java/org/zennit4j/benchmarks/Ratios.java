/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.benchmarks;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/**
 * What a result of JMH says, freed of the machine's speed: the processor time of each composite or
 * rule divided by that of the gradient on the same network and batch, and how much of it is noise.
 */
final class Ratios {
  /**
   * One of them.
   *
   * @param ratio to the gradient
   * @param noise half of what lies between the quartiles, of both, as a share
   * @param megabytes native memory, NaN where it is not known
   */
  record Ratio(double ratio, double noise, double megabytes) {}

  private static final String GRADIENT = "gradient";

  /** Less than this is never called a change. */
  private static final double LEAST = 0.05;

  private static final ObjectMapper JSON = new ObjectMapper();

  private Ratios() {}

  private record Run(double median, double noise, double megabytes) {}

  /** Reads what JMH wrote with -rf json. */
  static Map<String, Ratio> ofResult(Path file) throws IOException {
    Map<String, Run> runs = new TreeMap<>();
    for (JsonNode run : JSON.readTree(file.toFile())) {
      String benchmark = run.get("benchmark").asText();
      JsonNode params = run.get("params");
      boolean rules = benchmark.contains("RuleBenchmark");
      String of = params.get(rules ? "layer" : "network").asText();
      String what = params.get(rules ? "rule" : "composite").asText();
      List<Double> times = new ArrayList<>();
      JsonNode secondary = run.get("secondaryMetrics");
      JsonNode processor = secondary.get(ProcessCosts.PROCESSOR);
      JsonNode metric = processor == null ? run.get("primaryMetric") : processor;
      metric.get("rawData").forEach(fork -> fork.forEach(time -> times.add(time.asDouble())));
      double[] sorted = times.stream().mapToDouble(t -> t).sorted().toArray();
      double median = quantile(sorted, 0.5);
      JsonNode memory = secondary.get(ProcessCosts.MEMORY);
      runs.put(
          key(of, params.get("batch").asInt(), what),
          new Run(
              median,
              (quantile(sorted, 0.75) - quantile(sorted, 0.25)) / 2 / median,
              memory == null ? Double.NaN : memory.get("score").asDouble()));
    }
    Map<String, Ratio> ratios = new TreeMap<>();
    runs.forEach(
        (key, run) -> {
          Run gradient = runs.get(key.substring(0, key.lastIndexOf(' ') + 1) + GRADIENT);
          if (gradient != null && !key.endsWith(" " + GRADIENT)) {
            ratios.put(
                key,
                new Ratio(run.median / gradient.median, run.noise + gradient.noise, run.megabytes));
          }
        });
    return ratios;
  }

  private static String key(String of, int batch, String what) {
    return of + " batch " + batch + " " + what;
  }

  private static double quantile(double[] sorted, double share) {
    double at = share * (sorted.length - 1);
    int below = (int) at;
    int above = Math.min(below + 1, sorted.length - 1);
    return sorted[below] + (at - below) * (sorted[above] - sorted[below]);
  }

  /** Reads a baseline. */
  static Map<String, Ratio> read(Path file) throws IOException {
    Map<String, Ratio> ratios = new TreeMap<>();
    JSON.readTree(file.toFile())
        .properties()
        .forEach(
            one -> {
              JsonNode value = one.getValue();
              JsonNode memory = value.get("native_mb");
              ratios.put(
                  one.getKey(),
                  new Ratio(
                      value.get("ratio").asDouble(),
                      value.get("noise").asDouble(),
                      memory == null ? Double.NaN : memory.asDouble()));
            });
    return ratios;
  }

  /** As a baseline, a line for each. */
  static String write(Map<String, Ratio> ratios) {
    List<String> lines = new ArrayList<>();
    ratios.forEach(
        (key, one) ->
            lines.add(
                String.format(
                        Locale.ROOT,
                        "  \"%s\": {\"ratio\": %.3f, \"noise\": %.3f",
                        key,
                        one.ratio,
                        one.noise)
                    + (Double.isNaN(one.megabytes)
                        ? "}"
                        : String.format(Locale.ROOT, ", \"native_mb\": %.0f}", one.megabytes))));
    return "{\n" + String.join(",\n", lines) + "\n}\n";
  }

  /**
   * Compares.
   *
   * @return a line for each that moved by more than the noise of both, worst first
   */
  static List<String> moved(Map<String, Ratio> old, Map<String, Ratio> now) {
    record Move(double by, String line) {}
    List<Move> moves = new ArrayList<>();
    now.forEach(
        (key, one) -> {
          Ratio before = old.get(key);
          if (before == null) {
            return;
          }
          double by = one.ratio / before.ratio - 1;
          double noise = Math.max(LEAST, one.noise + before.noise);
          if (Math.abs(by) > noise) {
            moves.add(
                new Move(
                    by,
                    String.format(
                        Locale.ROOT,
                        "%s %s: %.3f, was %.3f (%+.0f %%, noise %.0f %%)",
                        by > 0 ? "SLOWER" : "faster",
                        key,
                        one.ratio,
                        before.ratio,
                        100 * by,
                        100 * noise)));
          }
        });
    return moves.stream().sorted((a, b) -> Double.compare(b.by, a.by)).map(Move::line).toList();
  }

  static Map<String, Ratio> load(String file) throws IOException {
    Path path = Path.of(file);
    if (!Files.isRegularFile(path)) {
      throw new IOException(file + ": no such file");
    }
    return JSON.readTree(path.toFile()).isArray() ? ofResult(path) : read(path);
  }
}
