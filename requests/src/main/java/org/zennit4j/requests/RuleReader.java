/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.requests;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import java.util.function.BiFunction;
import org.bytedeco.pytorch.Tensor;
import org.zennit4j.bindings.internal.NearestNames;
import org.zennit4j.rules.AlphaBeta;
import org.zennit4j.rules.Attention;
import org.zennit4j.rules.Bilinear;
import org.zennit4j.rules.Bound;
import org.zennit4j.rules.Epsilon;
import org.zennit4j.rules.Flat;
import org.zennit4j.rules.Gamma;
import org.zennit4j.rules.MultiHeadAttention;
import org.zennit4j.rules.Norm;
import org.zennit4j.rules.Normalization;
import org.zennit4j.rules.Pass;
import org.zennit4j.rules.ReLUBetaSmooth;
import org.zennit4j.rules.ReLUDeconvNet;
import org.zennit4j.rules.ReLUGuidedBackprop;
import org.zennit4j.rules.Rule;
import org.zennit4j.rules.Sign;
import org.zennit4j.rules.SignMu;
import org.zennit4j.rules.SignThreshold;
import org.zennit4j.rules.SignedStabilizer;
import org.zennit4j.rules.Softmax;
import org.zennit4j.rules.Stabilizer;
import org.zennit4j.rules.StdxEpsilon;
import org.zennit4j.rules.StrictStabilizer;
import org.zennit4j.rules.WSquare;
import org.zennit4j.rules.Z;
import org.zennit4j.rules.ZBox;
import org.zennit4j.rules.ZPlus;
import org.zennit4j.rules.ZPlusFast;
import org.zennit4j.rules.ZeroParams;

/** Reads rules and their arguments. */
final class RuleReader {
  static final String STABILIZER = "stabilizer";
  static final String ZERO_PARAMS = "zero_params";
  static final String STRICT = "strict";
  private static final String EPSILON = "epsilon";

  /** Which keys a rule has, and how it is made of them. */
  private record Recipe(List<String> keys, BiFunction<RuleReader, JsonObject, Rule> maker) {}

  private static final Map<String, Recipe> RECIPES = new LinkedHashMap<>();

  static {
    add(
        (r, o) -> new Epsilon(r.stabilizer(o, EPSILON), r.zeroParams(o)),
        EPSILON,
        EPSILON,
        ZERO_PARAMS);
    add(
        (r, o) -> new Gamma(o.number("gamma", 0.25), r.stabilizer(o), r.zeroParams(o)),
        "gamma",
        "gamma",
        STABILIZER,
        ZERO_PARAMS);
    add((r, o) -> new ZPlus(r.stabilizer(o), r.zeroParams(o)), "zplus", STABILIZER, ZERO_PARAMS);
    add(
        (r, o) -> new WSquare(r.stabilizer(o), r.zeroParams(o)),
        "wsquare",
        STABILIZER,
        ZERO_PARAMS);
    add((r, o) -> new Flat(r.stabilizer(o), r.zeroParams(o)), "flat", STABILIZER, ZERO_PARAMS);
    add(
        (r, o) ->
            new AlphaBeta(
                o.number("alpha", 2), o.number("beta", 1), r.stabilizer(o), r.zeroParams(o)),
        "alpha_beta",
        "alpha",
        "beta",
        STABILIZER,
        ZERO_PARAMS);
    add(
        (r, o) -> new ZBox(r.bound(o, "low"), r.bound(o, "high"), r.stabilizer(o), r.zeroParams(o)),
        "zbox",
        "low",
        "high",
        STABILIZER,
        ZERO_PARAMS);
    add((r, o) -> new Norm(r.stabilizer(o)), "norm", STABILIZER);
    add((r, o) -> new Pass(), "pass");
    add((r, o) -> new ReLUDeconvNet(), "relu_deconvnet");
    add((r, o) -> new ReLUGuidedBackprop(), "relu_guided_backprop");
    add(
        (r, o) -> new ReLUBetaSmooth(o.number("beta_smooth", 10)),
        "relu_beta_smooth",
        "beta_smooth");
    add((r, o) -> new Z(r.stabilizer(o), r.zeroParams(o)), "z", STABILIZER, ZERO_PARAMS);
    add((r, o) -> new Sign(r.stabilizer(o), r.zeroParams(o)), "sign", STABILIZER, ZERO_PARAMS);
    add(
        (r, o) -> new SignMu(r.threshold(o), r.stabilizer(o), r.zeroParams(o)),
        "sign_mu",
        "mu",
        STABILIZER,
        ZERO_PARAMS);
    add(
        (r, o) -> new StdxEpsilon(o.number("factor", 0.25), r.stabilizer(o), r.zeroParams(o)),
        "stdx_epsilon",
        "factor",
        STABILIZER,
        ZERO_PARAMS);
    add((r, o) -> new Softmax(r.stabilizer(o)), "softmax", STABILIZER);
    add(
        (r, o) ->
            new Bilinear(
                o.has("signal") ? OptionalInt.of(o.whole("signal", 0, 0)) : OptionalInt.empty(),
                r.stabilizer(o)),
        "bilinear",
        "signal",
        STABILIZER);
    add(
        (r, o) -> new Normalization(o.flag("identity"), r.stabilizer(o), r.zeroParams(o)),
        "normalization",
        "identity",
        STABILIZER,
        ZERO_PARAMS);
    add(
        (r, o) -> new Attention(o.flag("constant_weights"), r.stabilizer(o)),
        "attention",
        "constant_weights",
        STABILIZER);
    add(
        (r, o) -> new MultiHeadAttention(o.flag("constant_weights"), r.stabilizer(o)),
        "multi_head_attention",
        "constant_weights",
        STABILIZER);
    add((r, o) -> new ZPlusFast(r.stabilizer(o)), "zplus_fast", STABILIZER);
  }

  private final ArraySource arrays;

  RuleReader(ArraySource arrays) {
    this.arrays = arrays;
  }

  private static void add(
      BiFunction<RuleReader, JsonObject, Rule> maker, String name, String... keys) {
    List<String> all = new ArrayList<>(List.of("rule"));
    all.addAll(List.of(keys));
    RECIPES.put(name, new Recipe(List.copyOf(all), maker));
  }

  static Set<String> names() {
    return RECIPES.keySet();
  }

  Rule rule(JsonObject json) {
    String name = json.string("rule");
    Recipe recipe = RECIPES.get(name);
    if (recipe == null) {
      throw new RequestException(
          Npy.printable(
              json.where()
                  + ": there is no rule '"
                  + name
                  + "'; the nearest: "
                  + NearestNames.list(name, RECIPES.keySet())));
    }
    return recipe.maker().apply(this, json.allow(recipe.keys()));
  }

  private Stabilizer stabilizer(JsonObject json) {
    return stabilizer(json, STABILIZER);
  }

  Stabilizer stabilizer(JsonObject json, String key) {
    if (!json.has(key)) {
      return Stabilizer.standard();
    }
    JsonNode value = json.get(key);
    if (value.isTextual()) {
      if (!value.textValue().equals(STRICT)) {
        throw JsonObject.wrong(json.where(key), "a number, an object or \"strict\"", value);
      }
      return new StrictStabilizer();
    }
    if (!value.isObject()) {
      return Stabilizer.of(JsonObject.number(json.where(key), value));
    }
    JsonObject parts = json.object(key).allow(EPSILON, "clip", "norm_scale", "dim");
    return new SignedStabilizer(
        parts.number(EPSILON, Stabilizer.DEFAULT_EPSILON),
        parts.flag("clip"),
        parts.flag("norm_scale"),
        dimensions(parts));
  }

  private static List<Long> dimensions(JsonObject json) {
    if (!json.has("dim")) {
      return null;
    }
    JsonNode value = json.get("dim");
    List<JsonObject.Item> items =
        value.isNumber()
            ? List.of(new JsonObject.Item(json.where("dim"), value))
            : json.list("dim");
    int limit = NdArray.MAX_DIMENSIONS;
    return items.stream()
        .map(i -> JsonObject.whole(i.where(), i.node(), -limit, limit - 1))
        .toList();
  }

  ZeroParams zeroParams(JsonObject json) {
    if (!json.has(ZERO_PARAMS)) {
      return ZeroParams.none();
    }
    return json.get(ZERO_PARAMS).isTextual()
        ? ZeroParams.in(json.string(ZERO_PARAMS))
        : ZeroParams.of(json.strings(ZERO_PARAMS).toArray(String[]::new));
  }

  Bound bound(JsonObject json, String key) {
    return json.need(key).isTextual()
        ? Bound.of(tensor(json, key))
        : Bound.of(numberOrName(json, key));
  }

  private SignThreshold threshold(JsonObject json) {
    String key = "mu";
    if (!json.has(key)) {
      return SignThreshold.of(0);
    }
    return json.get(key).isTextual()
        ? SignThreshold.of(tensor(json, key))
        : SignThreshold.of(numberOrName(json, key));
  }

  private Tensor tensor(JsonObject json, String key) {
    try {
      return arrays.get(json.string(key)).toTensor();
    } catch (RequestException e) {
      throw new RequestException(json.where(key) + ": " + e.getMessage(), e);
    }
  }

  private static double numberOrName(JsonObject json, String key) {
    if (!json.get(key).isNumber()) {
      throw JsonObject.wrong(json.where(key), "a number or the name of an array", json.get(key));
    }
    return json.number(key);
  }
}
