/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.spark;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.spark.broadcast.Broadcast;
import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.Tensor;
import org.zennit4j.analyzers.MethodAnalyzer;
import org.zennit4j.analyzers.MethodName;
import org.zennit4j.attribution.Attribution;
import org.zennit4j.attribution.AttributionOptions;
import org.zennit4j.attribution.Gradient;
import org.zennit4j.attribution.Target;
import org.zennit4j.bindings.LoadOptions;
import org.zennit4j.composites.Composite;
import org.zennit4j.composites.CompositeRegistry;
import org.zennit4j.composites.Plan;
import org.zennit4j.composites.Recommendation;
import org.zennit4j.graph.Ending;
import org.zennit4j.images.Preprocessing;
import org.zennit4j.model.ScriptModel;
import org.zennit4j.requests.ArraySource;
import org.zennit4j.requests.CompositeReader;
import org.zennit4j.requests.Json;
import org.zennit4j.requests.MethodReader;
import org.zennit4j.requests.NdArray;
import org.zennit4j.requests.RequestException;

/** A model with its plan or method, which all tasks of an executor use at once. */
final class Network implements AutoCloseable {
  private final ScriptModel model;
  private final Plan plan;
  private final MethodAnalyzer analyzer;

  private Network(ScriptModel model, Plan plan, MethodAnalyzer analyzer) {
    this.model = model;
    this.plan = plan;
    this.analyzer = analyzer;
  }

  /**
   * Loads a network.
   *
   * @param shipped the model's file; null where each executor has it
   */
  static Network load(Recipe recipe, Broadcast<byte[]> shipped) {
    ScriptModel loaded = model(recipe, shipped);
    if (!recipe.keepEnding() && Ending.of(loaded.program()) != Ending.OTHER) {
      try (ScriptModel whole = loaded) {
        loaded = whole.withoutEnding();
      }
    }
    try {
      return recipe.method() == null
          ? new Network(loaded, Plan.of(loaded, composite(recipe, loaded)), null)
          : new Network(loaded, null, method(recipe, loaded));
    } catch (RuntimeException e) {
      loaded.close();
      throw e;
    }
  }

  private static ScriptModel model(Recipe recipe, Broadcast<byte[]> shipped) {
    if (shipped != null) {
      InputStream file = new ByteArrayInputStream(shipped.value());
      return ScriptModel.load(file, LoadOptions.defaults());
    }
    Path file = Path.of(recipe.model());
    if (!Files.isReadable(file)) {
      throw new RequestException(
          "the model "
              + file
              + " cannot be read on this executor: put it where all see it, or use"
              + " SparkExplainer.shipping");
    }
    return ScriptModel.load(file);
  }

  /** Explains a batch of float32 values on the network's device, in its dtype. */
  Attribution explain(Tensor batch, Target target) {
    Tensor input =
        batch.to(new Device(model.device()), model.inputDtype(0, batch.scalar_type().intern()));
    AttributionOptions options = AttributionOptions.defaults();
    return analyzer == null
        ? new Gradient(plan).attribute(List.of(input), target, options)
        : analyzer.attribute(input, target, options);
  }

  /** Complains about a name that no composite has. */
  static void checkName(String composite) {
    CompositeRegistry registry = CompositeRegistry.standard();
    if (registry.find(composite).isEmpty()) {
      throw new RequestException(
          "there is no composite '"
              + composite
              + "'; there are "
              + String.join(", ", registry.names()));
    }
  }

  /** A name gets the canonizers and bounds that the commands give it. */
  private static Composite composite(Recipe recipe, ScriptModel model) {
    String chosen =
        recipe.composite() == null
            ? Recommendation.of(model.program()).composite()
            : recipe.composite();
    if (chosen.strip().startsWith("{")) {
      return new CompositeReader().read(chosen);
    }
    Map<String, NdArray> bounds = new LinkedHashMap<>();
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("type", "named");
    json.put("name", chosen);
    boolean bounded =
        CompositeRegistry.standard().find(chosen).stream()
            .flatMap(entry -> entry.arguments().stream())
            .anyMatch(argument -> argument.name().equals("low"));
    if (bounded) {
      Preprocessing preprocessing = recipe.preprocessing();
      bounds.put("low", bound(preprocessing.low()));
      bounds.put("high", bound(preprocessing.high()));
      json.put("args", Map.of("low", "low", "high", "high"));
    }
    boolean sums = !chosen.equals("attn_lrp") && !chosen.equals("cp_lrp");
    json.put(
        "canonizers",
        Stream.of("merge_batch_norm", "residual_sum")
            .filter(name -> sums || !name.equals("residual_sum"))
            .map(name -> Map.of("type", name))
            .toList());
    json.put("functional", true);
    return new CompositeReader().withArrays(bounds::get).read(Json.write(json));
  }

  private static NdArray bound(double[] values) {
    return NdArray.ofDoubles(values, 1, values.length, 1, 1);
  }

  private static MethodAnalyzer method(Recipe recipe, ScriptModel model) {
    JsonNode options = Json.parse(recipe.options());
    MethodName name = MethodName.parse(recipe.method());
    boolean bounded = options.has("low") || options.has("high") || name.suffixLow().isPresent();
    if (name.needsBounds() && !bounded) {
      put((ObjectNode) options, "low", recipe.preprocessing().low());
      put((ObjectNode) options, "high", recipe.preprocessing().high());
    }
    return MethodReader.read(
        recipe.method(), options, model, new CompositeReader(), ArraySource.none());
  }

  private static void put(ObjectNode options, String key, double[] values) {
    if (Arrays.stream(values).allMatch(v -> v == values[0])) {
      options.put(key, values[0]);
    } else {
      var list = options.putArray(key);
      Arrays.stream(values).forEach(list::add);
    }
  }

  @Override
  public void close() {
    if (plan != null) {
      plan.close();
    }
    if (analyzer != null) {
      analyzer.close();
    }
    model.close();
  }
}
