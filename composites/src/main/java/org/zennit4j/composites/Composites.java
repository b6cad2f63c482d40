/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.composites;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.zennit4j.registry.Argument;
import org.zennit4j.registry.Argument.Kind;
import org.zennit4j.registry.Entry;
import org.zennit4j.rules.AlphaBeta;
import org.zennit4j.rules.Bound;
import org.zennit4j.rules.Epsilon;
import org.zennit4j.rules.Flat;
import org.zennit4j.rules.Gamma;
import org.zennit4j.rules.Norm;
import org.zennit4j.rules.Pass;
import org.zennit4j.rules.ReLUBetaSmooth;
import org.zennit4j.rules.ReLUDeconvNet;
import org.zennit4j.rules.ReLUGuidedBackprop;
import org.zennit4j.rules.Rule;
import org.zennit4j.rules.Stabilizer;
import org.zennit4j.rules.ZBox;
import org.zennit4j.rules.ZPlus;
import org.zennit4j.rules.ZeroParams;

/**
 * Zennit's named composites, without canonizers.
 *
 * <p>Unless noted, activations and batch normalisations have Pass, sums and average poolings Norm,
 * and fully connected layers ({@code torch.nn.Linear}) Epsilon; layers without a rule have their
 * gradient. The choice of rules by depth is from M. Kohlbrenner et al., Towards best practice in
 * explaining neural network decisions with LRP, 2020.
 */
public final class Composites {
  private Composites() {}

  /**
   * Convolutions have ZPlus.
   *
   * @return the composite {@code epsilon_plus}
   */
  public static Composite epsilonPlus() {
    return epsilonPlus(PresetArguments.defaults());
  }

  /**
   * Convolutions have ZPlus.
   *
   * @param arguments epsilon, stabilizer, zeroParams, layerMap
   * @return the composite {@code epsilon_plus}
   */
  public static Composite epsilonPlus(PresetArguments arguments) {
    return layerMap(withBase(arguments, zplus(arguments)));
  }

  /**
   * The first linear layer has Flat, convolutions ZPlus.
   *
   * @return the composite {@code epsilon_plus_flat}
   */
  public static Composite epsilonPlusFlat() {
    return epsilonPlusFlat(PresetArguments.defaults());
  }

  /**
   * The first linear layer has Flat, convolutions ZPlus.
   *
   * @param arguments epsilon, stabilizer, zeroParams, layerMap, firstMap
   * @return the composite {@code epsilon_plus_flat}
   */
  public static Composite epsilonPlusFlat(PresetArguments arguments) {
    return special(
        withBase(arguments, zplus(arguments)), first(arguments, Types.LINEAR, flat(arguments)));
  }

  /**
   * Convolutions have AlphaBeta(2, 1).
   *
   * @return the composite {@code epsilon_alpha2_beta1}
   */
  public static Composite epsilonAlpha2Beta1() {
    return epsilonAlpha2Beta1(PresetArguments.defaults());
  }

  /**
   * Convolutions have AlphaBeta(2, 1).
   *
   * @param arguments epsilon, stabilizer, zeroParams, layerMap
   * @return the composite {@code epsilon_alpha2_beta1}
   */
  public static Composite epsilonAlpha2Beta1(PresetArguments arguments) {
    return layerMap(withBase(arguments, alpha2Beta1(arguments)));
  }

  /**
   * The first linear layer has Flat, convolutions AlphaBeta(2, 1).
   *
   * @return the composite {@code epsilon_alpha2_beta1_flat}
   */
  public static Composite epsilonAlpha2Beta1Flat() {
    return epsilonAlpha2Beta1Flat(PresetArguments.defaults());
  }

  /**
   * The first linear layer has Flat, convolutions AlphaBeta(2, 1).
   *
   * @param arguments epsilon, stabilizer, zeroParams, layerMap, firstMap
   * @return the composite {@code epsilon_alpha2_beta1_flat}
   */
  public static Composite epsilonAlpha2Beta1Flat(PresetArguments arguments) {
    return special(
        withBase(arguments, alpha2Beta1(arguments)),
        first(arguments, Types.LINEAR, flat(arguments)));
  }

  /**
   * The first convolution has ZBox, the others Gamma.
   *
   * @param low the smallest value of the input
   * @param high the largest value of the input
   * @return the composite {@code epsilon_gamma_box}
   */
  public static Composite epsilonGammaBox(double low, double high) {
    return epsilonGammaBox(PresetArguments.defaults().withBounds(Bound.of(low), Bound.of(high)));
  }

  /**
   * The first convolution has ZBox, the others Gamma.
   *
   * @param arguments low, high (needed), epsilon, gamma, stabilizer, zeroParams, layerMap, firstMap
   * @return the composite {@code epsilon_gamma_box}
   * @throws CompositeException if there are no bounds
   */
  public static Composite epsilonGammaBox(PresetArguments arguments) {
    if (arguments.low() == null || arguments.high() == null) {
      throw new CompositeException("epsilon_gamma_box needs the bounds low and high of the input");
    }
    ZeroParams zero = arguments.zeroParamsOr(ZeroParams.none());
    Rule gamma = new Gamma(arguments.gamma(), arguments.stabilizer(), zero);
    Rule box = new ZBox(arguments.low(), arguments.high(), arguments.stabilizer(), zero);
    return special(withBase(arguments, gamma), first(arguments, Types.CONVOLUTION, box));
  }

  /**
   * ReLUs pass positive gradients only, whatever their input; all else has its gradient.
   *
   * @return the composite {@code deconvnet}
   */
  public static Composite deconvnet() {
    return deconvnet(PresetArguments.defaults());
  }

  /**
   * ReLUs pass positive gradients only, whatever their input; all else has its gradient.
   *
   * @param arguments layerMap
   * @return the composite {@code deconvnet}
   */
  public static Composite deconvnet(PresetArguments arguments) {
    return relu(arguments, new ReLUDeconvNet());
  }

  /**
   * ReLUs pass their gradient where it arrives positive; all else has its gradient.
   *
   * @return the composite {@code guided_backprop}
   */
  public static Composite guidedBackprop() {
    return guidedBackprop(PresetArguments.defaults());
  }

  /**
   * ReLUs pass their gradient where it arrives positive; all else has its gradient.
   *
   * @param arguments layerMap
   * @return the composite {@code guided_backprop}
   */
  public static Composite guidedBackprop(PresetArguments arguments) {
    return relu(arguments, new ReLUGuidedBackprop());
  }

  /**
   * ReLUs have the gradient of a softplus; all else has its gradient.
   *
   * @return the composite {@code beta_smooth}
   */
  public static Composite betaSmooth() {
    return betaSmooth(PresetArguments.defaults());
  }

  /**
   * ReLUs have the gradient of a softplus; all else has its gradient.
   *
   * @param arguments betaSmooth, layerMap
   * @return the composite {@code beta_smooth}
   */
  public static Composite betaSmooth(PresetArguments arguments) {
    return relu(arguments, new ReLUBetaSmooth(arguments.betaSmooth()));
  }

  /**
   * Excitation backpropagation: every linear layer has ZPlus, sums and average poolings Norm;
   * activations and batch normalisations keep their gradient.
   *
   * @return the composite {@code excitation_backprop}
   */
  public static Composite excitationBackprop() {
    return excitationBackprop(PresetArguments.defaults());
  }

  /**
   * Excitation backpropagation: every linear layer has ZPlus, sums and average poolings Norm;
   * activations and batch normalisations keep their gradient.
   *
   * @param arguments stabilizer, zeroParams, layerMap
   * @return the composite {@code excitation_backprop}
   */
  public static Composite excitationBackprop(PresetArguments arguments) {
    List<MapEntry> entries = new ArrayList<>(arguments.layerMap());
    entries.add(MapEntry.of(new Norm(arguments.stabilizer()), Types.SUM));
    entries.add(MapEntry.of(new Norm(arguments.stabilizer()), Types.AVG_POOL));
    entries.add(
        MapEntry.of(
            new ZPlus(arguments.stabilizer(), arguments.zeroParamsOr(ZeroParams.none())),
            Types.LINEAR));
    return layerMap(entries);
  }

  /**
   * A rule for each operator: attention, normalisations, gates and residual sums keep relevance
   * meaningful. See {@link AttnLrp}.
   *
   * @return the composite {@code attn_lrp}
   */
  public static Composite attnLrp() {
    return new AttnLrp(false);
  }

  /**
   * A rule for each operator. See {@link AttnLrp}.
   *
   * @param arguments epsilon, gamma (0 for Epsilon), zeroParams, layerMap
   * @return the composite {@code attn_lrp}
   */
  public static Composite attnLrp(PresetArguments arguments) {
    return perOperator(false, arguments);
  }

  /**
   * As {@link #attnLrp()}, with attention weights and gates that count as constant.
   *
   * @return the composite {@code cp_lrp}
   */
  public static Composite cpLrp() {
    return new AttnLrp(true);
  }

  /**
   * As {@link #attnLrp()}, with attention weights and gates that count as constant.
   *
   * @param arguments epsilon, gamma (0 for Epsilon), zeroParams, layerMap
   * @return the composite {@code cp_lrp}
   */
  public static Composite cpLrp(PresetArguments arguments) {
    return perOperator(true, arguments);
  }

  private static Composite perOperator(boolean constantWeights, PresetArguments arguments) {
    return new AttnLrp(
        constantWeights,
        arguments.gamma(),
        arguments.epsilon(),
        arguments.zeroParamsOr(ZeroParams.none()),
        arguments.layerMap(),
        List.of(),
        true);
  }

  private static Rule zplus(PresetArguments arguments) {
    return new ZPlus(arguments.stabilizer(), arguments.zeroParamsOr(ZeroParams.none()));
  }

  private static Rule alpha2Beta1(PresetArguments arguments) {
    return new AlphaBeta(2, 1, arguments.stabilizer(), arguments.zeroParamsOr(ZeroParams.none()));
  }

  private static Rule flat(PresetArguments arguments) {
    return new Flat(arguments.stabilizer(), arguments.zeroParamsOr(ZeroParams.none()));
  }

  private static List<MapEntry> base(Stabilizer stabilizer) {
    return List.of(
        MapEntry.of(new Pass(), Types.ACTIVATION),
        MapEntry.of(new Norm(stabilizer), Types.SUM),
        MapEntry.of(new Norm(stabilizer), Types.AVG_POOL),
        MapEntry.of(new Pass(), Types.BATCH_NORM));
  }

  private static List<MapEntry> withBase(PresetArguments arguments, Rule convolution) {
    List<MapEntry> entries = new ArrayList<>(arguments.layerMap());
    entries.addAll(base(arguments.stabilizer()));
    entries.add(MapEntry.of(convolution, Types.CONVOLUTION));
    entries.add(
        MapEntry.of(
            new Epsilon(arguments.epsilon(), arguments.zeroParamsOr(ZeroParams.none())),
            Types.TORCH_LINEAR));
    return entries;
  }

  private static List<MapEntry> first(PresetArguments arguments, String type, Rule rule) {
    List<MapEntry> entries = new ArrayList<>(arguments.firstMap());
    entries.add(MapEntry.of(rule, type));
    return entries;
  }

  private static Composite relu(PresetArguments arguments, Rule rule) {
    List<MapEntry> entries = new ArrayList<>(arguments.layerMap());
    entries.add(MapEntry.of(rule, Types.TORCH_RELU));
    return layerMap(entries);
  }

  private static Composite layerMap(List<MapEntry> entries) {
    return new LayerMapComposite(entries, List.of(), false, false);
  }

  private static Composite special(List<MapEntry> entries, List<MapEntry> first) {
    return new SpecialFirstLayerMapComposite(entries, first, List.of(), false, false);
  }

  /** The composites by name. */
  static List<Entry<Composite>> entries() {
    return List.of(
        preset(
            "epsilon_plus",
            "ZPlus for convolutions, Epsilon for linear layers",
            Composites::epsilonPlus,
            PresetArguments.named("epsilon", "stabilizer", "zero_params", "layer_map")),
        preset(
            "epsilon_plus_flat",
            "as epsilon_plus, Flat for the first layer",
            Composites::epsilonPlusFlat,
            PresetArguments.named(
                "epsilon", "stabilizer", "zero_params", "layer_map", "first_map")),
        preset(
            "epsilon_alpha2_beta1",
            "AlphaBeta(2, 1) for convolutions, Epsilon for linear layers",
            Composites::epsilonAlpha2Beta1,
            PresetArguments.named("epsilon", "stabilizer", "zero_params", "layer_map")),
        preset(
            "epsilon_alpha2_beta1_flat",
            "as epsilon_alpha2_beta1, Flat for the first layer",
            Composites::epsilonAlpha2Beta1Flat,
            PresetArguments.named(
                "epsilon", "stabilizer", "zero_params", "layer_map", "first_map")),
        preset(
            "epsilon_gamma_box",
            "ZBox for the first convolution, Gamma for the others, Epsilon for linear layers",
            Composites::epsilonGammaBox,
            PresetArguments.named(
                "low",
                "high",
                "gamma",
                "epsilon",
                "stabilizer",
                "zero_params",
                "layer_map",
                "first_map")),
        preset(
            "excitation_backprop",
            "ZPlus for every linear layer; activations keep their gradient",
            Composites::excitationBackprop,
            PresetArguments.named("stabilizer", "zero_params", "layer_map")),
        preset(
            "guided_backprop",
            "gradient; ReLUs let positive gradients through",
            Composites::guidedBackprop,
            PresetArguments.named("layer_map")),
        preset(
            "deconvnet",
            "gradient; ReLUs keep what arrives positive",
            Composites::deconvnet,
            PresetArguments.named("layer_map")),
        preset(
            "beta_smooth",
            "gradient; ReLUs have the gradient of a softplus",
            Composites::betaSmooth,
            PresetArguments.named("beta_smooth", "layer_map")),
        preset(
            "attn_lrp",
            "AttnLRP: a rule for each operator, for attention, normalisations and gates",
            Composites::attnLrp,
            Argument.of("epsilon", Kind.STABILIZER, Stabilizer.of(AttnLrp.DEFAULT_EPSILON)),
            Argument.of("gamma", Kind.NUMBER, 0.0),
            Argument.of("zero_params", Kind.ZERO_PARAMS, null),
            Argument.of("layer_map", Kind.LAYER_MAP, List.of())),
        preset(
            "cp_lrp",
            "as attn_lrp, attention weights and gates constant",
            Composites::cpLrp,
            Argument.of("epsilon", Kind.STABILIZER, Stabilizer.of(AttnLrp.DEFAULT_EPSILON)),
            Argument.of("gamma", Kind.NUMBER, 0.0),
            Argument.of("zero_params", Kind.ZERO_PARAMS, null),
            Argument.of("layer_map", Kind.LAYER_MAP, List.of())));
  }

  private static Entry<Composite> preset(
      String name,
      String description,
      Function<PresetArguments, Composite> factory,
      Argument... arguments) {
    return Entry.of(
        name, Composite.class, description, v -> factory.apply(PresetArguments.of(v)), arguments);
  }
}
