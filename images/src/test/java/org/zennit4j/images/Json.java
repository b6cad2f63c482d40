/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.images;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Just enough JSON for the golden data: maps, lists, strings without escapes, doubles, literals.
 */
final class Json {
  private final String text;
  private int at;

  private Json(String text) {
    this.text = text;
  }

  static Object parse(String text) {
    return new Json(text).value();
  }

  private char next() {
    while (Character.isWhitespace(text.charAt(at))) {
      at++;
    }
    return text.charAt(at);
  }

  private boolean skip(char c) {
    if (next() == c) {
      at++;
      return true;
    }
    return false;
  }

  private Object value() {
    char c = next();
    if (c == '{') {
      Map<String, Object> map = new LinkedHashMap<>();
      at++;
      while (!skip('}')) {
        String key = (String) value();
        if (!skip(':')) {
          throw new IllegalArgumentException("no colon at " + at);
        }
        map.put(key, value());
        skip(',');
      }
      return map;
    }
    if (c == '[') {
      List<Object> list = new ArrayList<>();
      at++;
      while (!skip(']')) {
        list.add(value());
        skip(',');
      }
      return list;
    }
    if (c == '"') {
      int end = text.indexOf('"', at + 1);
      String string = text.substring(at + 1, end);
      at = end + 1;
      return string;
    }
    int start = at;
    while (at < text.length() && ",]}\n ".indexOf(text.charAt(at)) < 0) {
      at++;
    }
    String word = text.substring(start, at);
    return switch (word) {
      case "true" -> true;
      case "false" -> false;
      case "null" -> null;
      default -> Double.valueOf(word);
    };
  }
}
