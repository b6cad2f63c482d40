/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.analyzers;

import java.math.BigDecimal;
import java.util.Collections;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;

/**
 * A method name of SIGN-XAI, taken apart: base, input rule, core rule, numbers, modifiers, suffix.
 *
 * <p>Every sentence of the grammar is a name, for instance {@code gradient_x_input}, {@code
 * lrpz_epsilon_0_1}, {@code smoothgrad_noise_0_3_samples_50_x_sign_mu_neg_0_5}. Names are read
 * without regard to case, aliases give the value of the name that they stand for, and {@link
 * #canonical()} is a text that parses to an equal value. Immutable and thread-safe.
 */
public final class MethodName {
  private final BaseMethod base;
  private final InputRule inputRule;
  private final CoreRule core;
  private final Map<NameNumber, String> numbers;
  private final Set<MethodModifier> modifiers;
  private final MethodSuffix suffix;
  private final String canonical;

  MethodName(
      BaseMethod base,
      InputRule inputRule,
      CoreRule core,
      Map<NameNumber, String> numbers,
      Set<MethodModifier> modifiers,
      MethodSuffix suffix) {
    this.base = base;
    this.inputRule = inputRule;
    this.core = core;
    Map<NameNumber, String> numbersCopy = new EnumMap<>(NameNumber.class);
    numbersCopy.putAll(numbers);
    this.numbers = Collections.unmodifiableMap(numbersCopy);
    Set<MethodModifier> modifiersCopy = EnumSet.noneOf(MethodModifier.class);
    modifiersCopy.addAll(modifiers);
    this.modifiers = Collections.unmodifiableSet(modifiersCopy);
    this.suffix = suffix;
    this.canonical = write();
  }

  /**
   * Reads a method name.
   *
   * @param name the name, in any case
   * @return what the name says
   * @throws MethodNameException if the text is no name, or one that is not provided
   */
  public static MethodName parse(String name) {
    if (name == null) {
      throw new MethodNameException("null", "no name");
    }
    return MethodNameParser.parse(name);
  }

  /**
   * Returns all names that {@link MethodInfo} describes: those of SIGN-XAI 1, and further ones.
   * Every other sentence of the grammar works too.
   *
   * @return the names, sorted
   */
  public static List<String> listed() {
    return MethodCatalogue.listMethods();
  }

  /**
   * Returns the method that makes the base map.
   *
   * @return the base
   */
  public BaseMethod base() {
    return base;
  }

  /**
   * Returns the rule on the input layers.
   *
   * @return the input rule; empty unless the base is {@link BaseMethod#LRP_RULES}
   */
  public Optional<InputRule> inputRule() {
    return Optional.ofNullable(inputRule);
  }

  /**
   * Returns the rule on the other kernel layers.
   *
   * @return the core rule; empty unless the base is {@link BaseMethod#LRP_RULES}
   */
  public Optional<CoreRule> core() {
    return Optional.ofNullable(core);
  }

  /**
   * Returns the numbers in the name, in the spelling of canonical names.
   *
   * @return an unmodifiable map, for instance from {@link NameNumber#EPSILON} to {@code "0_25"}
   */
  public Map<NameNumber, String> numbers() {
    return numbers;
  }

  /**
   * Returns a number of the name, exactly.
   *
   * @param number which number
   * @return the number; empty where the name does not have it
   */
  public Optional<BigDecimal> number(NameNumber number) {
    return Optional.ofNullable(numbers.get(number))
        .map(text -> new BigDecimal(text.replace("neg_", "-").replace('_', '.')));
  }

  /**
   * Returns a number of the name as the nearest double.
   *
   * @param number which number
   * @return the number; empty where the name does not have it
   */
  public OptionalDouble value(NameNumber number) {
    Optional<BigDecimal> exact = number(number);
    return exact.isPresent()
        ? OptionalDouble.of(exact.get().doubleValue())
        : OptionalDouble.empty();
  }

  /**
   * Returns what the base map is multiplied with.
   *
   * @return an unmodifiable set, input before sign
   */
  public Set<MethodModifier> modifiers() {
    return modifiers;
  }

  /**
   * Returns the suffix.
   *
   * @return the suffix, if the name has one
   */
  public Optional<MethodSuffix> suffix() {
    return Optional.ofNullable(suffix);
  }

  /**
   * Returns whether the rules ignore the bias because of the suffix {@code _IB}.
   *
   * @return true with that suffix
   */
  public boolean ignoresBias() {
    return suffix == MethodSuffix.IB;
  }

  /**
   * Returns whether the input must be a series because of the suffix {@code _timeseries}.
   *
   * @return true with that suffix
   */
  public boolean requiresSeries() {
    return suffix == MethodSuffix.TIMESERIES;
  }

  /**
   * Returns whether the method puts ZBox on the input layers and so needs bounds.
   *
   * @return true for {@code zblrp_} names and {@code deep_taylor_bounded}
   */
  public boolean needsBounds() {
    return inputRule == InputRule.Z_BOX || base == BaseMethod.DEEP_TAYLOR_BOUNDED;
  }

  /**
   * Returns the lower bound that the suffix brings.
   *
   * @return the bound for all channels; empty without such a suffix
   */
  public OptionalDouble suffixLow() {
    return needsBounds() && suffix != null && suffix.hasBounds()
        ? OptionalDouble.of(MethodSuffix.CAFFE_LOW)
        : OptionalDouble.empty();
  }

  /**
   * Returns the upper bound that the suffix brings.
   *
   * @return the bound for all channels; empty without such a suffix
   */
  public OptionalDouble suffixHigh() {
    return suffixLow().isPresent()
        ? OptionalDouble.of(MethodSuffix.CAFFE_HIGH)
        : OptionalDouble.empty();
  }

  /**
   * Returns the canonical spelling: lower case but for the suffix, no aliases, input before sign,
   * no superfluous zeros.
   *
   * @return a name that parses to an equal value
   */
  public String canonical() {
    return canonical;
  }

  private String write() {
    StringBuilder text = new StringBuilder();
    if (base == BaseMethod.LRP_RULES) {
      writeRules(text);
    } else {
      text.append(base.text());
      append(text, "_steps_", NameNumber.STEPS);
      append(text, "_noise_", NameNumber.NOISE_LEVEL);
      append(text, "_samples_", NameNumber.NUM_SAMPLES);
    }
    for (MethodModifier modifier : modifiers) {
      text.append(modifier.text());
    }
    append(text, "_", NameNumber.SIGN_MU);
    if (suffix != null) {
      text.append('_').append(suffix.text());
    }
    return text.toString();
  }

  private void writeRules(StringBuilder text) {
    if (!core.isDotted()) {
      text.append(inputRule.prefix()).append('_');
    }
    text.append(core.text());
    append(text, "_", NameNumber.EPSILON);
    append(text, "_", NameNumber.GAMMA);
    append(text, "_", NameNumber.ALPHA);
    append(text, "_beta_", NameNumber.BETA);
    append(text, "_", NameNumber.STD_FACTOR);
    if (core == CoreRule.STDX_EPSILON) {
      text.append("_std_x");
    }
    append(text, "_mu_", NameNumber.RULE_MU);
  }

  private void append(StringBuilder text, String label, NameNumber number) {
    String value = numbers.get(number);
    if (value != null) {
      text.append(label).append(value);
    }
  }

  /** A number without superfluous zeros: 0_50 becomes 0_5, 1_0 becomes 1, neg_0 becomes 0. */
  static String canonicalNumber(String integer, String fraction, boolean negative) {
    int first = 0;
    while (first < integer.length() - 1 && integer.charAt(first) == '0') {
      first++;
    }
    int end = fraction.length();
    while (end > 0 && fraction.charAt(end - 1) == '0') {
      end--;
    }
    String magnitude =
        integer.substring(first) + (end == 0 ? "" : "_" + fraction.substring(0, end));
    return negative && !magnitude.equals("0") ? "neg_" + magnitude : magnitude;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof MethodName name
        && base == name.base
        && inputRule == name.inputRule
        && core == name.core
        && numbers.equals(name.numbers)
        && modifiers.equals(name.modifiers)
        && suffix == name.suffix;
  }

  @Override
  public int hashCode() {
    return Objects.hash(base, inputRule, core, numbers, modifiers, suffix);
  }

  /** Returns the canonical spelling. */
  @Override
  public String toString() {
    return canonical;
  }
}
