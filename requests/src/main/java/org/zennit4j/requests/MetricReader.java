/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.requests;

import com.fasterxml.jackson.databind.JsonNode;
import org.zennit4j.bindings.Zennit4jException;
import org.zennit4j.metrics.Metric;
import org.zennit4j.registry.Entry;
import org.zennit4j.registry.Registry;
import org.zennit4j.rules.Rules;

/**
 * Reads metrics, for example {@code {"type": "pixel_flipping", "unit": "patch", "patch": 4}}.
 * {@link org.zennit4j.metrics.Metrics#registry()} has all of them with their arguments.
 */
public final class MetricReader {
  private MetricReader() {}

  /**
   * Reads a metric.
   *
   * @param json an object with a {@code type}
   * @param arrays knows perturbations; their tensors are attached to the caller's innermost
   *     PointerScope, which must stay open as long as the metric is used
   * @param registry knows the metrics
   * @return the metric
   * @throws RequestException if it cannot be understood; the message says where
   */
  public static Metric read(JsonNode json, ArraySource arrays, Registry<Metric> registry) {
    JsonObject options = JsonObject.of("metric", json);
    Entry<Metric> entry = RuleReader.entry(options, "type", registry);
    RuleReader reader =
        new RuleReader(arrays, Rules.registry(), new CompositeReader().withArrays(arrays));
    try {
      return entry.create(reader.values(options, entry.arguments(), "type"));
    } catch (RequestException e) {
      throw e;
    } catch (Zennit4jException e) {
      throw new RequestException(
          Npy.printable("metric " + entry.name() + ": " + e.getMessage()), e);
    }
  }
}
