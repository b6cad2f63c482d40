/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.requests;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import org.zennit4j.attribution.Target;

/**
 * Reads where relevance starts: {@code {"classes": [3, 1]}}, {@code {"top": 1}}, {@code
 * {"logit_of_classes": [3, 1]}}, {@code {"logit_of_top": 1}}, {@code {"output": true}}, {@code
 * {"all": true}} (ones) or {@code {"seed": "array"}}.
 */
public final class TargetReader {
  private static final List<String> KEYS =
      List.of("classes", "top", "logit_of_classes", "logit_of_top", "output", "all", "seed");

  private TargetReader() {}

  /**
   * Reads a target.
   *
   * @param json an object, or null for the most likely class of each sample
   * @param arrays knows the seed; its tensor is attached to the caller's innermost PointerScope,
   *     which must stay open as long as the target is used
   * @return the target
   * @throws RequestException if it cannot be understood; the message says where
   */
  public static Target read(JsonNode json, ArraySource arrays) {
    if (json == null || json.isNull()) {
      return Target.top1();
    }
    JsonObject target = JsonObject.of("target", json).allow(KEYS);
    List<String> keys = target.keys();
    if (keys.size() != 1) {
      throw new RequestException(
          "target must have one of the keys "
              + String.join(", ", KEYS)
              + ", but has "
              + (keys.isEmpty() ? "none" : String.join(", ", keys)));
    }
    String key = keys.get(0);
    return switch (key) {
      case "classes" -> Target.classes(classes(target, key));
      case "logit_of_classes" -> Target.logit(classes(target, key));
      case "seed" -> Target.seed(arrays.get(target.string(key)).toTensor());
      case "output", "all" -> {
        if (!target.flag(key)) {
          throw JsonObject.wrong(target.where(key), "true", target.need(key));
        }
        yield key.equals("all") ? Target.all() : Target.output();
      }
      default -> {
        if (JsonObject.number(target.where(key), target.need(key)) != 1) {
          throw JsonObject.wrong(target.where(key), "1", target.need(key));
        }
        yield key.equals("top") ? Target.top1() : Target.logitTop1();
      }
    };
  }

  private static int[] classes(JsonObject target, String key) {
    JsonNode value = target.need(key);
    List<JsonObject.Item> items =
        value.isNumber()
            ? List.of(new JsonObject.Item(target.where(key), value))
            : JsonObject.list(target.where(key), value);
    if (items.isEmpty()) {
      throw JsonObject.wrong(target.where(key), "a list of classes", value);
    }
    return items.stream()
        .mapToInt(i -> (int) JsonObject.whole(i.where(), i.node(), 0, Integer.MAX_VALUE))
        .toArray();
  }
}
