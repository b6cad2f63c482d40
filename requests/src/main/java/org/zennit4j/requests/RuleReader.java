/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.requests;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.zennit4j.attribution.Baseline;
import org.zennit4j.bindings.Zennit4jException;
import org.zennit4j.registry.Argument;
import org.zennit4j.registry.Entry;
import org.zennit4j.registry.Registry;
import org.zennit4j.rules.Bound;
import org.zennit4j.rules.Rule;
import org.zennit4j.rules.SignThreshold;
import org.zennit4j.rules.SignedStabilizer;
import org.zennit4j.rules.Stabilizer;
import org.zennit4j.rules.StrictStabilizer;
import org.zennit4j.rules.ZeroParams;

/** Reads rules and their arguments. */
final class RuleReader {
  static final String STABILIZER = "stabilizer";
  static final String ZERO_PARAMS = "zero_params";
  static final String STRICT = "strict";
  private static final String EPSILON = "epsilon";

  private final ArraySource arrays;
  private final Registry<Rule> registry;
  private final CompositeReader parts;

  /**
   * Makes a reader.
   *
   * @param arrays knows the arrays that are named
   * @param registry knows the rules
   * @param parts reads arguments that are rules, composites, canonizers or maps themselves
   */
  RuleReader(ArraySource arrays, Registry<Rule> registry, CompositeReader parts) {
    this.arrays = arrays;
    this.registry = registry;
    this.parts = parts;
  }

  Rule rule(JsonObject json) {
    Entry<Rule> entry = entry(json, "rule", registry);
    return entry.create(values(json, entry.arguments(), "rule"));
  }

  /** The entry that a key names. */
  static <T> Entry<T> entry(JsonObject json, String key, Registry<T> registry) {
    String name = json.string(key);
    try {
      return registry.get(name);
    } catch (Zennit4jException e) {
      throw new RequestException(Npy.printable(json.where() + ": " + e.getMessage()), e);
    }
  }

  /** The arguments that are there; other keys but those given are refused. */
  Map<String, Object> values(JsonObject json, List<Argument> arguments, String... others) {
    List<String> keys = new ArrayList<>(List.of(others));
    arguments.forEach(argument -> keys.add(argument.name()));
    json.allow(keys);
    Map<String, Object> values = new LinkedHashMap<>();
    for (Argument argument : arguments) {
      if (argument.needed()) {
        json.need(argument.name());
      }
      if (json.has(argument.name())) {
        values.put(argument.name(), value(json, argument.name(), argument.kind()));
      }
    }
    return values;
  }

  private Object value(JsonObject json, String key, Argument.Kind kind) {
    return switch (kind) {
      case NUMBER -> json.number(key);
      case INTEGER -> json.whole(key, 0, 0);
      case COUNT -> json.whole(key, 1, 1);
      case COUNTS -> counts(json, key);
      case SEED -> seed(json, key);
      case FLAG -> json.flag(key);
      case TEXT -> json.string(key);
      case NUMBER_OR_TEXT -> json.get(key).isNumber() ? json.number(key) : json.string(key);
      case NAMES -> json.strings(key);
      case STABILIZER -> stabilizer(json, key);
      case ZERO_PARAMS -> zeroParams(json, key);
      case BOUND -> bound(json, key);
      case THRESHOLD -> threshold(json, key);
      case BASELINE ->
          json.get(key).isNumber()
              ? Baseline.number(json.number(key))
              : Baseline.tensors(tensors(json, key).toArray(Tensor[]::new));
      case ARRAYS -> tensors(json, key);
      case RULE -> parts.rule(json.where(key), json.get(key));
      case COMPOSITE -> parts.composite(json.object(key), false);
      case CANONIZERS -> parts.canonizers(json, key);
      case LAYER_MAP -> parts.map(json, key);
      case NAME_PAIRS -> json.list(key).stream().map(CompositeReader::pair).toList();
    };
  }

  private static Object counts(JsonObject json, String key) {
    return json.get(key).isArray()
        ? json.list(key).stream()
            .map(i -> (int) JsonObject.whole(i.where(), i.node(), 1, Integer.MAX_VALUE))
            .toList()
        : (Object) json.whole(key, 1, 1);
  }

  private static long seed(JsonObject json, String key) {
    JsonNode seed = json.get(key);
    if (!seed.canConvertToLong() || !seed.isIntegralNumber()) {
      throw JsonObject.wrong(json.where(key), "a whole number", seed);
    }
    return seed.longValue();
  }

  /** The tensors of a name or a list of names. */
  private List<Tensor> tensors(JsonObject json, String key) {
    List<String> names = json.get(key).isArray() ? json.strings(key) : List.of(json.string(key));
    return names.stream().map(name -> arrays.get(name).toTensor()).toList();
  }

  Stabilizer stabilizer(JsonObject json, String key) {
    if (!json.has(key)) {
      return Stabilizer.standard();
    }
    JsonNode value = json.get(key);
    if (value.isTextual()) {
      if (!value.textValue().equals(STRICT)) {
        throw JsonObject.wrong(json.where(key), "a number, an object or \"strict\"", value);
      }
      return new StrictStabilizer();
    }
    if (!value.isObject()) {
      return Stabilizer.of(JsonObject.number(json.where(key), value));
    }
    JsonObject parts = json.object(key).allow(EPSILON, "clip", "norm_scale", "dim");
    return new SignedStabilizer(
        parts.number(EPSILON, Stabilizer.DEFAULT_EPSILON),
        parts.flag("clip"),
        parts.flag("norm_scale"),
        dimensions(parts));
  }

  private static List<Long> dimensions(JsonObject json) {
    if (!json.has("dim")) {
      return null;
    }
    JsonNode value = json.get("dim");
    List<JsonObject.Item> items =
        value.isNumber()
            ? List.of(new JsonObject.Item(json.where("dim"), value))
            : json.list("dim");
    int limit = NdArray.MAX_DIMENSIONS;
    return items.stream()
        .map(i -> JsonObject.whole(i.where(), i.node(), -limit, limit - 1))
        .toList();
  }

  private static ZeroParams zeroParams(JsonObject json, String key) {
    return json.get(key).isTextual()
        ? ZeroParams.in(json.string(key))
        : ZeroParams.of(json.strings(key).toArray(String[]::new));
  }

  private Bound bound(JsonObject json, String key) {
    if (json.need(key).isArray()) {
      return Bound.of(json.numbers(key));
    }
    return json.get(key).isTextual()
        ? Bound.of(tensor(json, key))
        : Bound.of(numberOrName(json, key));
  }

  private SignThreshold threshold(JsonObject json, String key) {
    if (json.get(key).isArray()) {
      return SignThreshold.of(json.numbers(key));
    }
    return json.get(key).isTextual()
        ? SignThreshold.of(tensor(json, key))
        : SignThreshold.of(numberOrName(json, key));
  }

  private Tensor tensor(JsonObject json, String key) {
    try {
      return arrays.get(json.string(key)).toTensor();
    } catch (RequestException e) {
      throw new RequestException(json.where(key) + ": " + e.getMessage(), e);
    }
  }

  private static double numberOrName(JsonObject json, String key) {
    if (!json.get(key).isNumber()) {
      throw JsonObject.wrong(json.where(key), "a number or the name of an array", json.get(key));
    }
    return json.number(key);
  }
}
