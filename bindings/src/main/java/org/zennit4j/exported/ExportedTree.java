/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.exported;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;

/** The shape of a model's result in Python: dictionaries and tuples with tensors as leaves. */
final class ExportedTree {
  private final JsonNode output;

  /**
   * Reads the tree.
   *
   * @param module the graph module's JSON; a file without a tree, or with one that cannot be read,
   *     has no names
   */
  ExportedTree(ExportedJson module) {
    JsonNode found = null;
    List<ExportedJson> calls = module.list("module_call_graph");
    if (!calls.isEmpty() && calls.get(0).has("signature")) {
      JsonNode spec = calls.get(0).get("signature").node().path("out_spec");
      found = spec.isTextual() ? parse(spec.textValue()).path(1) : null;
    }
    this.output = found;
  }

  private static JsonNode parse(String text) {
    try {
      return ExportedArchive.MAPPER.readTree(text);
    } catch (JsonProcessingException e) {
      return ExportedArchive.MAPPER.createObjectNode();
    }
  }

  /**
   * The names of the leaves.
   *
   * @param leaves how many there should be
   * @return such as {@code logits} or {@code parts.0}; none unless the result is a dictionary
   */
  List<String> outputNames(int leaves) {
    List<String> names = new ArrayList<>();
    if (output != null) {
      collect(output, "", names, 0);
    }
    return names.size() == leaves && names.stream().noneMatch(n -> n.matches("[\\d.]*"))
        ? List.copyOf(names)
        : List.of();
  }

  private static void collect(JsonNode node, String name, List<String> names, int depth) {
    if (node.path("type").isNull() || !node.has("type") || depth > 64) {
      names.add(name);
      return;
    }
    JsonNode keys =
        node.path("context").isTextual() ? parse(node.get("context").textValue()) : null;
    JsonNode children = node.path("children_spec");
    for (int i = 0; i < children.size(); i++) {
      JsonNode key =
          keys != null && keys.isArray() && keys.size() == children.size() ? keys.get(i) : null;
      String own = key != null && key.isValueNode() ? key.asText() : Integer.toString(i);
      collect(children.get(i), name.isEmpty() ? own : name + "." + own, names, depth + 1);
    }
  }
}
