/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.composites;

import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import org.zennit4j.bindings.internal.NearestNames;
import org.zennit4j.rules.Stabilizer;

/**
 * Composites by name. Immutable: {@link #with} makes a registry that has one more, so that an
 * application's own names are known where it passes its registry on, and nowhere else.
 */
public final class CompositeRegistry {
  private static final CompositeRegistry STANDARD =
      new CompositeRegistry(
          new TreeMap<>(
              Map.ofEntries(
                  Map.entry("epsilon_plus", Composites::epsilonPlus),
                  Map.entry("attn_lrp", Composites::attnLrp),
                  Map.entry("cp_lrp", Composites::cpLrp),
                  Map.entry("epsilon_plus_flat", Composites::epsilonPlusFlat),
                  Map.entry("epsilon_alpha2_beta1", Composites::epsilonAlpha2Beta1),
                  Map.entry("epsilon_alpha2_beta1_flat", Composites::epsilonAlpha2Beta1Flat),
                  Map.entry("epsilon_gamma_box", Composites::epsilonGammaBox),
                  Map.entry("deconvnet", Composites::deconvnet),
                  Map.entry("guided_backprop", Composites::guidedBackprop),
                  Map.entry("beta_smooth", Composites::betaSmooth),
                  Map.entry("excitation_backprop", Composites::excitationBackprop))));

  private final Map<String, Function<PresetArguments, Composite>> factories;

  private CompositeRegistry(Map<String, Function<PresetArguments, Composite>> factories) {
    this.factories = Collections.unmodifiableMap(factories);
  }

  /**
   * Zennit's composites.
   *
   * @return the registry
   */
  public static CompositeRegistry standard() {
    return STANDARD;
  }

  /**
   * A registry with one more composite; it replaces one of the same name.
   *
   * @param name the name, as requests use it
   * @param factory makes the composite from its arguments
   * @return a new registry
   */
  public CompositeRegistry with(String name, Function<PresetArguments, Composite> factory) {
    Map<String, Function<PresetArguments, Composite>> copy = new TreeMap<>(factories);
    copy.put(name, factory);
    return new CompositeRegistry(copy);
  }

  /**
   * The names.
   *
   * @return sorted
   */
  public List<String> names() {
    return List.copyOf(factories.keySet());
  }

  /**
   * The arguments of a composite that a caller did not give.
   *
   * @param name the composite's name
   * @return Zennit's defaults; for {@code attn_lrp} and {@code cp_lrp} epsilon 1e-20 and gamma 0
   */
  public static PresetArguments defaults(String name) {
    boolean perOperator = name.equals("attn_lrp") || name.equals("cp_lrp");
    return perOperator
        ? PresetArguments.defaults()
            .withEpsilon(Stabilizer.of(AttnLrp.DEFAULT_EPSILON))
            .withGamma(0)
        : PresetArguments.defaults();
  }

  /**
   * Makes a composite.
   *
   * @param name its name
   * @param arguments its arguments
   * @return the composite
   * @throws CompositeException if the name is unknown or an argument is missing
   */
  public Composite create(String name, PresetArguments arguments) {
    Function<PresetArguments, Composite> factory = factories.get(name);
    if (factory == null) {
      throw new CompositeException(
          "there is no composite '" + name + "'; the nearest: " + NearestNames.list(name, names()));
    }
    return factory.apply(arguments);
  }
}
