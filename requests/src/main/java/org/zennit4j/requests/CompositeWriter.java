/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.requests;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import org.bytedeco.pytorch.Tensor;
import org.zennit4j.attribution.AttributorSettings;
import org.zennit4j.attribution.Attributors;
import org.zennit4j.composites.Adjusted;
import org.zennit4j.composites.AttnLrp;
import org.zennit4j.composites.Canonizer;
import org.zennit4j.composites.Canonizers;
import org.zennit4j.composites.Composite;
import org.zennit4j.composites.EmptyComposite;
import org.zennit4j.composites.InputLayerMapComposite;
import org.zennit4j.composites.KernelComposite;
import org.zennit4j.composites.LayerMapComposite;
import org.zennit4j.composites.MapEntry;
import org.zennit4j.composites.MixedComposite;
import org.zennit4j.composites.NameLayerMapComposite;
import org.zennit4j.composites.NameMapComposite;
import org.zennit4j.composites.NamedMergeBatchNorm;
import org.zennit4j.composites.SpecialFirstLayerMapComposite;
import org.zennit4j.registry.Registry;
import org.zennit4j.rules.Bound;
import org.zennit4j.rules.Rule;
import org.zennit4j.rules.Rules;
import org.zennit4j.rules.SignThreshold;
import org.zennit4j.rules.SignedStabilizer;
import org.zennit4j.rules.StrictStabilizer;
import org.zennit4j.rules.ZeroParams;

/**
 * Writes composites as JSON that {@link CompositeReader} reads back as equal ones, so that a result
 * can say exactly how it was made.
 *
 * <p>Named composites are written as the maps that they stand for. Rules and canonizers are written
 * where they have an entry in a registry; others, and composites and stabilizers of one's own, are
 * code, not data, and are refused. Immutable and thread-safe.
 */
public final class CompositeWriter {
  private static final JsonNodeFactory JSON = JsonNodeFactory.instance;

  private final Function<Bound, Optional<String>> names;
  private final Registry<Rule> rules;
  private final Registry<Canonizer> canonizers;
  private final Registry<AttributorSettings> attributors;

  /** Knows no names of arrays, and refuses bounds that are tensors. */
  public CompositeWriter() {
    this(bound -> Optional.empty());
  }

  /**
   * Knows names of arrays.
   *
   * @param names the name under which a reader will find the tensor of a bound (or of another
   *     argument, asked for as a bound), empty for none
   */
  public CompositeWriter(Function<Bound, Optional<String>> names) {
    this(names, Rules.registry(), Canonizers.registry(), Attributors.registry());
  }

  private CompositeWriter(
      Function<Bound, Optional<String>> names,
      Registry<Rule> rules,
      Registry<Canonizer> canonizers,
      Registry<AttributorSettings> attributors) {
    this.names = names;
    this.rules = rules;
    this.canonizers = canonizers;
    this.attributors = attributors;
  }

  /**
   * Changes which rules have names.
   *
   * @param value knows the rules
   * @return a new writer
   */
  public CompositeWriter withRules(Registry<Rule> value) {
    return new CompositeWriter(names, value, canonizers, attributors);
  }

  /**
   * Changes which canonizers have names.
   *
   * @param value knows the canonizers
   * @return a new writer
   */
  public CompositeWriter withCanonizers(Registry<Canonizer> value) {
    return new CompositeWriter(names, rules, value, attributors);
  }

  /**
   * Changes which attributors have names.
   *
   * @param value knows the attributors
   * @return a new writer
   */
  public CompositeWriter withAttributors(Registry<AttributorSettings> value) {
    return new CompositeWriter(names, rules, canonizers, value);
  }

  /**
   * Writes a composite.
   *
   * @param composite any of this library's
   * @return an object
   * @throws RequestException if it, or a part of it, is code of one's own
   */
  public ObjectNode write(Composite composite) {
    if (composite instanceof EmptyComposite c) {
      return start("empty", c.canonizers(), false);
    }
    if (composite instanceof LayerMapComposite c) {
      ObjectNode json = start("layer_map", c.canonizers(), c.functional());
      json.set("layer_map", map(c.layerMap()));
      return strict(json, c.strict());
    }
    if (composite instanceof SpecialFirstLayerMapComposite c) {
      ObjectNode json = start("special_first_layer_map", c.canonizers(), c.functional());
      json.set("layer_map", map(c.layerMap()));
      json.set("first_map", map(c.firstMap()));
      return strict(json, c.strict());
    }
    if (composite instanceof NameMapComposite c) {
      ObjectNode json = start("name_map", c.canonizers(), c.functional());
      json.set("name_map", map(c.nameMap()));
      return strict(json, c.strict());
    }
    if (composite instanceof NameLayerMapComposite c) {
      ObjectNode json = start("name_layer_map", c.canonizers(), c.functional());
      json.set("name_map", map(c.nameMap()));
      json.set("layer_map", map(c.layerMap()));
      return strict(json, c.strict());
    }
    if (composite instanceof InputLayerMapComposite c) {
      ObjectNode json = start("input_layer_map", c.canonizers(), c.functional());
      // Functional operators take part unless the JSON says otherwise.
      json.put("functional", c.functional());
      json.set("input_rule", write(c.inputRule()));
      json.set("layer_map", map(c.layerMap()));
      return strict(json, c.strict());
    }
    if (composite instanceof KernelComposite c) {
      return kernel(c);
    }
    if (composite instanceof AttnLrp c) {
      return perOperator(c);
    }
    if (composite instanceof MixedComposite c) {
      ObjectNode json = start("mixed", c.own(), false);
      ArrayNode parts = json.putArray("composites");
      c.composites().forEach(part -> parts.add(write(part)));
      return json;
    }
    if (composite instanceof Adjusted c) {
      return write(plain(c));
    }
    throw code("the composite", composite);
  }

  private ObjectNode perOperator(AttnLrp c) {
    String name = c.constantWeights() ? "cp_lrp" : "attn_lrp";
    ObjectNode json = start("named", c.canonizers(), c.functional());
    json.put("functional", c.functional());
    json.put("name", name);
    ObjectNode args = json.putObject("args");
    put(args, name + ", epsilon", "epsilon", c.stabilizer());
    args.put("gamma", finite(name + ", gamma", c.gamma()));
    if (!c.zeroParams().names().isEmpty()) {
      put(args, name + ", zero_params", RuleReader.ZERO_PARAMS, c.zeroParams());
    }
    if (!c.layerMap().isEmpty()) {
      args.set("layer_map", map(c.layerMap()));
    }
    return json;
  }

  private ObjectNode kernel(KernelComposite c) {
    ObjectNode json = start("kernel", c.canonizers(), c.functional());
    // Functional operators take part unless the JSON says otherwise.
    json.put("functional", c.functional());
    c.input().ifPresent(rule -> json.set("input_rule", write(rule)));
    c.leading().ifPresent(rule -> json.set("leading_rule", write(rule)));
    if (c.leadingCount() != 0) {
      json.put("leading_count", c.leadingCount());
    }
    c.last().ifPresent(rule -> json.set("last_rule", write(rule)));
    json.set("dense_rule", write(c.dense()));
    json.set("convolution_rule", write(c.convolution()));
    json.put("activations_pass", c.activationsPass());
    put(json, "composite of type kernel, stabilizer", RuleReader.STABILIZER, c.stabilizer());
    return json;
  }

  /**
   * Writes a composite as text.
   *
   * @param composite any of this library's
   * @return one line
   * @throws RequestException if it, or a part of it, is code of one's own
   */
  public String toJson(Composite composite) {
    return write(composite).toString();
  }

  /** The same composite without the wrapper. */
  private static Composite plain(Adjusted adjusted) {
    Composite inner = adjusted.composite();
    if (inner instanceof Adjusted nested) {
      // The outer wrapper decides both.
      return plain(new Adjusted(nested.composite(), adjusted.canonizers(), adjusted.functional()));
    }
    if (inner instanceof EmptyComposite) {
      return new EmptyComposite(adjusted.canonizers());
    }
    if (inner instanceof MixedComposite mixed) {
      List<Composite> parts = new ArrayList<>();
      for (Composite part : mixed.composites()) {
        // A part takes functional operators only where the whole does too.
        parts.add(
            part.withCanonizers(List.of())
                .withFunctional(part.functional() && adjusted.functional()));
      }
      return new MixedComposite(parts, adjusted.canonizers());
    }
    Composite result =
        inner.withCanonizers(adjusted.canonizers()).withFunctional(adjusted.functional());
    if (result instanceof Adjusted) {
      throw code("the composite", inner);
    }
    return result;
  }

  private ObjectNode start(String type, List<Canonizer> canonizers, boolean functional) {
    ObjectNode json = JSON.objectNode().put("type", type);
    if (!canonizers.isEmpty()) {
      json.set("canonizers", canonizers(canonizers));
    }
    if (functional) {
      json.put("functional", true);
    }
    return json;
  }

  private static ObjectNode strict(ObjectNode json, boolean strict) {
    return strict ? json.put("strict", true) : json;
  }

  private ArrayNode map(List<MapEntry> entries) {
    ArrayNode json = JSON.arrayNode();
    for (MapEntry entry : entries) {
      ArrayNode pair = json.addArray();
      pair.add(texts(entry.keys()));
      pair.add(write(entry.rule()));
    }
    return json;
  }

  private static ArrayNode texts(List<String> texts) {
    ArrayNode json = JSON.arrayNode();
    texts.forEach(json::add);
    return json;
  }

  /**
   * Writes a rule.
   *
   * @param rule any of this library's
   * @return an object
   * @throws RequestException if the rule or its stabilizer is code of one's own
   */
  public ObjectNode write(Rule rule) {
    if (!rules.makes(rule.name(), rule)) {
      throw code("rule " + rule.name(), rule);
    }
    ObjectNode json = JSON.objectNode().put("rule", rule.name());
    for (Map.Entry<String, Object> argument : rule.arguments().entrySet()) {
      String where = "rule " + rule.name() + ", " + argument.getKey();
      put(json, where, argument.getKey(), argument.getValue());
    }
    return json;
  }

  /**
   * Writes an attributor.
   *
   * @param settings what it is and how it runs
   * @return an object
   * @throws RequestException if the attributor or its baseline is code of one's own
   */
  public ObjectNode write(AttributorSettings settings) {
    String what = "attributor " + settings.name();
    if (!attributors.makes(settings.name(), settings)) {
      throw code(what, settings);
    }
    ObjectNode json = JSON.objectNode().put("type", settings.name());
    settings.arguments().forEach((key, value) -> put(json, what + ", " + key, key, value));
    return json;
  }

  private void put(ObjectNode json, String where, String key, Object value) {
    if (value instanceof Double number) {
      json.put(key, finite(where, number));
    } else if (value instanceof Boolean flag) {
      json.put(key, flag);
    } else if (value instanceof Integer number) {
      json.put(key, number);
    } else if (value instanceof Long number) {
      json.put(key, number);
    } else if (value instanceof SignedStabilizer s) {
      if (!s.clip() && !s.normScale() && s.dim() == null) {
        json.put(key, finite(where, s.epsilon()));
      } else {
        json.set(key, stabilizer(where, s));
      }
    } else if (value instanceof StrictStabilizer) {
      json.put(key, RuleReader.STRICT);
    } else if (value instanceof ZeroParams zero) {
      json.set(key, zero.text() ? JSON.textNode(zero.names().get(0)) : texts(zero.names()));
    } else if (value instanceof Bound bound) {
      if (bound.isNumber()) {
        json.put(key, finite(where, bound.number()));
      } else if (bound.tensor() == null) {
        put(json, where, key, bound.channels());
      } else {
        json.put(key, name(where, bound));
      }
    } else if (value instanceof Tensor tensor) {
      json.put(key, name(where, Bound.of(tensor)));
    } else if (value instanceof String text) {
      json.put(key, text);
    } else if (value instanceof Rule rule) {
      json.set(key, write(rule));
    } else if (value instanceof Composite composite) {
      json.set(key, write(composite));
    } else if (value instanceof SignThreshold mu) {
      put(
          json,
          where,
          key,
          mu.isNumber() ? mu.number() : mu.tensor() == null ? mu.channels() : mu.tensor());
    } else if (value instanceof List<?> items) {
      items.forEach(item -> add(json.withArray("/" + key), where, item));
      json.withArray("/" + key);
    } else {
      throw code(where, value);
    }
  }

  private void add(ArrayNode json, String where, Object item) {
    if (item instanceof String text) {
      json.add(text);
    } else if (item instanceof Double number) {
      json.add(finite(where, number));
    } else if (item instanceof Integer number) {
      json.add(number);
    } else if (item instanceof Tensor tensor) {
      json.add(name(where, Bound.of(tensor)));
    } else if (item instanceof MapEntry entry) {
      json.addArray().add(texts(entry.keys())).add(write(entry.rule()));
    } else if (item instanceof NamedMergeBatchNorm.Pair pair) {
      json.addArray().add(texts(pair.linears())).add(pair.norm());
    } else if (item instanceof Canonizer canonizer) {
      json.addAll(canonizers(List.of(canonizer)));
    } else {
      throw code(where, item);
    }
  }

  private static ObjectNode stabilizer(String where, SignedStabilizer s) {
    ObjectNode json = JSON.objectNode().put("epsilon", finite(where, s.epsilon()));
    if (s.clip()) {
      json.put("clip", true);
    }
    if (s.normScale()) {
      json.put("norm_scale", true);
    }
    if (s.dim() != null) {
      ArrayNode dim = json.putArray("dim");
      s.dim().forEach(dim::add);
    }
    return json;
  }

  private String name(String where, Bound bound) {
    return names
        .apply(bound)
        .orElseThrow(
            () ->
                new RequestException(
                    where + ": a tensor without a name cannot be written as JSON; use a number"));
  }

  private static double finite(String where, double number) {
    if (!Double.isFinite(number)) {
      throw new RequestException(where + ": " + number + " cannot be written as JSON");
    }
    return number;
  }

  /**
   * Writes canonizers.
   *
   * @param canonizers any of this library's
   * @return a list of objects
   * @throws RequestException if one of them is code of one's own
   */
  public ArrayNode canonizers(List<Canonizer> canonizers) {
    ArrayNode json = JSON.arrayNode();
    for (Canonizer canonizer : canonizers) {
      if (!this.canonizers.makes(canonizer.name(), canonizer)) {
        throw code("canonizer " + canonizer.name(), canonizer);
      }
      ObjectNode item = json.addObject().put("type", canonizer.name());
      canonizer
          .arguments()
          .forEach(
              (key, value) -> put(item, "canonizer " + canonizer.name() + ", " + key, key, value));
    }
    return json;
  }

  private static RequestException code(String what, Object object) {
    return new RequestException(
        Npy.printable(
            what
                + " is code of one's own ("
                + object.getClass().getName()
                + ") and cannot be written as JSON"));
  }
}
