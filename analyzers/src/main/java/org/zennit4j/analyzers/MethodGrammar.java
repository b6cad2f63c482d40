/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.analyzers;

import static org.zennit4j.analyzers.BaseMethod.DECONVNET;
import static org.zennit4j.analyzers.BaseMethod.DEEPLIFT;
import static org.zennit4j.analyzers.BaseMethod.DEEP_TAYLOR;
import static org.zennit4j.analyzers.BaseMethod.DEEP_TAYLOR_BOUNDED;
import static org.zennit4j.analyzers.BaseMethod.GRADIENT;
import static org.zennit4j.analyzers.BaseMethod.GRAD_CAM;
import static org.zennit4j.analyzers.BaseMethod.GUIDED_BACKPROP;
import static org.zennit4j.analyzers.BaseMethod.GUIDED_GRAD_CAM;
import static org.zennit4j.analyzers.BaseMethod.INTEGRATED_GRADIENTS;
import static org.zennit4j.analyzers.BaseMethod.LRP_ADVANCED;
import static org.zennit4j.analyzers.BaseMethod.LRP_ALPHABETA;
import static org.zennit4j.analyzers.BaseMethod.LRP_RULES;
import static org.zennit4j.analyzers.BaseMethod.LRP_SEQUENTIAL;
import static org.zennit4j.analyzers.BaseMethod.OCCLUSION;
import static org.zennit4j.analyzers.BaseMethod.RANDOM_UNIFORM;
import static org.zennit4j.analyzers.BaseMethod.SMOOTHGRAD;
import static org.zennit4j.analyzers.BaseMethod.VARGRAD;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The grammar of method names as tables. A name is a list of words between underscores; the longest
 * phrase that a table has decides. Aliases are phrases of the same entry.
 */
final class MethodGrammar {

  /** The kinds of numbers that may follow a label. */
  enum Shape {
    /** Digits. */
    INTEGER,
    /** Digits, and after an underscore the digits behind the decimal point. */
    DECIMAL,
    /** The same, after {@code neg_} if it is negative. */
    SIGNED
  }

  /**
   * A place for a number.
   *
   * @param labels the phrases that may stand before the number, the empty one for a bare number
   */
  record Slot(List<String> labels, NameNumber number, Shape shape, boolean required) {}

  /**
   * What may follow a head, before the modifiers.
   *
   * @param slots places for numbers
   * @param anyOrder whether the slots may be filled in any order
   */
  record Form(List<Slot> slots, boolean anyOrder) {
    static final Form NONE = new Form(List.of(), false);

    static Form ordered(Slot... slots) {
      return new Form(List.of(slots), false);
    }

    Form and(Slot slot) {
      List<Slot> all = new ArrayList<>(slots);
      all.add(slot);
      return new Form(List.copyOf(all), anyOrder);
    }
  }

  /**
   * The beginning of a name.
   *
   * @param inputRule null outside LRP with rules in the name
   * @param core null outside LRP with rules in the name
   * @param form what may follow
   * @param numbers numbers that the phrase itself stands for
   * @param modifiers modifiers that the phrase itself stands for
   */
  record Head(
      BaseMethod base,
      InputRule inputRule,
      CoreRule core,
      Form form,
      Map<NameNumber, String> numbers,
      Set<MethodModifier> modifiers) {

    static Head of(BaseMethod base, Form form) {
      return new Head(base, null, null, form, Map.of(), Set.of());
    }

    static Head lrp(InputRule inputRule, CoreRule core, Form form) {
      return new Head(LRP_RULES, inputRule, core, form, Map.of(), Set.of());
    }

    Head with(Map<NameNumber, String> values) {
      return new Head(base, inputRule, core, Form.NONE, values, modifiers);
    }

    Head with(MethodModifier modifier) {
      return new Head(base, inputRule, core, form, numbers, Set.of(modifier));
    }

    Head with(Form other) {
      return new Head(base, inputRule, core, other, numbers, modifiers);
    }
  }

  /** Phrases of words, looked up by the longest one that a list of words continues with. */
  static final class Phrases<T> {
    private final Map<List<String>, T> entries = new HashMap<>();
    private int longest;

    private void put(String phrase, T value) {
      List<String> words = words(phrase);
      longest = Math.max(longest, words.size());
      if (entries.put(words, value) != null) {
        throw new IllegalStateException("phrase twice: " + phrase);
      }
    }

    /** The longest phrase that the words have at a place. */
    Optional<Match<T>> match(List<String> words, int at) {
      for (int length = Math.min(longest, words.size() - at); length > 0; length--) {
        T value = entries.get(words.subList(at, at + length));
        if (value != null) {
          return Optional.of(new Match<>(value, at + length));
        }
      }
      return Optional.empty();
    }
  }

  /** An entry and the place behind its phrase. */
  record Match<T>(T value, int end) {}

  private static final Slot EPSILON = bare(NameNumber.EPSILON, false);
  private static final Slot RULE_MU = labelled(NameNumber.RULE_MU, Shape.SIGNED, "mu");

  private static final Form NOISY =
      new Form(
          List.of(
              labelled(NameNumber.NOISE_LEVEL, Shape.DECIMAL, "noise"),
              labelled(NameNumber.NUM_SAMPLES, Shape.INTEGER, "samples", "num_samples")),
          true);

  /** The words that turn the number of an Epsilon core into a factor of the standard deviation. */
  static final List<String> STD_X = words("std_x");

  /** The number after {@code _x_sign_mu}. */
  static final Slot SIGN_MU =
      new Slot(List.of(""), NameNumber.SIGN_MU, Shape.SIGNED, /* required= */ false);

  /** The methods without rules in their names, and all aliases of theirs. */
  private static final Map<Head, List<String>> METHODS = new LinkedHashMap<>();

  static {
    Head gradient = Head.of(GRADIENT, Form.NONE);
    METHODS.put(gradient, List.of("gradient", "gradients", "vanilla_gradients"));
    METHODS.put(gradient.with(MethodModifier.INPUT), List.of("input_t_gradient"));
    METHODS.put(
        Head.of(GUIDED_BACKPROP, Form.NONE),
        List.of("guided_backprop", "guidedbackprop", "guided_backpropagation"));
    METHODS.put(Head.of(DECONVNET, Form.NONE), List.of("deconvnet", "deconvolution", "deconv"));
    METHODS.put(Head.of(DEEP_TAYLOR, Form.NONE), List.of("deep_taylor", "deeptaylor"));
    METHODS.put(
        Head.of(DEEP_TAYLOR_BOUNDED, Form.NONE),
        List.of("deep_taylor_bounded", "deeptaylor_bounded"));
    METHODS.put(Head.of(DEEPLIFT, Form.NONE), List.of("deeplift", "deep_lift", "deeplift_method"));
    METHODS.put(Head.of(OCCLUSION, Form.NONE), List.of("occlusion", "occlusion_sensitivity"));
    METHODS.put(Head.of(RANDOM_UNIFORM, Form.NONE), List.of("random_uniform"));
    METHODS.put(
        Head.of(
            INTEGRATED_GRADIENTS, Form.ordered(labelled(NameNumber.STEPS, Shape.INTEGER, "steps"))),
        List.of(
            "integrated_gradients",
            "integratedgradients",
            "integrated_gradient",
            "integratedgradient"));
    METHODS.put(Head.of(SMOOTHGRAD, NOISY), List.of("smoothgrad", "smooth_gradients"));
    METHODS.put(Head.of(VARGRAD, NOISY), List.of("vargrad"));
    METHODS.put(Head.of(GRAD_CAM, Form.NONE), List.of("grad_cam", "gradcam"));
    METHODS.put(Head.of(GUIDED_GRAD_CAM, Form.NONE), List.of("guided_grad_cam", "guided_gradcam"));
    METHODS.put(Head.of(BaseMethod.LRP, Form.NONE), List.of("lrp"));
    METHODS.put(
        Head.of(LRP_ALPHABETA, Form.NONE),
        List.of("lrp_alphabeta", "lrp_alpha_beta", "lrp.alpha_beta"));
    METHODS.put(Head.of(LRP_ADVANCED, Form.NONE), List.of("lrp_advanced"));
    METHODS.put(Head.of(LRP_SEQUENTIAL, Form.NONE), List.of("lrp_sequential"));
  }

  /** A core as it is written: the phrases, and what may follow them. */
  record Core(CoreRule rule, Form form, List<String> phrases) {}

  private static final List<Core> CORES =
      List.of(
          new Core(CoreRule.Z, Form.NONE, List.of("z")),
          new Core(CoreRule.Z_PLUS, Form.NONE, List.of("z_plus", "zplus")),
          new Core(CoreRule.FLAT, Form.NONE, List.of("flat")),
          new Core(CoreRule.W_SQUARE, Form.NONE, List.of("w_square", "wsquare")),
          new Core(CoreRule.GAMMA, Form.ordered(bare(NameNumber.GAMMA, false)), List.of("gamma")),
          new Core(CoreRule.EPSILON, Form.ordered(EPSILON), List.of("epsilon")),
          new Core(
              CoreRule.STDX_EPSILON,
              Form.ordered(
                  new Slot(List.of("stdfactor", ""), NameNumber.STD_FACTOR, Shape.DECIMAL, false)),
              List.of("stdxepsilon")),
          new Core(
              CoreRule.ALPHA_BETA,
              Form.ordered(
                  bare(NameNumber.ALPHA, true),
                  new Slot(List.of("beta"), NameNumber.BETA, Shape.DECIMAL, true)),
              List.of("alpha")),
          new Core(CoreRule.SEQUENTIAL_COMPOSITE_A, Form.NONE, List.of("sequential_composite_a")),
          new Core(CoreRule.SEQUENTIAL_COMPOSITE_B, Form.NONE, List.of("sequential_composite_b")));

  /** All beginnings of names. */
  static final Phrases<Head> HEADS = new Phrases<>();

  static {
    METHODS.forEach((head, phrases) -> phrases.forEach(phrase -> HEADS.put(phrase, head)));
    for (InputRule inputRule : InputRule.values()) {
      for (Core core : CORES) {
        Form form = inputRule == InputRule.SIGN ? core.form().and(RULE_MU) : core.form();
        Head head = Head.lrp(inputRule, core.rule(), form);
        core.phrases().forEach(phrase -> HEADS.put(inputRule.prefix() + "_" + phrase, head));
      }
    }
    Head signed = Head.lrp(InputRule.SIGN, CoreRule.EPSILON, Form.NONE);
    for (String epsilon : List.of("20", "100")) {
      HEADS.put(
          "lrpsign_epsilon_" + epsilon + "_improved",
          signed.with(Map.of(NameNumber.EPSILON, epsilon)).with(Form.ordered(RULE_MU)));
    }
    for (CoreRule core :
        List.of(
            CoreRule.Z,
            CoreRule.EPSILON,
            CoreRule.W_SQUARE,
            CoreRule.FLAT,
            CoreRule.SEQUENTIAL_COMPOSITE_A,
            CoreRule.SEQUENTIAL_COMPOSITE_B)) {
      HEADS.put("lrp." + core.text(), dotted(core));
    }
    HEADS.put("lrp.stdxepsilon", dotted(CoreRule.STDX_EPSILON));
    Head alphaBeta = dotted(CoreRule.ALPHA_BETA);
    HEADS.put(
        "lrp.alpha_1_beta_0", alphaBeta.with(Map.of(NameNumber.ALPHA, "1", NameNumber.BETA, "0")));
    HEADS.put(
        "lrp.alpha_2_beta_1", alphaBeta.with(Map.of(NameNumber.ALPHA, "2", NameNumber.BETA, "1")));
    for (CoreRule core : CoreRule.values()) {
      if (core.isDotted()) {
        HEADS.put(core.text(), dotted(core));
      }
    }
  }

  /** All modifiers. */
  static final Phrases<MethodModifier> MODIFIERS = new Phrases<>();

  static {
    MODIFIERS.put("x_input", MethodModifier.INPUT);
    MODIFIERS.put("times_input", MethodModifier.INPUT);
    MODIFIERS.put("x_sign", MethodModifier.SIGN);
    MODIFIERS.put("x_sign_mu", MethodModifier.SIGN_MU);
  }

  /** All suffixes. */
  static final Phrases<MethodSuffix> SUFFIXES = new Phrases<>();

  static {
    for (MethodSuffix suffix : MethodSuffix.values()) {
      SUFFIXES.put(suffix.text().toLowerCase(Locale.ROOT), suffix);
    }
  }

  /** Methods of SIGN-XAI or SignXAI2 that are none here, and why not. */
  static final Phrases<String> NOT_PROVIDED = new Phrases<>();

  static {
    for (String phrase :
        List.of(
            "xgradcam",
            "xgrad_cam",
            "x_grad_cam",
            "pattern_net",
            "patternnet",
            "pattern.net",
            "pattern_attribution",
            "patternattribution",
            "pattern.attribution")) {
      NOT_PROVIDED.put(phrase, phrase + " is not provided");
    }
    for (String attributor : List.of("score_cam", "layer_cam", "eigen_cam", "grad_cam_pp")) {
      for (String phrase : List.of(attributor, attributor.replace("_", ""))) {
        String text = phrase + " is not provided as a method; use --attributor " + attributor;
        NOT_PROVIDED.put(phrase, text);
      }
    }
  }

  private MethodGrammar() {}

  private static Slot bare(NameNumber number, boolean required) {
    return new Slot(List.of(""), number, Shape.DECIMAL, required);
  }

  private static Slot labelled(NameNumber number, Shape shape, String... labels) {
    return new Slot(List.of(labels), number, shape, /* required= */ false);
  }

  private static Head dotted(CoreRule core) {
    return Head.lrp(InputRule.SAME_AS_CORE, core, Form.NONE);
  }

  /** The words of a phrase; none for the empty phrase. */
  static List<String> words(String phrase) {
    return phrase.isEmpty() ? Collections.emptyList() : List.of(phrase.split("_", /* limit= */ -1));
  }
}
