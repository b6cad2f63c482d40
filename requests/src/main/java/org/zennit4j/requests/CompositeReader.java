/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.requests;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.zennit4j.analyzers.SignXai;
import org.zennit4j.bindings.Zennit4jException;
import org.zennit4j.bindings.internal.NearestNames;
import org.zennit4j.composites.Canonizer;
import org.zennit4j.composites.Canonizers;
import org.zennit4j.composites.Composite;
import org.zennit4j.composites.CompositeRegistry;
import org.zennit4j.composites.EmptyComposite;
import org.zennit4j.composites.InputLayerMapComposite;
import org.zennit4j.composites.KernelComposite;
import org.zennit4j.composites.LayerMapComposite;
import org.zennit4j.composites.MapEntry;
import org.zennit4j.composites.MixedComposite;
import org.zennit4j.composites.NameLayerMapComposite;
import org.zennit4j.composites.NameMapComposite;
import org.zennit4j.composites.NamedMergeBatchNorm;
import org.zennit4j.composites.PresetArguments;
import org.zennit4j.composites.SpecialFirstLayerMapComposite;
import org.zennit4j.registry.Argument;
import org.zennit4j.registry.Entry;
import org.zennit4j.registry.Registry;
import org.zennit4j.registry.Values;
import org.zennit4j.rules.Rule;
import org.zennit4j.rules.Rules;

/**
 * Reads composites, rules and canonizers from JSON, for example
 *
 * <pre>{@code
 * {"type": "named", "name": "epsilon_gamma_box", "args": {"low": -2.1, "high": 2.6},
 *  "canonizers": [{"type": "merge_batch_norm"}, {"type": "residual_sum"}]}
 * }</pre>
 *
 * <p>Unknown keys and unknown names of rules, composites, types and canonizers are errors that name
 * the nearest ones. Immutable and thread-safe. Tensors of bounds are attached to the caller's
 * innermost PointerScope, if there is one, which must stay open as long as the composite is used.
 */
public final class CompositeReader {
  /** The named composite that is one of SignXAI's methods. */
  private static final String SIGNXAI = "signxai";

  /** Types and the keys that they have beside type, canonizers and functional. */
  private static final Map<String, List<String>> TYPES = new LinkedHashMap<>();

  static {
    TYPES.put("named", List.of("name", "args"));
    TYPES.put("layer_map", List.of("layer_map", "strict"));
    TYPES.put("special_first_layer_map", List.of("layer_map", "first_map", "strict"));
    TYPES.put("name_map", List.of("name_map", "strict"));
    TYPES.put("name_layer_map", List.of("name_map", "layer_map", "strict"));
    TYPES.put("input_layer_map", List.of("input_rule", "layer_map", "strict"));
    TYPES.put(
        "kernel",
        List.of(
            "input_rule",
            "leading_rule",
            "leading_count",
            "last_rule",
            "dense_rule",
            "convolution_rule",
            "activations_pass",
            "stabilizer"));
    TYPES.put("mixed", List.of("composites"));
    TYPES.put("empty", List.of());
  }

  private final CompositeRegistry registry;
  private final Registry<Rule> ruleRegistry;
  private final Registry<Canonizer> canonizerRegistry;
  private final ArraySource arrays;
  private final RuleReader rules;

  private CompositeReader(
      CompositeRegistry registry,
      Registry<Rule> ruleRegistry,
      Registry<Canonizer> canonizerRegistry,
      ArraySource arrays) {
    this.registry = registry;
    this.ruleRegistry = ruleRegistry;
    this.canonizerRegistry = canonizerRegistry;
    this.arrays = arrays;
    this.rules = new RuleReader(arrays, ruleRegistry, this);
  }

  /**
   * Knows the named composites, rules and canonizers of this library and of the providers that are
   * found, and no arrays.
   */
  public CompositeReader() {
    this(CompositeRegistry.standard(), Rules.registry(), Canonizers.registry(), ArraySource.none());
  }

  private static List<String> join(List<String> a, List<String> b) {
    List<String> all = new ArrayList<>(a);
    all.addAll(b);
    return List.copyOf(all);
  }

  /**
   * Changes which named composites there are.
   *
   * @param value knows the composites of type {@code named}
   * @return a new reader
   */
  public CompositeReader withRegistry(CompositeRegistry value) {
    return new CompositeReader(value, ruleRegistry, canonizerRegistry, arrays);
  }

  /**
   * Changes where arrays come from.
   *
   * @param value knows the arrays that are named as bounds
   * @return a new reader
   */
  public CompositeReader withArrays(ArraySource value) {
    return new CompositeReader(registry, ruleRegistry, canonizerRegistry, value);
  }

  /**
   * Changes which rules there are.
   *
   * @param value knows the rules
   * @return a new reader
   */
  public CompositeReader withRules(Registry<Rule> value) {
    return new CompositeReader(registry, value, canonizerRegistry, arrays);
  }

  /**
   * Changes which canonizers there are.
   *
   * @param value knows the canonizers
   * @return a new reader
   */
  public CompositeReader withCanonizers(Registry<Canonizer> value) {
    return new CompositeReader(registry, ruleRegistry, value, arrays);
  }

  /**
   * Reads a composite.
   *
   * @param json an object as text
   * @return the composite
   * @throws RequestException if it cannot be understood; the message says where
   */
  public Composite read(String json) {
    return read(JsonObject.parse("composite", json));
  }

  /**
   * Reads a composite from a file. Bounds may be npy files, relative to that file, if this reader
   * does not know arrays of its own.
   *
   * @param file a JSON file
   * @return the composite
   * @throws RequestException if it cannot be read or understood; the message says where
   */
  public Composite read(Path file) {
    JsonNode node = JsonObject.parse(file);
    Path folder = file.toAbsolutePath().getParent();
    return withArrays(ArraySource.folder(folder)).read(node);
  }

  /**
   * Reads a composite.
   *
   * @param json an object
   * @return the composite
   * @throws RequestException if it cannot be understood; the message says where
   */
  public Composite read(JsonNode json) {
    return composite(JsonObject.of("composite", json), false);
  }

  /**
   * Reads a rule.
   *
   * @param json an object such as {@code {"rule": "epsilon", "epsilon": 0.1}}
   * @return the rule
   * @throws RequestException if it cannot be understood; the message says where
   */
  public Rule readRule(JsonNode json) {
    return rule("rule", json);
  }

  /**
   * Reads a canonizer.
   *
   * @param json an object such as {@code {"type": "merge_batch_norm"}}
   * @return the canonizer
   * @throws RequestException if it cannot be understood; the message says where
   */
  public Canonizer readCanonizer(JsonNode json) {
    return canonizer(JsonObject.of("canonizer", json));
  }

  /**
   * The names of the rules that can be read.
   *
   * @return such as {@code epsilon}
   */
  public static List<String> ruleNames() {
    return Rules.registry().names();
  }

  Composite composite(JsonObject json, boolean outer) {
    String type = json.string("type");
    if (!TYPES.containsKey(type)) {
      throw unknown(json, "composite of type", type, TYPES.keySet());
    }
    json.allow(join(List.of("type", "canonizers", "functional"), TYPES.get(type)));
    List<Canonizer> canonizers = canonizers(json, "canonizers");
    boolean functional = json.has("functional") ? json.flag("functional") : outer;
    boolean strict = json.flag("strict");
    return switch (type) {
      case "named" -> named(json, canonizers, functional);
      case "layer_map" ->
          new LayerMapComposite(map(json, "layer_map"), canonizers, functional, strict);
      case "special_first_layer_map" ->
          new SpecialFirstLayerMapComposite(
              map(json, "layer_map"), map(json, "first_map"), canonizers, functional, strict);
      case "name_map" ->
          new NameMapComposite(map(json, "name_map"), canonizers, functional, strict);
      case "name_layer_map" ->
          new NameLayerMapComposite(
              map(json, "name_map"), map(json, "layer_map"), canonizers, functional, strict);
      case "input_layer_map" ->
          new InputLayerMapComposite(
              rule(json.where("input_rule"), json.need("input_rule")),
              map(json, "layer_map"),
              canonizers,
              !json.has("functional") || functional,
              strict);
      case "kernel" -> kernel(json, canonizers, !json.has("functional") || functional);
      case "mixed" -> {
        json.need("composites");
        yield new MixedComposite(
            json.list("composites").stream().map(i -> composite(i.object(), functional)).toList(),
            canonizers);
      }
      default -> new EmptyComposite(canonizers);
    };
  }

  private Composite kernel(JsonObject json, List<Canonizer> canonizers, boolean functional) {
    return new KernelComposite(
        ruleIfAny(json, "input_rule"),
        ruleIfAny(json, "leading_rule"),
        json.whole("leading_count", 0, 0),
        ruleIfAny(json, "last_rule"),
        rule(json.where("dense_rule"), json.need("dense_rule")),
        rule(json.where("convolution_rule"), json.need("convolution_rule")),
        !json.has("activations_pass") || json.flag("activations_pass"),
        rules.stabilizer(json, RuleReader.STABILIZER),
        canonizers,
        functional);
  }

  private Optional<Rule> ruleIfAny(JsonObject json, String key) {
    return json.has(key) ? Optional.of(rule(json.where(key), json.get(key))) : Optional.empty();
  }

  private Composite named(JsonObject json, List<Canonizer> canonizers, boolean functional) {
    String name = json.string("name");
    if (name.equals(SIGNXAI) && !registry.names().contains(name)) {
      JsonObject args = json.object("args");
      Composite composite =
          SignXai.composite(
              args.string("method"), MethodReader.options(args, "method", null, this, arrays));
      return json.has("canonizers") ? composite.withCanonizers(canonizers) : composite;
    }
    if (!registry.names().contains(name)) {
      throw unknown(json, "composite", name, registry.names());
    }
    Entry<Composite> entry = registry.find(name).orElseThrow();
    Map<String, Object> given =
        json.has("args") ? rules.values(json.object("args"), entry.arguments()) : Map.of();
    Composite composite;
    try {
      composite = registry.create(name, given);
    } catch (Zennit4jException e) {
      throw at(json.where(), e);
    }
    if (json.has("canonizers")) {
      composite = composite.withCanonizers(canonizers);
    }
    boolean said = functional || json.has("functional");
    return said && functional != composite.functional()
        ? composite.withFunctional(functional)
        : composite;
  }

  /**
   * Reads the arguments of a named composite.
   *
   * @param json an object such as {@code {"low": -2.1, "high": 2.6}}
   * @return the arguments; Zennit's defaults for those that are absent
   * @throws RequestException if it cannot be understood; the message says where
   */
  public PresetArguments readArguments(JsonNode json) {
    List<Argument> known = PresetArguments.ARGUMENTS;
    return PresetArguments.of(Values.of(known, rules.values(JsonObject.of("args", json), known)));
  }

  List<MapEntry> map(JsonObject json, String key) {
    json.need(key);
    List<MapEntry> entries = new ArrayList<>();
    for (JsonObject.Item item : json.list(key)) {
      List<JsonObject.Item> pair = JsonObject.list(item.where(), item.node());
      if (pair.size() != 2) {
        throw JsonObject.wrong(item.where(), "a pair of a list and a rule", item.node());
      }
      entries.add(new MapEntry(texts(pair.get(0)), rule(pair.get(1).where(), pair.get(1).node())));
    }
    return entries;
  }

  private static List<String> texts(JsonObject.Item item) {
    return JsonObject.list(item.where(), item.node()).stream()
        .map(i -> JsonObject.text(i.where(), i.node()))
        .toList();
  }

  Rule rule(String where, JsonNode node) {
    try {
      return rules.rule(JsonObject.of(where, node));
    } catch (RequestException e) {
      throw e;
    } catch (Zennit4jException e) {
      throw at(where, e);
    }
  }

  List<Canonizer> canonizers(JsonObject json, String key) {
    return json.list(key).stream().map(i -> canonizer(i.object())).toList();
  }

  private Canonizer canonizer(JsonObject json) {
    Entry<Canonizer> entry = RuleReader.entry(json, "type", canonizerRegistry);
    Map<String, Object> values = rules.values(json, entry.arguments(), "type");
    try {
      return entry.create(values);
    } catch (Zennit4jException e) {
      throw at(json.where(), e);
    }
  }

  /**
   * The names of the canonizers that can be read.
   *
   * @return such as {@code merge_batch_norm}
   */
  public static List<String> canonizerNames() {
    return Canonizers.registry().names();
  }

  static NamedMergeBatchNorm.Pair pair(JsonObject.Item item) {
    List<JsonObject.Item> pair = JsonObject.list(item.where(), item.node());
    if (pair.size() != 2) {
      throw JsonObject.wrong(item.where(), "a pair of a list and a name", item.node());
    }
    return new NamedMergeBatchNorm.Pair(
        texts(pair.get(0)), JsonObject.text(pair.get(1).where(), pair.get(1).node()));
  }

  private static RequestException unknown(
      JsonObject json, String what, String name, java.util.Collection<String> known) {
    return new RequestException(
        Npy.printable(
            json.where()
                + ": there is no "
                + what
                + " '"
                + name
                + "'; the nearest: "
                + NearestNames.list(name, known)));
  }

  private static RequestException at(String where, Zennit4jException e) {
    return new RequestException(Npy.printable(where + ": " + e.getMessage()), e);
  }
}
