/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.requests;

import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.zennit4j.bindings.internal.NearestNames;

/**
 * One object of a JSON document and where it is, so that every message can say so. A key with the
 * value null counts as absent.
 */
final class JsonObject {
  /** Accepts NaN and Infinity, as Python writes them; they are refused where a number is read. */
  static final JsonMapper MAPPER =
      JsonMapper.builder()
          .enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS)
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  private final String where;
  private final JsonNode node;

  private JsonObject(String where, JsonNode node) {
    this.where = where;
    this.node = node;
  }

  static JsonObject of(String where, JsonNode node) {
    if (node == null || !node.isObject()) {
      throw wrong(where, "an object in braces", node);
    }
    return new JsonObject(where, node);
  }

  static JsonNode parse(Path file) {
    try {
      return whole(file.toString(), MAPPER.readTree(Files.readAllBytes(file)));
    } catch (JsonProcessingException e) {
      throw syntax(file.toString(), e);
    } catch (IOException e) {
      throw Npy.cannotRead(file.toString(), e);
    }
  }

  static JsonNode parse(String source, String json) {
    try {
      return whole(source, MAPPER.readTree(json));
    } catch (JsonProcessingException e) {
      throw syntax(source, e);
    }
  }

  private static JsonNode whole(String source, JsonNode node) {
    if (node == null || node.isMissingNode()) {
      throw new RequestException(Npy.printable(source + " is empty"));
    }
    return node;
  }

  private static RequestException syntax(String source, JsonProcessingException e) {
    JsonLocation at = e.getLocation();
    String place = at == null ? "" : " at line " + at.getLineNr() + ", column " + at.getColumnNr();
    return new RequestException(
        Npy.printable(source + " is not JSON" + place + ": " + e.getOriginalMessage()), e);
  }

  String where() {
    return where;
  }

  String where(String key) {
    return where + "." + key;
  }

  /** Refuses all other keys. */
  JsonObject allow(List<String> keys) {
    Set<String> known = new TreeSet<>(keys);
    for (String key : (Iterable<String>) node::fieldNames) {
      if (!known.contains(key)) {
        throw new RequestException(
            Npy.printable(
                where
                    + ": there is no key '"
                    + key
                    + "' here; the nearest: "
                    + NearestNames.list(key, known)));
      }
    }
    return this;
  }

  JsonObject allow(String... keys) {
    return allow(Arrays.asList(keys));
  }

  List<String> keys() {
    List<String> keys = new ArrayList<>();
    node.fieldNames().forEachRemaining(keys::add);
    return keys;
  }

  boolean has(String key) {
    return node.hasNonNull(key);
  }

  /** The value, or null. */
  JsonNode get(String key) {
    return has(key) ? node.get(key) : null;
  }

  JsonNode need(String key) {
    if (!has(key)) {
      throw new RequestException(Npy.printable(where + ": the key '" + key + "' is missing"));
    }
    return node.get(key);
  }

  JsonObject object(String key) {
    return of(where(key), need(key));
  }

  String string(String key) {
    return text(where(key), need(key));
  }

  String string(String key, String absent) {
    return has(key) ? string(key) : absent;
  }

  boolean flag(String key) {
    if (!has(key)) {
      return false;
    }
    JsonNode value = get(key);
    if (!value.isBoolean()) {
      throw wrong(where(key), "true or false", value);
    }
    return value.booleanValue();
  }

  double number(String key, double absent) {
    return has(key) ? number(where(key), get(key)) : absent;
  }

  double number(String key) {
    return number(where(key), need(key));
  }

  List<Double> numbers(String key) {
    return list(where(key), need(key)).stream().map(i -> number(i.where(), i.node())).toList();
  }

  int whole(String key, int absent, int lowest) {
    return has(key) ? (int) whole(where(key), get(key), lowest, Integer.MAX_VALUE) : absent;
  }

  List<String> strings(String key) {
    List<String> result = new ArrayList<>();
    for (Item item : list(where(key), need(key))) {
      result.add(text(item.where(), item.node()));
    }
    return result;
  }

  /** The elements of a list; none where the key is absent. */
  List<Item> list(String key) {
    return has(key) ? list(where(key), get(key)) : List.of();
  }

  static List<Item> list(String where, JsonNode node) {
    if (node == null || !node.isArray()) {
      throw wrong(where, "a list in brackets", node);
    }
    List<Item> items = new ArrayList<>();
    for (int i = 0; i < node.size(); i++) {
      items.add(new Item(where + "[" + i + "]", node.get(i)));
    }
    return items;
  }

  static String text(String where, JsonNode node) {
    if (!node.isTextual()) {
      throw wrong(where, "a text in quotes", node);
    }
    return node.textValue();
  }

  static double number(String where, JsonNode node) {
    if (!node.isNumber() || !Double.isFinite(node.doubleValue())) {
      throw wrong(where, "a finite number", node);
    }
    return node.doubleValue();
  }

  static long whole(String where, JsonNode node, long lowest, long highest) {
    double number = node.isNumber() ? node.doubleValue() : Double.NaN;
    if (number != Math.rint(number) || number < lowest || number > highest) {
      throw wrong(where, "a whole number from " + lowest + " to " + highest, node);
    }
    return node.longValue();
  }

  /** The one exception for values of the wrong kind. */
  static RequestException wrong(String where, String wanted, JsonNode found) {
    String text = found == null || found.isMissingNode() ? "absent" : found.toString();
    String shown = text.length() > 60 ? text.substring(0, 57) + "..." : text;
    return new RequestException(Npy.printable(where + " must be " + wanted + ", but is " + shown));
  }

  /** An element of a list and where it is. */
  record Item(String where, JsonNode node) {
    JsonObject object() {
      return of(where, node);
    }
  }
}
