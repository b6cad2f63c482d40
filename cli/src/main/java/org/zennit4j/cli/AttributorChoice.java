/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.cli;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.zennit4j.attribution.Attributor;
import org.zennit4j.composites.Plan;
import org.zennit4j.requests.ArraySource;
import org.zennit4j.requests.AttributorReader;
import org.zennit4j.requests.Json;
import org.zennit4j.requests.RequestException;

/**
 * An attributor by name, with its options as they were typed.
 *
 * @param name as in requests
 * @param options key to value
 */
record AttributorChoice(String name, Map<String, String> options) {
  AttributorChoice {
    if (!AttributorReader.names().contains(name)) {
      throw new UsageException(
          "there is no attributor '"
              + name
              + "'; there are "
              + String.join(", ", AttributorReader.names()));
    }
    options = new LinkedHashMap<>(options);
  }

  boolean isGradient() {
    return name.equals("gradient");
  }

  /** Makes the attributor; arrays are files, relative to the current folder. */
  Attributor create(Plan plan) {
    try {
      return AttributorReader.read(
          Json.parse(Json.write(json())), plan, ArraySource.folder(Path.of("")));
    } catch (RequestException e) {
      throw new UsageException("--attributor " + name + ": " + e.getMessage());
    }
  }

  Map<String, Object> json() {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("type", name);
    options.forEach((key, value) -> json.put(key, CompositeOptions.value(value)));
    return json;
  }
}
