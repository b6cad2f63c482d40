/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.requests;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import org.zennit4j.attribution.Attributor;
import org.zennit4j.attribution.AttributorSettings;
import org.zennit4j.attribution.Attributors;
import org.zennit4j.attribution.Gradient;
import org.zennit4j.bindings.Zennit4jException;
import org.zennit4j.composites.Plan;
import org.zennit4j.registry.Entry;
import org.zennit4j.registry.Registry;
import org.zennit4j.rules.Rules;

/**
 * Reads attributors, for example {@code {"type": "gradient"}}, {@code {"type": "smooth_grad",
 * "noise_level": 0.1, "n_iter": 20, "seed": 42}}, {@code {"type": "integrated_gradients", "n_iter":
 * 20, "baseline": "array"}} or {@code {"type": "occlusion", "window": 8, "stride": 8, "fill": 0.0,
 * "invert": false}}.
 *
 * <p>{@link Attributors#registry()} has all of them, those of providers included, with their
 * options, which have Zennit's defaults. Those of several passes have {@code batch_size}: how many
 * passes run at once. Models with several inputs take a list of baselines.
 */
public final class AttributorReader {
  private AttributorReader() {}

  /**
   * The names of the attributors.
   *
   * @return such as {@code gradient}
   */
  public static List<String> names() {
    return Attributors.registry().names();
  }

  /**
   * The options of an attributor.
   *
   * @param name one of {@link #names()}
   * @return such as {@code n_iter}; none for other names
   */
  public static List<String> options(String name) {
    return Attributors.registry().find(name).map(Entry::argumentNames).orElse(List.of());
  }

  /**
   * Reads an attributor.
   *
   * @param json an object, or null for the gradient
   * @param plan what the attributor runs; the caller closes it
   * @param arrays knows baselines and noise; their tensors are attached to the caller's innermost
   *     PointerScope, which must stay open as long as the attributor is used
   * @return the attributor, to be closed by the caller
   * @throws RequestException if it cannot be understood, or does not fit the model; the message
   *     says where
   */
  public static Attributor read(JsonNode json, Plan plan, ArraySource arrays) {
    try {
      return readSettings(json, arrays, Attributors.registry()).on(plan);
    } catch (RequestException e) {
      throw e;
    } catch (Zennit4jException e) {
      throw at(e);
    }
  }

  /**
   * Reads an attributor as a value.
   *
   * @param json an object, or null for the gradient
   * @param arrays knows baselines and noise, as above
   * @param registry knows the attributors
   * @return the settings, which make attributors of any plan
   * @throws RequestException if it cannot be understood; the message says where
   */
  public static AttributorSettings readSettings(
      JsonNode json, ArraySource arrays, Registry<AttributorSettings> registry) {
    if (json == null || json.isNull()) {
      return Gradient.settings();
    }
    JsonObject options = JsonObject.of("attributor", json);
    Entry<AttributorSettings> entry = RuleReader.entry(options, "type", registry);
    RuleReader reader =
        new RuleReader(arrays, Rules.registry(), new CompositeReader().withArrays(arrays));
    try {
      return entry.create(reader.values(options, entry.arguments(), "type"));
    } catch (RequestException e) {
      throw e;
    } catch (Zennit4jException e) {
      throw at(e);
    }
  }

  private static RequestException at(Zennit4jException e) {
    return new RequestException(Npy.printable("attributor: " + e.getMessage()), e);
  }
}
