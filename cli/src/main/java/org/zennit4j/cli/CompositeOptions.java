/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.zennit4j.bindings.Zennit4jException;
import org.zennit4j.bindings.internal.NearestNames;
import org.zennit4j.composites.Canonizer;
import org.zennit4j.composites.Composite;
import org.zennit4j.composites.CompositeRegistry;
import org.zennit4j.images.Preprocessing;
import org.zennit4j.requests.ArraySource;
import org.zennit4j.requests.CompositeReader;
import org.zennit4j.requests.CompositeWriter;
import org.zennit4j.requests.Json;
import org.zennit4j.requests.NdArray;
import org.zennit4j.requests.RequestException;
import picocli.CommandLine.Option;

/** Which layer gets which rule. */
final class CompositeOptions {
  /**
   * What a command adds to a composite's name.
   *
   * @param canonizers a list as in {@code --canonizers}
   * @param functional whether functional operators count as layers
   * @param preprocessing gives the bounds of the input; null if they are not known
   */
  record Defaults(String canonizers, boolean functional, Preprocessing preprocessing) {
    static final Defaults NOTHING = new Defaults("none", false, null);

    /** For composites that have a rule for each sum anyway. */
    Defaults withoutSums() {
      String rest = canonizers.replace(",residual_sum", "");
      return new Defaults(rest, functional, preprocessing);
    }
  }

  private static final String LOW = "input.low";
  private static final String HIGH = "input.high";

  @Option(
      names = "--composite",
      paramLabel = "NAME|FILE|JSON",
      description = "Which layer gets which rule: a name of 'zennit4j composites', or JSON.")
  private String composite;

  @Option(
      names = "--composite-arg",
      paramLabel = "KEY=VALUE",
      description = "An argument of the named composite, such as gamma=0.5; may be repeated.")
  private Map<String, String> arguments = new LinkedHashMap<>();

  @Option(
      names = "--canonizers",
      paramLabel = "A,B|none",
      description = "What rewrites the network first, such as merge_batch_norm,residual_sum.")
  private String canonizers;

  /** As if only canonizers had been typed, or nothing. */
  static CompositeOptions ofCanonizers(String list) {
    CompositeOptions options = new CompositeOptions();
    options.canonizers = list;
    return options;
  }

  boolean isGiven() {
    return composite != null;
  }

  /** Complains about options that only a composite uses. */
  void refuse(String because) {
    if (composite != null) {
      throw new UsageException("--composite cannot be used " + because);
    }
    if (!arguments.isEmpty()) {
      throw new UsageException("--composite-arg cannot be used " + because);
    }
    if (canonizers != null) {
      throw new UsageException("--canonizers cannot be used " + because);
    }
  }

  /** The composite that the user chose, or that of a default name; without either no rules. */
  CompositeChoice choose(String defaultName, Defaults defaults) {
    String text = composite == null ? defaultName : composite;
    if (text == null) {
      return empty(defaults);
    }
    if (text.strip().startsWith("{")) {
      return json("composite", text, Path.of(""));
    }
    if (CompositeRegistry.standard().names().contains(text)) {
      return named(text, defaults);
    }
    return file(text);
  }

  private CompositeChoice empty(Defaults defaults) {
    if (!arguments.isEmpty()) {
      throw new UsageException("--composite-arg needs the name of a composite in --composite");
    }
    List<Map<String, Object>> list = canonizers(defaults);
    Map<String, Object> json = new LinkedHashMap<>(Map.of("type", "empty"));
    json.put("canonizers", list);
    return read("gradient", json, ArraySource.none(), Map.of());
  }

  /** A composite by name, or a complaint. */
  CompositeChoice knownByName(String name, Defaults defaults) {
    if (!CompositeRegistry.standard().names().contains(name)) {
      throw unknown(name);
    }
    return named(name, defaults);
  }

  /** A composite by name. */
  CompositeChoice named(String name, Defaults defaults) {
    Map<String, Object> args = new LinkedHashMap<>();
    arguments.forEach((key, value) -> args.put(key, value(value)));
    Map<String, NdArray> arrays = new LinkedHashMap<>();
    CompositeCatalogue.Entry entry = CompositeCatalogue.composites().get(name);
    if (entry != null && entry.arguments().contains("low")) {
      addBound(args, arrays, "low", LOW, defaults);
      addBound(args, arrays, "high", HIGH, defaults);
    }
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("type", "named");
    json.put("name", name);
    if (!args.isEmpty()) {
      json.put("args", args);
    }
    json.put("canonizers", canonizers(isPerOperator(name) ? defaults.withoutSums() : defaults));
    if (defaults.functional()) {
      json.put("functional", true);
    }
    ArraySource files = ArraySource.folder(Path.of(""));
    Map<String, Object> values = new LinkedHashMap<>();
    arrays.forEach((key, array) -> values.put(key, array.toDoubles()));
    return read(
        name, json, key -> arrays.containsKey(key) ? arrays.get(key) : files.get(key), values);
  }

  private static boolean isPerOperator(String name) {
    return name.equals("attn_lrp") || name.equals("cp_lrp");
  }

  private static void addBound(
      Map<String, Object> args,
      Map<String, NdArray> arrays,
      String key,
      String array,
      Defaults defaults) {
    if (args.containsKey(key)) {
      return;
    }
    if (defaults.preprocessing() == null) {
      throw new UsageException(
          "the composite needs the bounds of the input:"
              + " --composite-arg low=NUMBER --composite-arg high=NUMBER (or X.npy)");
    }
    Preprocessing preprocessing = defaults.preprocessing();
    double[] values = key.equals("low") ? preprocessing.low() : preprocessing.high();
    if (Arrays.stream(values).allMatch(v -> v == values[0])) {
      args.put(key, values[0]);
    } else {
      args.put(key, array);
      arrays.put(array, NdArray.ofDoubles(values, 1, values.length, 1, 1));
    }
  }

  private CompositeChoice file(String text) {
    Path file;
    try {
      file = Path.of(text);
    } catch (InvalidPathException e) {
      throw unknown(text);
    }
    if (!Files.exists(file)) {
      if (text.endsWith(".json") || text.contains("/")) {
        throw new UsageException("--composite " + text + ": no such file");
      }
      throw unknown(text);
    }
    try {
      Path folder = file.toAbsolutePath().getParent();
      return json(file.toString(), Files.readString(file), folder);
    } catch (IOException e) {
      throw new UsageException("--composite " + text + " cannot be read: " + Messages.of(e));
    }
  }

  private static UsageException unknown(String name) {
    List<String> names = CompositeRegistry.standard().names();
    return new UsageException(
        "there is no composite '"
            + name
            + "'; the nearest: "
            + NearestNames.list(name, names)
            + " (zennit4j composites lists all)");
  }

  /** A composite as it is written; arrays are files in a folder. */
  private CompositeChoice json(String title, String text, Path folder) {
    if (!arguments.isEmpty()) {
      throw new UsageException("--composite-arg belongs to a composite's name, not to JSON");
    }
    try {
      Composite read = new CompositeReader().withArrays(ArraySource.folder(folder)).read(text);
      if (canonizers == null) {
        return new CompositeChoice(shortName(title), read, Json.parse(text), Map.of());
      }
      List<Canonizer> chosen = CompositeCatalogue.canonizers(canonizers);
      Composite changed = read.withCanonizers(chosen);
      return new CompositeChoice(shortName(title), changed, written(changed, text), Map.of());
    } catch (RequestException e) {
      throw wrong(e);
    }
  }

  /** The readers' messages begin with the place: composite.layer_map and the like. */
  private static UsageException wrong(Zennit4jException e) {
    String message = e.getMessage();
    return new UsageException((message.startsWith("composite") ? "--" : "--composite: ") + message);
  }

  private Object written(Composite changed, String text) {
    try {
      return new CompositeWriter().write(changed);
    } catch (RequestException e) {
      // It names arrays.
      return Map.of("composite", Json.parse(text), "canonizers instead", canonizers);
    }
  }

  private static String shortName(String title) {
    return title.substring(title.lastIndexOf('/') + 1);
  }

  private static CompositeChoice read(
      String title, Map<String, Object> json, ArraySource arrays, Map<String, Object> values) {
    try {
      Composite read = new CompositeReader().withArrays(arrays).read(Json.write(json));
      return new CompositeChoice(title, read, json, values);
    } catch (Zennit4jException e) {
      throw wrong(e);
    }
  }

  private List<Map<String, Object>> canonizers(Defaults defaults) {
    String list = canonizers == null ? defaults.canonizers() : canonizers;
    return names(CompositeCatalogue.canonizers(list));
  }

  private static List<Map<String, Object>> names(List<Canonizer> canonizers) {
    return canonizers.stream().map(c -> Map.<String, Object>of("type", c.name())).toList();
  }

  /** A typed value: a number, truth value, list of those, or else a text. */
  static Object value(String text) {
    if (text.contains(",") && !text.isBlank()) {
      return Arrays.stream(text.split(",", -1)).map(CompositeOptions::value).toList();
    }
    String stripped = text.strip();
    if (stripped.matches("-?\\d{1,18}")) {
      return Long.valueOf(stripped);
    }
    if (stripped.matches("[-+]?(\\d+\\.?\\d*|\\.\\d+)([eE][-+]?\\d+)?")) {
      return Double.valueOf(stripped);
    }
    boolean truth = stripped.equals("true") || stripped.equals("false");
    return truth ? (Object) Boolean.valueOf(stripped) : stripped;
  }
}
