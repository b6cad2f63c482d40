/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.exported;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.zennit4j.bindings.ModelLoadException;

/**
 * A place in the JSON of a torch.export archive. Absent and null mean the same. What is not as it
 * must be ends in one line that names the place.
 *
 * @param node the value, never null
 * @param where the place, such as {@code graph.nodes[3].inputs}
 */
record ExportedJson(JsonNode node, String where) {
  /** The only field of a union such as {@code {"as_int": 3}}. */
  record Union(String kind, ExportedJson value) {}

  boolean has(String field) {
    JsonNode value = node.get(field);
    return value != null && !value.isNull();
  }

  ExportedJson get(String field) {
    if (!has(field)) {
      throw bad("has no '" + field + "'");
    }
    return new ExportedJson(node.get(field), where.isEmpty() ? field : where + "." + field);
  }

  /** The elements of a list, which may be absent. */
  List<ExportedJson> list(String field) {
    return has(field) ? get(field).elements() : List.of();
  }

  List<ExportedJson> elements() {
    if (!node.isArray()) {
      throw bad("is no list");
    }
    List<ExportedJson> result = new ArrayList<>(node.size());
    for (int i = 0; i < node.size(); i++) {
      result.add(new ExportedJson(node.get(i), where + "[" + i + "]"));
    }
    return result;
  }

  /** The fields of an object, in the file's order. */
  Map<String, ExportedJson> fields() {
    if (!node.isObject()) {
      throw bad("is no object");
    }
    Map<String, ExportedJson> result = new LinkedHashMap<>();
    node.fieldNames()
        .forEachRemaining(
            name -> {
              if (has(name)) {
                result.put(name, get(name));
              }
            });
    return result;
  }

  Union union() {
    Map<String, ExportedJson> fields = fields();
    if (fields.size() != 1) {
      throw bad("should say one thing, but says " + fields.keySet());
    }
    Map.Entry<String, ExportedJson> only = fields.entrySet().iterator().next();
    return new Union(only.getKey(), only.getValue());
  }

  String text() {
    if (!node.isTextual()) {
      throw bad("is no text");
    }
    return node.textValue();
  }

  String text(String field) {
    return get(field).text();
  }

  long integer() {
    if (!node.isIntegralNumber() || !node.canConvertToLong()) {
      throw bad("is no integer of 64 bits");
    }
    return node.longValue();
  }

  /** A size, an offset: {@code {"as_int": n}}. */
  long size() {
    Union union = union();
    if (!union.kind().equals("as_int")) {
      throw bad("is no fixed number");
    }
    return union.value().integer();
  }

  boolean flag() {
    if (!node.isBoolean()) {
      throw bad("is neither true nor false");
    }
    return node.booleanValue();
  }

  /** A number; what is not finite may be written as a string. */
  double number() {
    if (node.isNumber()) {
      return node.doubleValue();
    }
    return switch (node.isTextual() ? node.textValue() : "") {
      case "Infinity" -> Double.POSITIVE_INFINITY;
      case "-Infinity" -> Double.NEGATIVE_INFINITY;
      case "NaN" -> Double.NaN;
      default -> throw bad("is no number");
    };
  }

  ModelLoadException bad(String what) {
    return new ModelLoadException(
        "the program is not as torch.export writes it: " + where + " " + what);
  }
}
