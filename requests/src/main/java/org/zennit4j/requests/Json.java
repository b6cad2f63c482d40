/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.requests;

import com.fasterxml.jackson.databind.JsonNode;
import java.lang.reflect.Array;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** Reads JSON, and writes plain values as such. Thread-safe. */
public final class Json {
  private static final int LINE = 100;

  private Json() {}

  /**
   * Reads JSON, for the readers of this package and for {@link #write}.
   *
   * @param text a JSON value
   * @return the value
   * @throws RequestException if the text is no JSON
   */
  public static JsonNode parse(String text) {
    return JsonObject.parse("JSON", text);
  }

  /**
   * Writes a value, indented by two spaces; what fits into a line stays on one.
   *
   * @param value a map, collection or array, a text, number, boolean or null, or what {@link
   *     #parse} gives; NaN and infinities become the texts {@code "NaN"}, {@code "Infinity"} and
   *     {@code "-Infinity"}; anything else becomes its {@code toString()} as text
   * @return JSON without a line break at the end
   */
  public static String write(Object value) {
    StringBuilder out = new StringBuilder();
    write(value, "", out);
    return out.toString();
  }

  private static void write(Object value, String indent, StringBuilder out) {
    if (value == null || value instanceof Boolean || value instanceof JsonNode) {
      out.append(value);
    } else if (value instanceof Number number) {
      boolean finite = Double.isFinite(number.doubleValue());
      out.append(finite ? number.toString() : quote(number.toString()));
    } else if (value instanceof Map<?, ?> map) {
      List<String> parts =
          map.entrySet().stream()
              .map(e -> quote(String.valueOf(e.getKey())) + ": " + nested(e.getValue(), indent))
              .toList();
      join('{', parts, '}', indent, out);
    } else if (value instanceof Collection<?> values) {
      join('[', values.stream().map(v -> nested(v, indent)).toList(), ']', indent, out);
    } else if (value.getClass().isArray()) {
      write(
          IntStream.range(0, Array.getLength(value))
              .mapToObj(i -> Array.get(value, i))
              .collect(Collectors.toList()),
          indent,
          out);
    } else {
      out.append(quote(value.toString()));
    }
  }

  private static String nested(Object value, String indent) {
    StringBuilder out = new StringBuilder();
    write(value, indent + "  ", out);
    return out.toString();
  }

  private static void join(
      char open, List<String> parts, char close, String indent, StringBuilder out) {
    int length = indent.length() + parts.stream().mapToInt(p -> p.length() + 2).sum();
    boolean oneLine = length <= LINE && parts.stream().noneMatch(p -> p.contains("\n"));
    out.append(open);
    if (oneLine) {
      out.append(String.join(", ", parts));
    } else {
      String inner = "\n" + indent + "  ";
      out.append(inner).append(String.join("," + inner, parts)).append("\n").append(indent);
    }
    out.append(close);
  }

  private static String quote(String text) {
    StringBuilder out = new StringBuilder("\"");
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      switch (c) {
        case '"' -> out.append("\\\"");
        case '\\' -> out.append("\\\\");
        case '\n' -> out.append("\\n");
        case '\r' -> out.append("\\r");
        case '\t' -> out.append("\\t");
        default -> {
          if (c < ' ' || Character.isSurrogate(c)) {
            out.append(String.format(Locale.ROOT, "\\u%04x", (int) c));
          } else {
            out.append(c);
          }
        }
      }
    }
    return out.append('"').toString();
  }
}
