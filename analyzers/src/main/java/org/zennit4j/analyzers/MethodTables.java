/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.analyzers;

import static org.zennit4j.analyzers.MethodOption.ALLOW_NON_FINITE;
import static org.zennit4j.analyzers.MethodOption.ALLOW_OTHER_ACTIVATIONS;
import static org.zennit4j.analyzers.MethodOption.ALLOW_SOFTMAX;
import static org.zennit4j.analyzers.MethodOption.ALPHA;
import static org.zennit4j.analyzers.MethodOption.BASELINE;
import static org.zennit4j.analyzers.MethodOption.BATCHED;
import static org.zennit4j.analyzers.MethodOption.BATCH_SIZE;
import static org.zennit4j.analyzers.MethodOption.BETA;
import static org.zennit4j.analyzers.MethodOption.CANONIZERS;
import static org.zennit4j.analyzers.MethodOption.COMPOSITE;
import static org.zennit4j.analyzers.MethodOption.EPSILON;
import static org.zennit4j.analyzers.MethodOption.FILL;
import static org.zennit4j.analyzers.MethodOption.FIRST_LAYER_RULE;
import static org.zennit4j.analyzers.MethodOption.GAMMA;
import static org.zennit4j.analyzers.MethodOption.HIGH;
import static org.zennit4j.analyzers.MethodOption.INDEX;
import static org.zennit4j.analyzers.MethodOption.LAST_LAYER_RULE;
import static org.zennit4j.analyzers.MethodOption.LOW;
import static org.zennit4j.analyzers.MethodOption.MIDDLE_LAYER_RULE;
import static org.zennit4j.analyzers.MethodOption.MU;
import static org.zennit4j.analyzers.MethodOption.NOISE;
import static org.zennit4j.analyzers.MethodOption.NOISE_LEVEL;
import static org.zennit4j.analyzers.MethodOption.NOISE_SCALE;
import static org.zennit4j.analyzers.MethodOption.NUM_SAMPLES;
import static org.zennit4j.analyzers.MethodOption.OPTIONAL;
import static org.zennit4j.analyzers.MethodOption.RNG;
import static org.zennit4j.analyzers.MethodOption.RULE;
import static org.zennit4j.analyzers.MethodOption.RULE_TYPE;
import static org.zennit4j.analyzers.MethodOption.SEED;
import static org.zennit4j.analyzers.MethodOption.STABILIZER;
import static org.zennit4j.analyzers.MethodOption.START;
import static org.zennit4j.analyzers.MethodOption.STD_FACTOR;
import static org.zennit4j.analyzers.MethodOption.STEPS;
import static org.zennit4j.analyzers.MethodOption.STRIDE;
import static org.zennit4j.analyzers.MethodOption.TARGET;
import static org.zennit4j.analyzers.MethodOption.TARGET_LAYER;
import static org.zennit4j.analyzers.MethodOption.WINDOW;

import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;

/** Which options a method uses, and their defaults: tables over bases, rules and modifiers. */
final class MethodTables {

  private static final Set<MethodOption> ALL = EnumSet.of(TARGET, BATCHED, ALLOW_NON_FINITE);
  private static final Set<MethodOption> LRP =
      EnumSet.of(START, STABILIZER, CANONIZERS, ALLOW_SOFTMAX);

  /** The options that choose the rules of sequential LRP. */
  static final Set<MethodOption> SEQUENTIAL =
      Collections.unmodifiableSet(EnumSet.of(FIRST_LAYER_RULE, MIDDLE_LAYER_RULE, LAST_LAYER_RULE));

  /** The options that say something of a method with rules that its rules do not say. */
  static final Set<MethodOption> BESIDE_RULES =
      Collections.unmodifiableSet(
          EnumSet.of(
              TARGET, BATCHED, ALLOW_NON_FINITE, START, STABILIZER, CANONIZERS, ALLOW_SOFTMAX));

  /** The canonizers of LRP unless others are chosen. */
  static final List<Object> DEFAULT_CANONIZERS = List.of("merge_batch_norm", "residual_sum");

  /** The rules that the name {@code lrp} alone lets the option {@code rule} choose. */
  static final List<String> PLAIN_RULES =
      List.of(RuleChoice.EPSILON, "zplus", RuleChoice.ALPHA_BETA);

  private MethodTables() {}

  /** The options that the method uses with at least one choice of its other options. */
  static Set<MethodOption> possible(MethodName name) {
    Set<MethodOption> used = fixed(name);
    if (name.base() == BaseMethod.LRP) {
      used.add(EPSILON);
    }
    if (name.base() == BaseMethod.LRP_ADVANCED) {
      for (RuleType type : RuleType.values()) {
        used.addAll(type.options());
      }
    }
    if (choosesAnyRule(name)) {
      RuleChoice.NAMES.forEach(rule -> used.addAll(RuleChoice.options(rule)));
    }
    return used;
  }

  private static boolean choosesAnyRule(MethodName name) {
    return name.base() == BaseMethod.LRP_ADVANCED
        || name.base() == BaseMethod.LRP_SEQUENTIAL
        || name.core().filter(CoreRule.DOT_RULE_UNTIL_INDEX::equals).isPresent();
  }

  /** The options that the method uses, where {@code value} tells those that choose rules. */
  static Set<MethodOption> used(MethodName name, Function<MethodOption, Optional<Object>> value) {
    Set<MethodOption> used = fixed(name);
    if (name.base() == BaseMethod.LRP_ADVANCED) {
      Optional<RuleType> type =
          value.apply(RULE_TYPE).flatMap(text -> RuleType.find((String) text));
      if (type.isEmpty()) {
        return possible(name);
      }
      used.addAll(type.get().options());
    }
    if (name.base() == BaseMethod.LRP) {
      rule(value, RULE).filter(RuleChoice.EPSILON::equals).ifPresent(rule -> used.add(EPSILON));
    } else {
      for (MethodOption choice : EnumSet.copyOf(used)) {
        rule(value, choice).ifPresent(rule -> used.addAll(RuleChoice.options(rule)));
      }
    }
    return used;
  }

  private static Optional<String> rule(
      Function<MethodOption, Optional<Object>> value, MethodOption choice) {
    if (choice != RULE && !SEQUENTIAL.contains(choice)) {
      return Optional.empty();
    }
    return value.apply(choice).map(String.class::cast);
  }

  /** The options that the method uses whatever the values of others. */
  private static Set<MethodOption> fixed(MethodName name) {
    Set<MethodOption> used = EnumSet.copyOf(ALL);
    used.addAll(ofBase(name.base()));
    name.core().ifPresent(core -> used.addAll(ofCore(core)));
    if (name.base().isLrp()) {
      used.addAll(LRP);
    }
    if (name.needsBounds()) {
      used.add(LOW);
      used.add(HIGH);
    }
    if (name.numbers().containsKey(NameNumber.RULE_MU)
        || name.modifiers().contains(MethodModifier.SIGN_MU)) {
      used.add(MU);
    }
    return used;
  }

  private static Set<MethodOption> ofBase(BaseMethod base) {
    return switch (base) {
      case GRADIENT, LRP_RULES -> Set.of();
      case GUIDED_BACKPROP, DECONVNET -> Set.of(ALLOW_OTHER_ACTIVATIONS);
      case INTEGRATED_GRADIENTS -> Set.of(STEPS, BASELINE, BATCH_SIZE);
      case SMOOTHGRAD, VARGRAD ->
          Set.of(NOISE_LEVEL, NUM_SAMPLES, NOISE_SCALE, SEED, NOISE, BATCH_SIZE);
      case GRAD_CAM -> Set.of(TARGET_LAYER);
      case GUIDED_GRAD_CAM -> Set.of(TARGET_LAYER, ALLOW_OTHER_ACTIVATIONS);
      case DEEP_TAYLOR, DEEP_TAYLOR_BOUNDED ->
          Set.of(EPSILON, LOW, HIGH, STABILIZER, CANONIZERS, ALLOW_SOFTMAX);
      case DEEPLIFT -> Set.of(BASELINE, ALLOW_SOFTMAX);
      case OCCLUSION -> Set.of(WINDOW, STRIDE, FILL, BATCH_SIZE);
      case RANDOM_UNIFORM -> Set.of(SEED, RNG, OPTIONAL);
      case LRP -> Set.of(RULE);
      case LRP_ALPHABETA -> Set.of(ALPHA, BETA);
      case LRP_ADVANCED -> Set.of(RULE_TYPE);
      case LRP_SEQUENTIAL -> SEQUENTIAL;
    };
  }

  private static Set<MethodOption> ofCore(CoreRule core) {
    return switch (core) {
      case Z, Z_PLUS, FLAT, W_SQUARE, DOT_Z_PLUS, DOT_Z_PLUS_FAST -> Set.of();
      case EPSILON, SEQUENTIAL_COMPOSITE_A, SEQUENTIAL_COMPOSITE_B -> Set.of(EPSILON);
      case STDX_EPSILON -> Set.of(STD_FACTOR);
      case ALPHA_BETA -> Set.of(ALPHA, BETA);
      case GAMMA, DOT_GAMMA -> Set.of(GAMMA);
      case DOT_RULE_UNTIL_INDEX -> Set.of(RULE, INDEX, EPSILON);
    };
  }

  /** The numbers of names and their options, the modifier's mu before the rule's. */
  private static final Map<MethodOption, List<NameNumber>> NUMBERS =
      Map.of(
          EPSILON, List.of(NameNumber.EPSILON),
          STD_FACTOR, List.of(NameNumber.STD_FACTOR),
          ALPHA, List.of(NameNumber.ALPHA),
          BETA, List.of(NameNumber.BETA),
          GAMMA, List.of(NameNumber.GAMMA),
          STEPS, List.of(NameNumber.STEPS),
          NOISE_LEVEL, List.of(NameNumber.NOISE_LEVEL),
          NUM_SAMPLES, List.of(NameNumber.NUM_SAMPLES),
          MU, List.of(NameNumber.SIGN_MU, NameNumber.RULE_MU));

  /** The value of an option that nobody set: from the name's numbers, its suffix, or the table. */
  static Optional<Object> defaultOf(MethodName name, MethodOption option) {
    for (NameNumber number : NUMBERS.getOrDefault(option, List.of())) {
      Optional<Object> value = name.number(number).map(option::convert);
      if (value.isPresent()) {
        return value;
      }
    }
    return Optional.ofNullable(table(name, option));
  }

  private static Object table(MethodName name, MethodOption option) {
    CoreRule core = name.core().orElse(null);
    return switch (option) {
      case BATCHED, TARGET, NOISE, TARGET_LAYER, RULE_TYPE, COMPOSITE, RNG, OPTIONAL -> null;
      case ALLOW_NON_FINITE, ALLOW_OTHER_ACTIVATIONS, ALLOW_SOFTMAX -> false;
      case MU, BASELINE, FILL, BETA -> 0.0;
      case ALPHA -> 1.0;
      case STEPS, NUM_SAMPLES -> 50;
      case NOISE_LEVEL -> 0.2;
      case NOISE_SCALE -> "relative";
      case SEED -> name.base() == BaseMethod.RANDOM_UNIFORM ? 1L : 0L;
      case RULE -> core == null ? RuleChoice.EPSILON : RuleChoice.FLAT;
      case EPSILON -> core != null && core.isComposite() ? 0.1 : 1e-6;
      case LOW -> bound(name, 0, MethodSuffix.CAFFE_LOW);
      case HIGH -> bound(name, 1, MethodSuffix.CAFFE_HIGH);
      case GAMMA -> core == CoreRule.DOT_GAMMA ? 0.5 : 0.25;
      case FIRST_LAYER_RULE -> RuleChoice.Z_BOX;
      case MIDDLE_LAYER_RULE -> RuleChoice.ALPHA_BETA;
      case LAST_LAYER_RULE -> RuleChoice.EPSILON;
      case STD_FACTOR -> 0.25;
      case BATCH_SIZE -> 0;
      case INDEX -> 0;
      case WINDOW, STRIDE -> List.of(8);
      case START -> "logit";
      case STABILIZER -> 1e-6;
      case CANONIZERS -> DEFAULT_CANONIZERS;
    };
  }

  private static Object bound(MethodName name, double unit, double caffe) {
    if (name.base() == BaseMethod.LRP_ADVANCED || name.base() == BaseMethod.LRP_SEQUENTIAL) {
      return unit;
    }
    return name.suffixLow().isPresent() ? (Object) caffe : null;
  }
}
