/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.requests;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.zennit4j.analyzers.MethodAnalyzer;
import org.zennit4j.analyzers.MethodOption;
import org.zennit4j.analyzers.MethodOptions;
import org.zennit4j.bindings.Zennit4jException;
import org.zennit4j.model.ScriptModel;

/**
 * Reads SignXAI's methods and their options, for example {@code "method": "lrpz_epsilon_0_1"} with
 * {@code "options": {"low": -1, "high": 1, "start": "one"}}.
 *
 * <p>A text names an array where an option takes a tensor; {@code composite} and {@code canonizers}
 * are read as in composites.
 */
public final class MethodReader {
  /** Options that take a tensor, which JSON names. */
  private static final Set<MethodOption> TENSORS =
      Set.of(
          MethodOption.BASELINE,
          MethodOption.HIGH,
          MethodOption.LOW,
          MethodOption.MU,
          MethodOption.NOISE,
          MethodOption.TARGET);

  /** Texts that name no array. */
  private static final Set<String> WORDS = Set.of("black", "white", "max_activation", "all");

  private MethodReader() {}

  /**
   * Makes the analyzer of a method.
   *
   * @param method its name
   * @param options an object, or null for none
   * @param model what is explained; must stay open as long as the analyzer
   * @param reader reads composites and canonizers
   * @param arrays knows the tensors of options, which are attached to the caller's innermost
   *     PointerScope, and cast to the model's dtype
   * @return the analyzer, to be closed by the caller
   * @throws RequestException if the options cannot be understood; the message says where
   * @throws Zennit4jException if there is no such method, or it does not fit options or model
   */
  public static MethodAnalyzer read(
      String method,
      JsonNode options,
      ScriptModel model,
      CompositeReader reader,
      ArraySource arrays) {
    MethodOptions read =
        options == null || options.isNull()
            ? MethodOptions.none()
            : options(JsonObject.of("options", options), "", model.dtype(), reader, arrays);
    return new MethodAnalyzer(model, method, read);
  }

  /** Reads all keys of an object but one as options; a dtype of null leaves tensors as they are. */
  static MethodOptions options(
      JsonObject json,
      String except,
      ScalarType dtype,
      CompositeReader reader,
      ArraySource arrays) {
    MethodOptions options = MethodOptions.none();
    for (String key : json.keys()) {
      if (key.equals(except)) {
        continue;
      }
      Optional<MethodOption> option = MethodOption.find(key);
      JsonNode value = json.get(key);
      if (value == null) {
        continue;
      }
      Object converted;
      if (option.isEmpty()) {
        converted = value.toString(); // refused below, with the nearest names
      } else if (option.get() == MethodOption.COMPOSITE) {
        converted = reader.read(value);
      } else if (option.get() == MethodOption.CANONIZERS && value.isArray()) {
        converted = canonizers(json.list(key), reader);
      } else if (TENSORS.contains(option.get())
          && value.isTextual()
          && !WORDS.contains(value.textValue())) {
        Tensor tensor = arrays.get(value.textValue()).toTensor();
        converted = dtype == null ? tensor : tensor.to(dtype);
      } else {
        converted = plain(value);
      }
      if (option.isPresent() && options.has(option.get())) {
        throw new RequestException(
            Npy.printable(json.where() + ": '" + key + "' is given twice under two names"));
      }
      options = options.with(key, converted);
    }
    return options;
  }

  private static List<Object> canonizers(List<JsonObject.Item> items, CompositeReader reader) {
    List<Object> result = new ArrayList<>();
    for (JsonObject.Item item : items) {
      result.add(
          item.node().isTextual() ? item.node().textValue() : reader.readCanonizer(item.node()));
    }
    return result;
  }

  private static Object plain(JsonNode value) {
    if (value.isBoolean()) {
      return value.booleanValue();
    }
    if (value.isIntegralNumber() && value.canConvertToLong()) {
      return value.longValue();
    }
    if (value.isNumber()) {
      return value.doubleValue();
    }
    if (value.isArray()) {
      List<Object> items = new ArrayList<>();
      value.forEach(item -> items.add(item.isNull() ? "null" : plain(item)));
      return items;
    }
    return value.isTextual() ? value.textValue() : value.toString();
  }
}
