/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.datasets;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.zennit4j.requests.Json;

/** The files around the arrays that make a project of ViRelAy. */
final class ProjectFiles {
  private ProjectFiles() {}

  /** What a class is called where names must be short and sort as numbers do. */
  static String key(long label) {
    return label < 0 ? "unknown" : String.format(Locale.ROOT, "class_%04d", label);
  }

  /** A name for each class. */
  static void labels(Path file, List<String> names, int classes) {
    List<Object> list = new ArrayList<>();
    for (int i = -1; i < Math.max(classes, names.size()); i++) {
      Map<String, Object> one = new LinkedHashMap<>();
      one.put("index", i);
      one.put("word_net_id", key(i));
      one.put("name", i < 0 ? "unknown" : i < names.size() ? names.get(i) : "class " + i);
      list.add(one);
    }
    Parts.writeWhole(file, Json.write(list) + "\n");
  }

  /** JSON's strings are YAML's. */
  static void project(
      Path file, String name, String model, String method, String strategy, boolean analysis) {
    String text =
        String.join(
            "\n",
            "project:",
            "  name: " + Json.write(name),
            "  model: " + Json.write(model),
            "  label_map: labels.json",
            "  dataset:",
            "    name: " + Json.write(name),
            "    type: hdf5",
            "    path: input.h5",
            "  attributions:",
            "    attribution_method: " + Json.write(method),
            "    attribution_strategy: " + strategy,
            "    sources:",
            "    - attribution.h5",
            analysis
                ? "  analyses:\n  - analysis_method: spectral\n    sources:\n    - analysis.h5\n"
                : "");
    Parts.writeWhole(file, text);
  }
}
