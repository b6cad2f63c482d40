/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.analyzers;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.zennit4j.bindings.Zennit4jException;
import org.zennit4j.bindings.internal.NearestNames;

/** The options of all methods, with their keys, synonyms and meanings. */
public enum MethodOption {
  /** The outputs that are explained. */
  TARGET(OptionKind.TARGET, "the class that is explained", "target_class", "neuron_selection"),
  /** Whether the first axis of the input is the batch. */
  BATCHED(OptionKind.FLAG, "whether the first axis of the input is the batch"),
  /** Whether NaN and infinity may stand in the result. */
  ALLOW_NON_FINITE(OptionKind.FLAG, "whether NaN and infinity in the result are returned"),
  /** The threshold of sign_mu. */
  MU(OptionKind.BOUND, "threshold of the sign: +1 where the input reaches it, else -1"),
  /** The intervals of integrated gradients. */
  STEPS(OptionKind.COUNT, "number of intervals on the path"),
  /** The reference input. */
  BASELINE(OptionKind.BASELINE, "reference input"),
  /** The standard deviation of the noise. */
  NOISE_LEVEL(OptionKind.NON_NEGATIVE, "standard deviation of the noise, see noise_scale"),
  /** The number of noisy copies. */
  NUM_SAMPLES(OptionKind.COUNT, "number of noisy copies of the input", "samples"),
  /** Whether the noise level is relative to the input's range. */
  NOISE_SCALE(
      OptionKind.NOISE_SCALE,
      "relative: noise_level times the range of the sample; absolute: noise_level itself"),
  /** What the random generator starts from. */
  SEED(OptionKind.SEED, "seed of the random generator"),
  /** The noise itself. */
  NOISE(OptionKind.OBJECT, "tensor (n,B,...) that is added as it is, in place of drawn noise"),
  /** Whether other activations than ReLU are accepted. */
  ALLOW_OTHER_ACTIVATIONS(
      OptionKind.FLAG, "whether activations other than ReLU take their gradient"),
  /** The layer of a class activation map. */
  TARGET_LAYER(
      OptionKind.LAYER,
      "name of the layer whose map is taken",
      "last_conv_layer_name",
      "layer_name"),
  /** The rule of methods with one rule to choose. */
  RULE(OptionKind.RULE, "name of the rule"),
  /** The epsilon of Epsilon rules. */
  EPSILON(OptionKind.POSITIVE, "epsilon of the Epsilon rule"),
  /** The type of advanced LRP. */
  RULE_TYPE(OptionKind.NAME, "kind of composite: " + String.join(", ", RuleType.texts())),
  /** The lower bound of ZBox. */
  LOW(OptionKind.BOUND, "lowest value of the input: a number, one for each channel, or a tensor"),
  /** The upper bound of ZBox. */
  HIGH(OptionKind.BOUND, "highest value of the input: a number, one for each channel, or a tensor"),
  /** The gamma of Gamma rules. */
  GAMMA(OptionKind.NON_NEGATIVE, "gamma of the Gamma rule"),
  /** The composite of advanced LRP. */
  COMPOSITE(OptionKind.OBJECT, "the composite of the rule type custom"),
  /** The rule of the input layers. */
  FIRST_LAYER_RULE(OptionKind.RULE, "rule of the input layers"),
  /** The rule of the layers between. */
  MIDDLE_LAYER_RULE(OptionKind.RULE, "rule of the layers between the first and the last"),
  /** The rule of the last kernel layer. */
  LAST_LAYER_RULE(OptionKind.RULE, "rule of the last kernel layer"),
  /** The factor of StdxEpsilon. */
  STD_FACTOR(
      OptionKind.NON_NEGATIVE,
      "epsilon as a multiple of the standard deviation of a layer's input",
      "stdfactor"),
  /** The alpha of AlphaBeta. */
  ALPHA(OptionKind.NUMBER, "weight of the positive part; alpha - beta = 1"),
  /** The beta of AlphaBeta. */
  BETA(OptionKind.NON_NEGATIVE, "weight of the negative part; alpha - beta = 1"),
  /** The last layer that a rule is on. */
  INDEX(OptionKind.INDEX, "index of the last kernel layer that takes the rule, from 0"),
  /** The size of an occluding window. */
  WINDOW(OptionKind.COUNTS, "size of the window, one for all spatial axes or one each"),
  /** The way between two windows. */
  STRIDE(OptionKind.COUNTS, "distance between windows, one for all spatial axes or one each"),
  /** What an occluding window is filled with. */
  FILL(OptionKind.NUMBER, "value that the window is filled with"),
  /** How many changed copies of the input run at once. */
  BATCH_SIZE(
      OptionKind.INDEX,
      "how many changed copies of the input run at once, 0 for as many as pay; more need more memory"),
  /** What LRP starts from. */
  START(OptionKind.START, "logit: relevance starts with the score; one: with 1"),
  /** The stabilizer of denominators. */
  STABILIZER(OptionKind.STABILIZER, "added to denominators away from 0; strict: 1e-7 at 0 only"),
  /** The canonizers. */
  CANONIZERS(OptionKind.LIST, "canonizers that prepare the network, or none"),
  /** Whether a softmax at the end is accepted. */
  ALLOW_SOFTMAX(OptionKind.FLAG, "whether a model that ends in a softmax is accepted"),
  /** Describes the random generator of reference data; has no effect. */
  RNG(OptionKind.OBJECT, "description of the random generator; has no effect"),
  /** Marks reference data as optional; has no effect. */
  OPTIONAL(OptionKind.OBJECT, "mark of reference data; has no effect");

  private static final Map<String, MethodOption> BY_KEY = new LinkedHashMap<>();

  static {
    for (MethodOption option : values()) {
      BY_KEY.put(option.key(), option);
      option.synonyms().forEach(synonym -> BY_KEY.put(synonym, option));
    }
  }

  private final OptionKind kind;
  private final String meaning;

  @SuppressWarnings("ImmutableEnumChecker") // List.copyOf is immutable
  private final List<String> synonyms;

  MethodOption(OptionKind kind, String meaning, String... synonyms) {
    this.kind = kind;
    this.meaning = meaning;
    this.synonyms = List.of(synonyms);
  }

  /**
   * Returns the key of the option in strings, JSON and on the command line.
   *
   * @return the key in snake case
   */
  public String key() {
    return name().toLowerCase(Locale.ROOT);
  }

  /**
   * Returns other keys of the same option.
   *
   * @return the synonyms, often none
   */
  public List<String> synonyms() {
    return synonyms;
  }

  /**
   * Returns what the option does.
   *
   * @return a phrase in lower case
   */
  public String meaning() {
    return meaning;
  }

  /**
   * Returns which values the option takes.
   *
   * @return a phrase such as {@code "a number > 0"}
   */
  public String allowed() {
    return kind.description();
  }

  /** The option of a key or synonym. */
  static MethodOption of(String key) {
    return find(key)
        .orElseThrow(
            () ->
                new Zennit4jException(
                    "unknown option "
                        + Texts.quote(String.valueOf(key))
                        + "; nearest: "
                        + NearestNames.list(String.valueOf(key), BY_KEY.keySet())));
  }

  /**
   * Returns the option that has a key or synonym.
   *
   * @param key a key or synonym
   * @return the option, if there is one
   */
  public static Optional<MethodOption> find(String key) {
    return Optional.ofNullable(BY_KEY.get(key));
  }

  /** The value in the type that this option keeps. */
  Object convert(Object value) {
    return kind.convert(key(), value);
  }

  /** What is wrong with a value, or null. */
  String problemOf(Object value) {
    return kind.problemOf(value);
  }

  /** The value that a text stands for, where options come from a command line. */
  Object read(String text) {
    return switch (kind) {
      case LAYER, NAME, RULE, START, NOISE_SCALE -> convert(text);
      case FLAG -> convert(flag(text));
      default -> convert(scalarOrList(text));
    };
  }

  private static Object flag(String text) {
    return switch (text) {
      case "true" -> true;
      case "false" -> false;
      default -> text;
    };
  }

  private static Object scalarOrList(String text) {
    if (!text.contains(",")) {
      return scalar(text.strip());
    }
    List<Object> values = new ArrayList<>();
    Arrays.stream(text.split(",", /* limit= */ -1))
        .forEach(part -> values.add(scalar(part.strip())));
    return Collections.unmodifiableList(values);
  }

  private static Object scalar(String text) {
    try {
      return text.matches("-?[0-9]{1,18}") ? (Number) Long.valueOf(text) : Double.valueOf(text);
    } catch (NumberFormatException e) {
      return text;
    }
  }
}
