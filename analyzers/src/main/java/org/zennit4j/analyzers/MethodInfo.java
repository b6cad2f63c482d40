/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.analyzers;

import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.zennit4j.composites.KernelComposite;
import org.zennit4j.rules.Bound;
import org.zennit4j.rules.Rule;
import org.zennit4j.rules.Rules;
import org.zennit4j.rules.SignedStabilizer;

/**
 * What a method name means: its formula, its options with their defaults, its modifiers, the
 * papers.
 *
 * @param name the canonical name
 * @param formula what is computed; x is the input, f_c the score of the target, G its gradient
 * @param parameters the options that the method uses
 * @param modifiers what the map is multiplied with at the end, as phrases; often empty
 * @param paper where the method was published; a dash if nowhere
 */
public record MethodInfo(
    String name, String formula, List<Parameter> parameters, List<String> modifiers, String paper) {

  /**
   * An option of a method.
   *
   * @param key the option's key
   * @param defaultValue the value where the caller sets none; {@code "required"} if one must be set
   *     and {@code "none"} if none is needed
   * @param meaning what the option does
   */
  public record Parameter(String key, String defaultValue, String meaning) {
    /**
     * Creates the description of an option.
     *
     * @param key the option's key
     * @param defaultValue the value where the caller sets none
     * @param meaning what the option does
     */
    public Parameter {
      Objects.requireNonNull(key, "key");
      Objects.requireNonNull(defaultValue, "defaultValue");
      Objects.requireNonNull(meaning, "meaning");
    }
  }

  /**
   * Creates the description of a method.
   *
   * @param name the canonical name
   * @param formula what is computed
   * @param parameters the options that the method uses
   * @param modifiers what the map is multiplied with at the end
   * @param paper where the method was published
   */
  public MethodInfo {
    Objects.requireNonNull(name, "name");
    Objects.requireNonNull(formula, "formula");
    Objects.requireNonNull(paper, "paper");
    parameters = List.copyOf(parameters);
    modifiers = List.copyOf(modifiers);
  }

  /**
   * Describes a method.
   *
   * @param name any method name
   * @return its description
   * @throws MethodNameException if the text is no name
   */
  public static MethodInfo of(String name) {
    return of(MethodName.parse(name));
  }

  /**
   * Describes a method.
   *
   * @param name any method name
   * @return its description
   */
  public static MethodInfo of(MethodName name) {
    return new MethodInfo(
        name.canonical(), formula(name), parameters(name), modifiers(name), paper(name));
  }

  private static List<Parameter> parameters(MethodName name) {
    Set<MethodOption> possible = MethodTables.possible(name);
    possible.remove(MethodOption.RNG);
    possible.remove(MethodOption.OPTIONAL);
    return possible.stream()
        .map(
            option ->
                new Parameter(option.key(), defaultValue(name, option), meaning(name, option)))
        .toList();
  }

  private static String meaning(MethodName name, MethodOption option) {
    return option == MethodOption.EPSILON && name.base().isDeepTaylor()
        ? MethodOption.STABILIZER.meaning() + " (the same as stabilizer)"
        : option.meaning();
  }

  private static String defaultValue(MethodName name, MethodOption option) {
    return switch (option) {
      case TARGET -> "the class of the highest score, per sample";
      case BATCHED -> "by the rank of the input";
      case TARGET_LAYER -> "automatic";
      case STRIDE -> "window";
      case RULE_TYPE -> "required";
      case COMPOSITE -> "required by rule_type custom";
      case LOW, HIGH ->
          MethodTables.defaultOf(name, option)
              .map(MethodInfo::plain)
              .orElseGet(
                  () ->
                      name.needsBounds()
                          ? "required"
                          : name.base().isDeepTaylor() ? "none" : "required by the rule zbox");
      default -> MethodTables.defaultOf(name, option).map(MethodInfo::plain).orElse("none");
    };
  }

  private static String plain(Object value) {
    if (value instanceof Collection<?> values) {
      return values.stream().map(MethodInfo::plain).collect(Collectors.joining(", "));
    }
    return value instanceof String text ? text : Texts.show(value);
  }

  private static List<String> modifiers(MethodName name) {
    return name.modifiers().stream()
        .map(
            modifier ->
                switch (modifier) {
                  case INPUT -> "times x";
                  case SIGN -> "times sgn(x), +1 at 0";
                  case SIGN_MU ->
                      "times sign_mu(x, "
                          + name.number(NameNumber.SIGN_MU)
                              .map(mu -> mu.toPlainString())
                              .orElse("mu")
                          + "): +1 where x reaches the threshold, else -1";
                })
        .toList();
  }

  private static String formula(MethodName name) {
    return switch (name.base()) {
      case GRADIENT -> "G(x) = df_c/dx";
      case GUIDED_BACKPROP ->
          "df_c/dx, where at each ReLU with input z a gradient g becomes g * 1[z > 0] * 1[g > 0]";
      case DECONVNET -> "df_c/dx, where at each ReLU a gradient g becomes max(g, 0)";
      case INTEGRATED_GRADIENTS ->
          "(x - x0) * sum over k = 0..m of w_k G(x0 + (k/m)(x - x0)) / m, w_0 = w_m = 1/2, else 1;"
              + " x0 = baseline, m = steps";
      case SMOOTHGRAD ->
          "mean over k = 1..n of G(x + s e_k), e_k standard normal, s = noise_level * (max x - min"
              + " x), n = num_samples";
      case VARGRAD ->
          "variance over k = 1..n of G(x + s e_k), e_k standard normal, s = noise_level * (max x -"
              + " min x), n = num_samples";
      case GRAD_CAM -> CAM;
      case GUIDED_GRAD_CAM -> "guided_backprop * grad_cam; " + CAM;
      case DEEPLIFT ->
          "m(x, x0) * (x - x0), multipliers m by the rescale rule: dout/din at a nonlinearity,"
              + " weights elsewhere; x0 = baseline";
      case OCCLUSION ->
          "mean over the windows w that hold a position of f_c(x) - f_c(x with w set to fill)";
      case RANDOM_UNIFORM ->
          "uniform between -1 and 1, MT19937, the same for each channel and sample";
      case LRP_ADVANCED ->
          "LRP from f_c with the rules of rule_type: " + String.join(", ", RuleType.texts());
      case LRP_SEQUENTIAL ->
          "LRP from f_c: first_layer_rule on input layers, last_layer_rule on the last kernel layer,"
              + " middle_layer_rule on the others"
              + biasText(name);
      case DEEP_TAYLOR, DEEP_TAYLOR_BOUNDED -> rules(name, "max(f_c, 0)");
      case LRP, LRP_ALPHABETA, LRP_RULES -> rules(name, "f_c");
    };
  }

  private static final String CAM =
      "M = max(sum over c of w_c A_c, 0) / max M, w_c = mean over space of dA_c, A the target"
          + " layer's output, dA its gradient; resized to the input";

  /** The formulas of the rules, with the numbers of the name and the defaults. */
  private static String rules(MethodName name, String start) {
    MethodOptions options = MethodOptions.none();
    boolean anyBounds = name.needsBounds() && name.suffixLow().isEmpty();
    if (anyBounds) {
      options = options.with(MethodOption.LOW, 0).with(MethodOption.HIGH, 1);
    }
    KernelComposite rules = ResolvedMethod.of(name, options).rules().orElseThrow();
    StringBuilder text = new StringBuilder("LRP from ").append(start);
    rules.input().ifPresent(rule -> append(text, "input layers", rule, anyBounds));
    rules
        .leading()
        .ifPresent(rule -> append(text, "kernel layers 0 to index (option rule)", rule, anyBounds));
    boolean rest = rules.input().isPresent() || rules.leading().isPresent();
    if (rules.dense().equals(rules.convolution())) {
      append(text, rest ? "other kernel layers" : "kernel layers", rules.dense(), false);
    } else {
      append(text, rest ? "other dense layers" : "dense layers", rules.dense(), false);
      append(text, rest ? "other convolutions" : "convolutions", rules.convolution(), false);
    }
    if (MethodRules.zeroBias(name)) {
      text.append("; b = 0");
    }
    return text.toString();
  }

  private static void append(StringBuilder text, String layers, Rule rule, boolean anyBounds) {
    Map<String, String> values = new HashMap<>();
    rule.arguments().forEach((key, value) -> values.put(key, argument(value)));
    if (anyBounds) {
      values.keySet().removeAll(Set.of("low", "high"));
    }
    text.append("; ")
        .append(layers)
        .append(": ")
        .append(Rules.standard().get(rule.name()).formula(values));
  }

  private static String argument(Object value) {
    if (value instanceof SignedStabilizer stabilizer) {
      return Texts.number(stabilizer.epsilon());
    }
    return value instanceof Bound bound && bound.isNumber()
        ? Texts.number(bound.number())
        : Texts.show(value);
  }

  private static String biasText(MethodName name) {
    return name.ignoresBias() ? "; b = 0" : "";
  }

  private static String paper(MethodName name) {
    Set<String> papers = new LinkedHashSet<>();
    paperOf(name.base()).ifPresent(papers::add);
    name.core()
        .filter(core -> core == CoreRule.GAMMA || core == CoreRule.DOT_GAMMA)
        .ifPresent(core -> papers.add("Montavon et al. 2019"));
    name.inputRule().filter(InputRule.SIGN::equals).ifPresent(rule -> papers.add(SIGN_PAPER));
    if (name.modifiers().stream().anyMatch(MethodModifier::isSign)) {
      papers.add(SIGN_PAPER);
    }
    return papers.isEmpty() ? "-" : String.join("; ", papers);
  }

  private static final String SIGN_PAPER = "Gumpfer et al. 2023";

  private static Optional<String> paperOf(BaseMethod base) {
    return switch (base) {
      case GRADIENT -> Optional.of("Simonyan et al. 2013");
      case GUIDED_BACKPROP -> Optional.of("Springenberg et al. 2014");
      case DECONVNET, OCCLUSION -> Optional.of("Zeiler and Fergus 2013");
      case INTEGRATED_GRADIENTS -> Optional.of("Sundararajan et al. 2017");
      case SMOOTHGRAD -> Optional.of("Smilkov et al. 2017");
      case VARGRAD -> Optional.of("Adebayo et al. 2018");
      case GRAD_CAM -> Optional.of("Selvaraju et al. 2017");
      case GUIDED_GRAD_CAM -> Optional.of("Selvaraju et al. 2017; Springenberg et al. 2014");
      case DEEP_TAYLOR, DEEP_TAYLOR_BOUNDED -> Optional.of("Montavon et al. 2017");
      case DEEPLIFT -> Optional.of("Shrikumar et al. 2017");
      case LRP_RULES, LRP, LRP_ALPHABETA, LRP_ADVANCED, LRP_SEQUENTIAL ->
          Optional.of("Bach et al. 2015");
      case RANDOM_UNIFORM -> Optional.empty();
    };
  }
}
