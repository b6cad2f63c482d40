/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.requests;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import org.zennit4j.attribution.DetectionBoxes;
import org.zennit4j.attribution.Target;

/**
 * Reads where relevance starts: {@code {"classes": [3, 1]}}, {@code {"top": 1}}, {@code
 * {"logit_of_classes": [3, 1]}}, {@code {"logit_of_top": 1}}, {@code {"output": true}}, {@code
 * {"all": true}} (ones), {@code {"seed": "array"}}; {@code {"contrast": [3, 5]}}, one class against
 * another ({@code [3]} against the most likely other one, {@code []} the first two); {@code
 * {"log_ratio": [3]}}, against all others; {@code {"region": {"class": 3, "mask": "array"}}} of a
 * segmentation, without a mask where the class is the most likely one; {@code {"boxes": {"value":
 * 7, "box": 12}}} or {@code {"boxes": {"value": 7, "near": [left, top, right, bottom], "overlap":
 * 0.5, "centred": true, "values_first": true}}} of a detector. The last four start with the
 * output's values instead of ones where {@code "logit": true} stands beside them.
 */
public final class TargetReader {
  private static final List<String> KEYS =
      List.of(
          "classes",
          "top",
          "logit_of_classes",
          "logit_of_top",
          "output",
          "all",
          "seed",
          "contrast",
          "log_ratio",
          "region",
          "boxes");
  private static final List<String> NAMED = KEYS.subList(7, 11);
  private static final String LOGIT = "logit";

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
    List<String> allowed = new ArrayList<>(KEYS);
    allowed.add(LOGIT);
    JsonObject target = JsonObject.of("target", json).allow(allowed);
    List<String> keys = new ArrayList<>(target.keys());
    boolean atLogit = keys.remove(LOGIT) && target.flag(LOGIT);
    if (keys.size() != 1) {
      throw new RequestException(
          "target must have one of the keys "
              + String.join(", ", KEYS)
              + ", but has "
              + (keys.isEmpty() ? "none" : String.join(", ", keys)));
    }
    String key = keys.get(0);
    if (NAMED.contains(key)) {
      Target named = named(key, target, arrays);
      return atLogit ? named.atLogit() : named;
    }
    if (target.keys().contains(LOGIT)) {
      throw new RequestException(
          "target.logit belongs to " + String.join(", ", NAMED) + "; use logit_of_classes");
    }
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

  private static Target named(String key, JsonObject target, ArraySource arrays) {
    return switch (key) {
      case "contrast" -> {
        int[] both = numbers(target, key);
        if (both.length > 2) {
          throw JsonObject.wrong(target.where(key), "two classes at most", target.need(key));
        }
        yield Target.contrast(
            both.length > 0 ? new int[] {both[0]} : new int[0],
            both.length > 1 ? new int[] {both[1]} : new int[0]);
      }
      case "log_ratio" -> Target.logRatio(numbers(target, key));
      case "region" -> {
        JsonObject region = target.object(key).allow(List.of("class", "mask"));
        yield Target.region(
            region.whole("class", 0, 0),
            region.has("mask") ? arrays.get(region.string("mask")).toTensor() : null);
      }
      default -> {
        JsonObject boxes =
            target
                .object(key)
                .allow(List.of("value", "box", "near", "overlap", "centred", "values_first"));
        List<Double> near =
            boxes.has("near")
                ? JsonObject.list(boxes.where("near"), boxes.need("near")).stream()
                    .map(i -> JsonObject.number(i.where(), i.node()))
                    .toList()
                : List.of();
        yield Target.boxes(
            new DetectionBoxes(
                boxes.whole("value", 0, 0),
                boxes.whole("box", -1, 0),
                near,
                boxes.number("overlap", 0.5),
                boxes.has("centred") && boxes.flag("centred"),
                boxes.has("values_first") && boxes.flag("values_first")));
      }
    };
  }

  private static int[] numbers(JsonObject target, String key) {
    JsonNode value = target.need(key);
    return value.isArray() && value.isEmpty() ? new int[0] : classes(target, key);
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
