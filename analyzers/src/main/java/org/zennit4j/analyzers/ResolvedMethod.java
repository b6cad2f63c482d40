/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.analyzers;

import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.zennit4j.bindings.Zennit4jException;
import org.zennit4j.composites.KernelComposite;

/**
 * A method name together with its options, checked, with every default filled in.
 *
 * <p>An option overrides the number in the name, the number in the name overrides the default. The
 * getters of options fail for methods that do not use them. Immutable and thread-safe.
 */
public final class ResolvedMethod {
  private final MethodName name;
  private final MethodOptions options;
  private final Set<MethodOption> used;
  private final Optional<KernelComposite> rules;

  private ResolvedMethod(MethodName name, MethodOptions options) {
    this.name = name;
    this.options = options;
    OptionChecks checks = new OptionChecks(this);
    checks.checkChoices();
    this.used = MethodTables.used(name, this::find);
    checks.checkUsed();
    checks.checkBounds();
    this.rules = MethodRules.of(this);
  }

  /**
   * Checks options against a method and fills in the defaults.
   *
   * @param name the method
   * @param options what the caller sets
   * @return both together
   * @throws Zennit4jException if the method does not use an option, needs one that is not set, or
   *     the options contradict each other
   */
  public static ResolvedMethod of(MethodName name, MethodOptions options) {
    return new ResolvedMethod(name, options);
  }

  /**
   * Reads a name, checks options against it and fills in the defaults.
   *
   * @param name the method's name
   * @param options what the caller sets
   * @return both together
   */
  public static ResolvedMethod of(String name, MethodOptions options) {
    return of(MethodName.parse(name), options);
  }

  /**
   * Returns the method's name.
   *
   * @return the name
   */
  public MethodName name() {
    return name;
  }

  /**
   * Returns the options that the caller set.
   *
   * @return the options, without defaults
   */
  public MethodOptions options() {
    return options;
  }

  /**
   * Returns the options that the method uses, with the rules that were chosen.
   *
   * @return an unmodifiable set
   */
  public Set<MethodOption> used() {
    return Collections.unmodifiableSet(used);
  }

  /**
   * Returns the value of an option: the caller's, the name's, or the default.
   *
   * @param option an option
   * @return the value; empty where there is none or the method does not use the option
   */
  public Optional<Object> value(MethodOption option) {
    return used.contains(option) ? find(option) : Optional.empty();
  }

  /**
   * Returns the rules of an LRP or Deep Taylor method, as values. Tensors of bounds are the
   * caller's.
   *
   * @return which kernel layer gets which rule; empty for other methods and for a composite of the
   *     caller's own
   */
  public Optional<KernelComposite> rules() {
    return rules;
  }

  /**
   * Returns the caller's own composite of {@code lrp_advanced}.
   *
   * @return the composite, where rule_type is custom
   */
  public Optional<Object> composite() {
    return value(MethodOption.COMPOSITE);
  }

  /**
   * Returns what is explained.
   *
   * @return a class, a list of classes, {@code "all"}, a tensor or a target; empty for the class of
   *     the highest score
   */
  public Optional<Object> target() {
    return value(MethodOption.TARGET).filter(target -> !target.equals("max_activation"));
  }

  /**
   * Returns whether the first axis of the input is the batch.
   *
   * @return what the caller says; empty where the rank decides
   */
  public Optional<Boolean> batched() {
    return value(MethodOption.BATCHED).map(Boolean.class::cast);
  }

  /**
   * Returns whether NaN and infinity may stand in the result.
   *
   * @return false by default
   */
  public boolean allowNonFinite() {
    return flag(MethodOption.ALLOW_NON_FINITE);
  }

  /**
   * Returns whether a model that ends in a softmax is accepted.
   *
   * @return true for methods that accept it always, else what the caller says, false by default
   */
  public boolean allowSoftmax() {
    return !name.base().refusesSoftmax() || flag(MethodOption.ALLOW_SOFTMAX);
  }

  /**
   * Returns whether activations other than ReLU take their gradient.
   *
   * @return false by default
   */
  public boolean allowOtherActivations() {
    return flag(MethodOption.ALLOW_OTHER_ACTIVATIONS);
  }

  /**
   * Returns whether the map is multiplied with the input.
   *
   * @return true with the modifier {@code _x_input}
   */
  public boolean timesInput() {
    return name.modifiers().contains(MethodModifier.INPUT);
  }

  /**
   * Returns the threshold of the sign that the map is multiplied with.
   *
   * @return 0 for {@code _x_sign}, otherwise a Double, a list of Doubles or a tensor; empty without
   *     such a modifier
   */
  public Optional<Object> signThreshold() {
    if (name.modifiers().contains(MethodModifier.SIGN_MU)) {
      return Optional.of(mu(NameNumber.SIGN_MU));
    }
    return name.modifiers().contains(MethodModifier.SIGN) ? Optional.of(0.0) : Optional.empty();
  }

  /**
   * Returns whether LRP starts with 1 at the target rather than with its score.
   *
   * @return false by default
   */
  public boolean startsAtOne() {
    return get(MethodOption.START).equals("one");
  }

  /**
   * Returns the stabilizer of denominators.
   *
   * @return the number that is added away from 0; 1e-7, added at 0 only, where {@link
   *     #isStrictlyStabilized()}
   */
  public double stabilizer() {
    return stabilizerValue() instanceof Double number ? number : 1e-7;
  }

  /**
   * Returns whether denominators are changed at 0 only.
   *
   * @return false by default
   */
  public boolean isStrictlyStabilized() {
    return "strict".equals(stabilizerValue());
  }

  Object stabilizerValue() {
    Object value = get(MethodOption.STABILIZER);
    return name.base().isDeepTaylor() && !options.has(MethodOption.STABILIZER)
        ? get(MethodOption.EPSILON)
        : value;
  }

  /**
   * Returns the canonizers.
   *
   * @return names or canonizers, by default {@code merge_batch_norm} and {@code residual_sum}
   */
  public List<Object> canonizers() {
    return List.copyOf((List<?>) get(MethodOption.CANONIZERS));
  }

  /**
   * Returns the number of intervals of integrated gradients.
   *
   * @return 1 or above
   */
  public int steps() {
    return (Integer) get(MethodOption.STEPS);
  }

  /**
   * Returns the reference input.
   *
   * @return a Double, a list of Doubles or a tensor
   */
  public Object baseline() {
    return get(MethodOption.BASELINE);
  }

  /**
   * Returns the standard deviation of the noise.
   *
   * @return 0 or above, relative to the sample's range if {@link #isNoiseRelative()}
   */
  public double noiseLevel() {
    return (Double) get(MethodOption.NOISE_LEVEL);
  }

  /**
   * Returns whether the noise level is a multiple of the sample's range.
   *
   * @return true by default
   */
  public boolean isNoiseRelative() {
    return get(MethodOption.NOISE_SCALE).equals("relative");
  }

  /**
   * Returns the number of noisy copies.
   *
   * @return 1 or above; void where {@link #noise()} is given
   */
  public int numSamples() {
    return (Integer) get(MethodOption.NUM_SAMPLES);
  }

  /**
   * Returns the noise that the caller brings.
   *
   * @return a tensor (n,B,...), where given
   */
  public Optional<Object> noise() {
    return value(MethodOption.NOISE);
  }

  /**
   * Returns the seed of the random generator.
   *
   * @return an unsigned number of 32 bits
   */
  public long seed() {
    return (Long) get(MethodOption.SEED);
  }

  /**
   * Returns the layer of a class activation map.
   *
   * @return the layer's name; empty where it is found automatically
   */
  public Optional<String> targetLayer() {
    return value(MethodOption.TARGET_LAYER).map(String.class::cast);
  }

  /**
   * Returns the size of an occluding window.
   *
   * @return one number for all spatial axes or one each
   */
  public List<Integer> window() {
    return counts(MethodOption.WINDOW);
  }

  /**
   * Returns the distance between windows.
   *
   * @return one number for all spatial axes or one each; the size of the window by default
   */
  public List<Integer> stride() {
    return options.has(MethodOption.STRIDE) ? counts(MethodOption.STRIDE) : window();
  }

  /**
   * Returns what a window is filled with.
   *
   * @return 0 by default
   */
  public double fill() {
    return (Double) get(MethodOption.FILL);
  }

  /**
   * Returns how many changed copies of the input run at once.
   *
   * @return 1 by default
   */
  public int batchSize() {
    return (Integer) get(MethodOption.BATCH_SIZE);
  }

  /**
   * Returns a text that is equal for methods that are equal by definition, whatever their names:
   * the base, the rules in their simplest form and all parameters. Tensors are named by identity.
   *
   * @param convolutions whether the network has convolutions; without them the rules that
   *     composites keep for convolutions do not matter
   * @return the definition
   */
  public String definition(boolean convolutions) {
    return Definitions.of(this, convolutions);
  }

  /** The canonical name and the options that the caller set. */
  @Override
  public String toString() {
    return options.isEmpty() ? name.canonical() : name.canonical() + " " + options;
  }

  // Values

  Optional<Object> find(MethodOption option) {
    return options.get(option).or(() -> MethodTables.defaultOf(name, option));
  }

  Object get(MethodOption option) {
    if (!used.contains(option)) {
      throw new Zennit4jException(new OptionChecks(this).unused(List.of(option)));
    }
    return find(option).orElseThrow(() -> new OptionChecks(this).missing(option));
  }

  private boolean flag(MethodOption option) {
    return (Boolean) get(option);
  }

  private List<Integer> counts(MethodOption option) {
    return ((List<?>) get(option)).stream().map(Integer.class::cast).toList();
  }

  Object mu(NameNumber number) {
    return options.get(MethodOption.MU).orElseGet(() -> name.value(number).orElse(0));
  }
}
