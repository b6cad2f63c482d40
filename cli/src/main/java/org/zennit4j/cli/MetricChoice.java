/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.zennit4j.bindings.Zennit4jException;
import org.zennit4j.metrics.Metric;
import org.zennit4j.metrics.Metrics;
import org.zennit4j.requests.ArraySource;
import org.zennit4j.requests.Json;
import org.zennit4j.requests.MetricReader;
import org.zennit4j.requests.RequestException;

/**
 * A metric as it was typed: {@code NAME} or {@code NAME:KEY=VALUE:KEY=VALUE}.
 *
 * @param label as it was typed
 * @param metric what it means
 */
record MetricChoice(String label, Metric metric) {
  static List<MetricChoice> read(List<String> texts) {
    List<MetricChoice> all = new ArrayList<>();
    for (String text : texts) {
      if (all.stream().noneMatch(m -> m.label().equals(text.strip()))) {
        all.add(read(text.strip()));
      }
    }
    return all;
  }

  private static MetricChoice read(String text) {
    String[] parts = text.split(":", -1);
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("type", parts[0]);
    for (int i = 1; i < parts.length; i++) {
      int at = parts[i].indexOf('=');
      if (at < 1) {
        throw new UsageException(
            "--metrics " + text + ": '" + parts[i] + "' is no KEY=VALUE (zennit4j metrics)");
      }
      json.put(parts[i].substring(0, at), CompositeOptions.value(parts[i].substring(at + 1)));
    }
    try {
      return new MetricChoice(
          text,
          MetricReader.read(
              Json.parse(Json.write(json)), ArraySource.folder(Path.of("")), Metrics.registry()));
    } catch (RequestException e) {
      throw new UsageException("--metrics " + text + ": " + e.getMessage());
    } catch (Zennit4jException e) {
      throw new UsageException("--metrics " + text + ": " + e.getMessage() + " (zennit4j metrics)");
    }
  }
}
