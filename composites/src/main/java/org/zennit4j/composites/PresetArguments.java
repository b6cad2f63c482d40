/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.composites;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.zennit4j.registry.Argument;
import org.zennit4j.registry.Argument.Kind;
import org.zennit4j.registry.Values;
import org.zennit4j.rules.Bound;
import org.zennit4j.rules.Stabilizer;
import org.zennit4j.rules.ZeroParams;

/**
 * Arguments of Zennit's named composites; each of them uses those that its name needs.
 *
 * @param epsilon stabilizer of Epsilon; default 1e-6
 * @param stabilizer of all other rules; default 1e-6
 * @param gamma default 0.25
 * @param betaSmooth default 10
 * @param low lower bound of ZBox, or null
 * @param high upper bound of ZBox, or null
 * @param zeroParams parameters that count as zero, or null for the composite's own default
 * @param layerMap entries in front of the composite's own
 * @param firstMap entries in front of the composite's own, for the first layer
 */
public record PresetArguments(
    Stabilizer epsilon,
    Stabilizer stabilizer,
    double gamma,
    double betaSmooth,
    Bound low,
    Bound high,
    ZeroParams zeroParams,
    List<MapEntry> layerMap,
    List<MapEntry> firstMap) {
  /** All arguments with Zennit's defaults. */
  public static final List<Argument> ARGUMENTS =
      List.of(
          Argument.of("low", Kind.BOUND, null),
          Argument.of("high", Kind.BOUND, null),
          Argument.of("gamma", Kind.NUMBER, 0.25),
          Argument.of("beta_smooth", Kind.NUMBER, 10.0),
          Argument.of("epsilon", Kind.STABILIZER, Stabilizer.standard()),
          Argument.of("stabilizer", Kind.STABILIZER, Stabilizer.standard()),
          Argument.of("zero_params", Kind.ZERO_PARAMS, null),
          Argument.of("layer_map", Kind.LAYER_MAP, List.of()),
          Argument.of("first_map", Kind.LAYER_MAP, List.of()));

  /**
   * Copies the lists.
   *
   * @param epsilon {@link #epsilon()}
   * @param stabilizer {@link #stabilizer()}
   * @param gamma {@link #gamma()}
   * @param betaSmooth {@link #betaSmooth()}
   * @param low {@link #low()}
   * @param high {@link #high()}
   * @param zeroParams {@link #zeroParams()}
   * @param layerMap {@link #layerMap()}
   * @param firstMap {@link #firstMap()}
   */
  public PresetArguments {
    layerMap = List.copyOf(layerMap);
    firstMap = List.copyOf(firstMap);
  }

  /**
   * Zennit's defaults.
   *
   * @return the defaults
   */
  public static PresetArguments defaults() {
    return new PresetArguments(
        Stabilizer.standard(),
        Stabilizer.standard(),
        0.25,
        10,
        null,
        null,
        null,
        List.of(),
        List.of());
  }

  /**
   * Changes {@link #epsilon()}.
   *
   * @param value the new value
   * @return a copy
   */
  public PresetArguments withEpsilon(Stabilizer value) {
    return new PresetArguments(
        value, stabilizer, gamma, betaSmooth, low, high, zeroParams, layerMap, firstMap);
  }

  /**
   * Changes {@link #stabilizer()}.
   *
   * @param value the new value
   * @return a copy
   */
  public PresetArguments withStabilizer(Stabilizer value) {
    return new PresetArguments(
        epsilon, value, gamma, betaSmooth, low, high, zeroParams, layerMap, firstMap);
  }

  /**
   * Changes {@link #gamma()}.
   *
   * @param value the new value
   * @return a copy
   */
  public PresetArguments withGamma(double value) {
    return new PresetArguments(
        epsilon, stabilizer, value, betaSmooth, low, high, zeroParams, layerMap, firstMap);
  }

  /**
   * Changes {@link #betaSmooth()}.
   *
   * @param value the new value
   * @return a copy
   */
  public PresetArguments withBetaSmooth(double value) {
    return new PresetArguments(
        epsilon, stabilizer, gamma, value, low, high, zeroParams, layerMap, firstMap);
  }

  /**
   * Changes the bounds.
   *
   * @param lower the smallest values of the input
   * @param upper the largest values of the input
   * @return a copy
   */
  public PresetArguments withBounds(Bound lower, Bound upper) {
    return new PresetArguments(
        epsilon, stabilizer, gamma, betaSmooth, lower, upper, zeroParams, layerMap, firstMap);
  }

  /**
   * Changes {@link #zeroParams()}.
   *
   * @param value the new value
   * @return a copy
   */
  public PresetArguments withZeroParams(ZeroParams value) {
    return new PresetArguments(
        epsilon, stabilizer, gamma, betaSmooth, low, high, value, layerMap, firstMap);
  }

  /**
   * Changes {@link #layerMap()}.
   *
   * @param value the new value
   * @return a copy
   */
  public PresetArguments withLayerMap(List<MapEntry> value) {
    return new PresetArguments(
        epsilon, stabilizer, gamma, betaSmooth, low, high, zeroParams, value, firstMap);
  }

  /**
   * Changes {@link #firstMap()}.
   *
   * @param value the new value
   * @return a copy
   */
  public PresetArguments withFirstMap(List<MapEntry> value) {
    return new PresetArguments(
        epsilon, stabilizer, gamma, betaSmooth, low, high, zeroParams, layerMap, value);
  }

  ZeroParams zeroParamsOr(ZeroParams other) {
    return zeroParams == null ? other : zeroParams;
  }

  /**
   * Takes arguments from those of an entry.
   *
   * @param values may lack any of {@link #ARGUMENTS}
   * @return Zennit's defaults for those that it lacks
   */
  public static PresetArguments of(Values values) {
    PresetArguments d = defaults();
    return new PresetArguments(
        values.has("epsilon") ? values.get("epsilon", Stabilizer.class) : d.epsilon,
        values.has("stabilizer") ? values.get("stabilizer", Stabilizer.class) : d.stabilizer,
        values.has("gamma") ? values.number("gamma") : d.gamma,
        values.has("beta_smooth") ? values.number("beta_smooth") : d.betaSmooth,
        values.get("low", Bound.class),
        values.get("high", Bound.class),
        values.get("zero_params", ZeroParams.class),
        values.list("layer_map", MapEntry.class),
        values.list("first_map", MapEntry.class));
  }

  /** By name, those that are null left out. */
  Map<String, Object> byName() {
    Map<String, Object> map = new HashMap<>();
    map.put("epsilon", epsilon);
    map.put("stabilizer", stabilizer);
    map.put("gamma", gamma);
    map.put("beta_smooth", betaSmooth);
    map.put("low", low);
    map.put("high", high);
    map.put("zero_params", zeroParams);
    map.put("layer_map", layerMap);
    map.put("first_map", firstMap);
    map.values().removeIf(Objects::isNull);
    return map;
  }

  /** Some of {@link #ARGUMENTS}. */
  static Argument[] named(String... names) {
    return Arrays.stream(names)
        .map(n -> ARGUMENTS.stream().filter(a -> a.name().equals(n)).findFirst().orElseThrow())
        .toArray(Argument[]::new);
  }
}
