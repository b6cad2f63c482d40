/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.zennit4j.images.ColorOrder;
import org.zennit4j.images.ImageException;
import org.zennit4j.images.Interpolation;
import org.zennit4j.images.Preprocessing;
import org.zennit4j.requests.Json;

/**
 * Preprocessing as JSON, in one of three forms: this project's own ({@code preprocessing}, {@code
 * size}, {@code resize}, {@code crop}, {@code mean}, {@code std}, {@code divisor}, {@code grey},
 * {@code interpolation}), timm's ({@code input_size}, {@code crop_pct}, {@code mean}, {@code std},
 * {@code interpolation}, perhaps within {@code pretrained_cfg}), and the {@code
 * preprocessor_config.json} of transformers ({@code image_mean}, {@code image_std}, {@code
 * do_resize}, {@code size}, {@code do_center_crop}, {@code crop_size}, {@code rescale_factor},
 * {@code resample}).
 */
final class PreprocessingFile {
  /** Pillow's numbers of the two kernels that exist here. */
  private static final Map<Integer, Interpolation> PILLOW =
      Map.of(2, Interpolation.BILINEAR, 3, Interpolation.BICUBIC);

  private final Path file;

  private PreprocessingFile(Path file) {
    this.file = file;
  }

  static Preprocessing read(Path file) {
    return new PreprocessingFile(file).read();
  }

  private Preprocessing read() {
    try {
      JsonNode json = Json.parse(Files.readString(file));
      if (!json.isObject()) {
        throw wrong("is no JSON object");
      }
      if (json.path("pretrained_cfg").isObject()) {
        json = json.get("pretrained_cfg");
      }
      if (json.has("image_mean") || json.has("rescale_factor") || json.has("do_resize")) {
        return ofTransformers(json);
      }
      return json.has("input_size") ? ofTimm(json) : own(json);
    } catch (CharacterCodingException e) {
      throw wrong("is no text in UTF-8");
    } catch (ImageException e) {
      throw wrong(e.getMessage());
    } catch (IOException e) {
      throw wrong("cannot be read");
    }
  }

  private Preprocessing own(JsonNode json) {
    json.fieldNames()
        .forEachRemaining(
            key -> {
              if (!java.util.Set.of(
                      "preprocessing",
                      "size",
                      "resize",
                      "crop",
                      "mean",
                      "std",
                      "divisor",
                      "grey",
                      "interpolation")
                  .contains(key)) {
                throw wrong("has an unknown key '" + key + "'");
              }
            });
    Preprocessing result =
        json.has("preprocessing")
            ? Preprocessing.named(json.get("preprocessing").asText())
            : Preprocessing.UNIT;
    if (json.path("grey").asBoolean()) {
      result = result.withColorOrder(ColorOrder.GREY);
    }
    Interpolation kernel = interpolation(json.path("interpolation"), Interpolation.BILINEAR);
    if (json.has("size")) {
      int[] size = pair(json.get("size"));
      result = result.withSize(size[1], size[0], kernel);
    }
    if (json.has("resize")) {
      result = result.withShorterSide(json.get("resize").asInt(), kernel);
    }
    if (json.has("crop")) {
      int[] crop = pair(json.get("crop"));
      result = result.withCrop(crop[1], crop[0]);
    }
    return result.withNormalization(
        json.path("divisor").asDouble(result.divisor()),
        numbers(json.path("mean"), result.mean()),
        numbers(json.path("std"), result.deviation()));
  }

  private Preprocessing ofTimm(JsonNode json) {
    JsonNode input = json.get("input_size");
    if (!input.isArray() || input.size() != 3) {
      throw wrong("input_size is [channels, height, width]");
    }
    Preprocessing result = Preprocessing.UNIT;
    if (input.get(0).asInt() == 1) {
      result = result.withColorOrder(ColorOrder.GREY);
    }
    int height = input.get(1).asInt();
    int width = input.get(2).asInt();
    Interpolation kernel = interpolation(json.path("interpolation"), Interpolation.BICUBIC);
    double share = json.path("crop_pct").asDouble(0.875);
    String mode = json.path("crop_mode").asText("center");
    if (!mode.equals("center")) {
      throw wrong("has crop_mode '" + mode + "'; only center is known");
    }
    // timm resizes the shorter side to floor(size / crop_pct).
    result =
        result
            .withShorterSide((int) Math.floor(Math.min(height, width) / share), kernel)
            .withCrop(width, height);
    return result.withNormalization(
        255,
        numbers(json.path("mean"), new double[] {0.485, 0.456, 0.406}),
        numbers(json.path("std"), new double[] {0.229, 0.224, 0.225}));
  }

  private Preprocessing ofTransformers(JsonNode json) {
    Preprocessing result = Preprocessing.UNIT;
    Interpolation kernel = interpolation(json.path("resample"), Interpolation.BILINEAR);
    if (json.path("do_resize").asBoolean(true) && json.has("size")) {
      JsonNode size = json.get("size");
      if (size.has("shortest_edge")) {
        result = result.withShorterSide(size.get("shortest_edge").asInt(), kernel);
      } else {
        int[] sides = pair(size);
        result = result.withSize(sides[1], sides[0], kernel);
      }
    }
    if (json.path("do_center_crop").asBoolean(false) && json.has("crop_size")) {
      int[] crop = pair(json.get("crop_size"));
      result = result.withCrop(crop[1], crop[0]);
    }
    boolean scaled = json.path("do_rescale").asBoolean(true);
    double divisor = scaled ? 1 / json.path("rescale_factor").asDouble(1.0 / 255) : 1;
    if (!json.path("do_normalize").asBoolean(true)) {
      return result.withNormalization(divisor, new double[] {0}, new double[] {1});
    }
    return result.withNormalization(
        Math.rint(divisor * 1e9) / 1e9,
        numbers(json.path("image_mean"), new double[] {0.5}),
        numbers(json.path("image_std"), new double[] {0.5}));
  }

  private Interpolation interpolation(JsonNode node, Interpolation otherwise) {
    if (node.isMissingNode() || node.isNull()) {
      return otherwise;
    }
    if (node.isInt()) {
      Interpolation kernel = PILLOW.get(node.asInt());
      if (kernel == null) {
        throw wrong(
            "asks for resampling " + node.asInt() + "; known are 2 (bilinear), 3 (bicubic)");
      }
      return kernel;
    }
    return switch (node.asText()) {
      case "bilinear" -> Interpolation.BILINEAR;
      case "bicubic" -> Interpolation.BICUBIC;
      default ->
          throw wrong("asks for " + node.asText() + " interpolation; known are bilinear, bicubic");
    };
  }

  /** Height and width: a number for both, a list, or an object. */
  private int[] pair(JsonNode node) {
    if (node.isInt()) {
      return new int[] {node.asInt(), node.asInt()};
    }
    if (node.isArray() && node.size() == 2) {
      return new int[] {node.get(0).asInt(), node.get(1).asInt()};
    }
    if (node.has("height") && node.has("width")) {
      return new int[] {node.get("height").asInt(), node.get("width").asInt()};
    }
    throw wrong("a size is a number, [height, width], or {\"height\": ..., \"width\": ...}");
  }

  private double[] numbers(JsonNode node, double[] otherwise) {
    if (node.isMissingNode() || node.isNull()) {
      return otherwise;
    }
    if (node.isNumber()) {
      return new double[] {node.asDouble()};
    }
    double[] values = new double[node.size()];
    for (int i = 0; i < values.length; i++) {
      if (!node.get(i).isNumber()) {
        throw wrong("mean and std are numbers");
      }
      values[i] = node.get(i).asDouble();
    }
    return values;
  }

  private UsageException wrong(String what) {
    return new UsageException(file + ": the preprocessing " + what);
  }
}
