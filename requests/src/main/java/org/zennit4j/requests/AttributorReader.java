/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.requests;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.zennit4j.attribution.Attributor;
import org.zennit4j.attribution.Baseline;
import org.zennit4j.attribution.Gradient;
import org.zennit4j.attribution.IntegratedGradients;
import org.zennit4j.attribution.Occlusion;
import org.zennit4j.attribution.SmoothGrad;
import org.zennit4j.bindings.Zennit4jException;
import org.zennit4j.bindings.internal.NearestNames;
import org.zennit4j.composites.Plan;

/**
 * Reads attributors: {@code {"type": "gradient"}}, {@code {"type": "smooth_grad", "noise_level":
 * 0.1, "n_iter": 20, "seed": 42}}, {@code {"type": "integrated_gradients", "n_iter": 20,
 * "baseline": "array"}} or {@code {"type": "occlusion", "window": 8, "stride": 8, "fill": 0.0,
 * "invert": false}}.
 *
 * <p>Options that are absent have Zennit's defaults. All but the gradient have {@code batch_size}
 * too: how many passes run at once. Models with several inputs take a list of baselines.
 */
public final class AttributorReader {
  private static final String N_ITER = "n_iter";
  private static final String BATCH_SIZE = "batch_size";

  private static final Map<String, List<String>> TYPES = new LinkedHashMap<>();

  static {
    TYPES.put("gradient", List.of());
    TYPES.put("smooth_grad", List.of("noise_level", N_ITER, "seed", BATCH_SIZE));
    TYPES.put("integrated_gradients", List.of(N_ITER, "baseline", BATCH_SIZE));
    TYPES.put("occlusion", List.of("window", "stride", "fill", "invert", BATCH_SIZE));
  }

  private AttributorReader() {}

  /**
   * The names of the attributors.
   *
   * @return such as {@code gradient}
   */
  public static List<String> names() {
    return List.copyOf(TYPES.keySet());
  }

  /**
   * The options of an attributor.
   *
   * @param name one of {@link #names()}
   * @return such as {@code n_iter}; none for other names
   */
  public static List<String> options(String name) {
    return TYPES.getOrDefault(name, List.of());
  }

  /**
   * Reads an attributor.
   *
   * @param json an object, or null for the gradient
   * @param plan what the attributor runs; the caller closes it
   * @param arrays knows baselines; their tensors are attached to the caller's innermost
   *     PointerScope, which must stay open as long as the attributor is used
   * @return the attributor, to be closed by the caller
   * @throws RequestException if it cannot be understood; the message says where
   */
  public static Attributor read(JsonNode json, Plan plan, ArraySource arrays) {
    if (json == null || json.isNull()) {
      return new Gradient(plan);
    }
    JsonObject options = JsonObject.of("attributor", json);
    String type = options.string("type");
    if (!TYPES.containsKey(type)) {
      throw new RequestException(
          Npy.printable(
              "attributor: there is no attributor '"
                  + type
                  + "'; the nearest: "
                  + NearestNames.list(type, TYPES.keySet())));
    }
    List<String> keys = new java.util.ArrayList<>(TYPES.get(type));
    keys.add("type");
    options.allow(keys);
    try {
      return switch (type) {
        case "smooth_grad" -> new SmoothGrad(plan, smoothGrad(options));
        case "integrated_gradients" ->
            new IntegratedGradients(plan, integratedGradients(options, arrays));
        case "occlusion" -> new Occlusion(plan, occlusion(options, arrays));
        default -> new Gradient(plan);
      };
    } catch (RequestException e) {
      throw e;
    } catch (Zennit4jException e) {
      throw new RequestException(Npy.printable("attributor: " + e.getMessage()), e);
    }
  }

  private static SmoothGrad.Settings smoothGrad(JsonObject options) {
    SmoothGrad.Settings defaults = SmoothGrad.Settings.defaults();
    SmoothGrad.Settings settings =
        defaults
            .withNoiseLevel(options.number("noise_level", defaults.noiseLevel()))
            .withNIter(options.whole(N_ITER, defaults.nIter(), 1))
            .withBatchSize(options.whole(BATCH_SIZE, defaults.batchSize(), 1));
    if (!options.has("seed")) {
      return settings;
    }
    JsonNode seed = options.get("seed");
    if (!seed.canConvertToLong() || !seed.isIntegralNumber()) {
      throw JsonObject.wrong(options.where("seed"), "a whole number", seed);
    }
    return settings.withSeed(seed.longValue());
  }

  private static IntegratedGradients.Settings integratedGradients(
      JsonObject options, ArraySource arrays) {
    IntegratedGradients.Settings defaults = IntegratedGradients.Settings.defaults();
    return defaults
        .withNIter(options.whole(N_ITER, defaults.nIter(), 1))
        .withBaseline(baseline(options, "baseline", arrays))
        .withBatchSize(options.whole(BATCH_SIZE, defaults.batchSize(), 1));
  }

  private static Occlusion.Settings occlusion(JsonObject options, ArraySource arrays) {
    Occlusion.Settings settings = Occlusion.Settings.defaults();
    if (options.has("window")) {
      settings =
          options.get("window").isArray()
              ? settings.withWindow(sizes(options, "window"))
              : settings.withWindow(options.whole("window", 0, 1));
    }
    if (options.has("stride")) {
      settings =
          options.get("stride").isArray()
              ? settings.withStride(sizes(options, "stride"))
              : settings.withStride(options.whole("stride", 0, 1));
    }
    return settings
        .withFill(baseline(options, "fill", arrays))
        .withInvert(options.flag("invert"))
        .withBatchSize(options.whole(BATCH_SIZE, settings.batchSize(), 1));
  }

  private static List<Integer> sizes(JsonObject options, String key) {
    return options.list(key).stream()
        .map(i -> (int) JsonObject.whole(i.where(), i.node(), 1, Integer.MAX_VALUE))
        .toList();
  }

  /** A number, the name of an array, or a list of names; zeros where the key is absent. */
  private static Baseline baseline(JsonObject options, String key, ArraySource arrays) {
    if (!options.has(key)) {
      return Baseline.zeros();
    }
    JsonNode value = options.get(key);
    if (value.isNumber()) {
      return Baseline.number(options.number(key));
    }
    List<String> names = value.isArray() ? options.strings(key) : List.of(options.string(key));
    return Baseline.tensors(
        names.stream().map(name -> arrays.get(name).toTensor()).toArray(Tensor[]::new));
  }
}
