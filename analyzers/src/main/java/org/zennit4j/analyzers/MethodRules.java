/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.analyzers;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.zennit4j.bindings.Zennit4jException;
import org.zennit4j.composites.Canonizer;
import org.zennit4j.composites.Canonizers;
import org.zennit4j.composites.KernelComposite;
import org.zennit4j.registry.Argument;
import org.zennit4j.registry.Entry;
import org.zennit4j.registry.Registry;
import org.zennit4j.rules.Rule;
import org.zennit4j.rules.Rules;
import org.zennit4j.rules.Stabilizer;
import org.zennit4j.rules.StrictStabilizer;
import org.zennit4j.rules.ZeroParams;

/** The rules that a method's name and options stand for, as values. */
final class MethodRules {
  private static final ZeroParams BIAS = ZeroParams.of("bias");
  private static final double TOLERANCE = 1e-9;

  private final ResolvedMethod method;
  private final MethodName name;
  private final Stabilizer stabilizer;
  private final boolean zeroBias;

  private MethodRules(ResolvedMethod method) {
    this.method = method;
    this.name = method.name();
    this.zeroBias = zeroBias(name);
    this.stabilizer =
        method.isStrictlyStabilized() ? new StrictStabilizer() : Stabilizer.of(method.stabilizer());
  }

  /** The composite of a method; empty for methods without rules, and for a caller's composite. */
  static Optional<KernelComposite> of(ResolvedMethod method) {
    BaseMethod base = method.name().base();
    return base.isLrp() || base.isDeepTaylor()
        ? new MethodRules(method).composite()
        : Optional.empty();
  }

  /** Whether the rules of a method take the bias as zero. */
  static boolean zeroBias(MethodName name) {
    return name.ignoresBias()
        || name.base().isDeepTaylor()
        || name.core().filter(CoreRule.DOT_Z_PLUS::equals).isPresent();
  }

  private Optional<KernelComposite> composite() {
    return switch (name.base()) {
      case LRP -> Optional.of(everywhere(plainRule()));
      case LRP_ALPHABETA -> Optional.of(everywhere(rule("alpha_beta")));
      case LRP_SEQUENTIAL -> Optional.of(sequential());
      case LRP_ADVANCED -> advanced();
      case DEEP_TAYLOR, DEEP_TAYLOR_BOUNDED -> Optional.of(deepTaylor());
      default -> Optional.of(named());
    };
  }

  private KernelComposite named() {
    CoreRule core = name.core().orElseThrow();
    Optional<Rule> input = inputRule(name.inputRule().orElseThrow());
    return switch (core) {
      case SEQUENTIAL_COMPOSITE_A -> kernel(input, rule("epsilon"), alphaBeta(1, 0));
      case SEQUENTIAL_COMPOSITE_B -> kernel(input, rule("epsilon"), alphaBeta(2, 1));
      case DOT_RULE_UNTIL_INDEX ->
          composite(
              input,
              Optional.of(untilIndex()),
              (Integer) method.get(MethodOption.INDEX) + 1,
              Optional.empty(),
              rule("epsilon"),
              alphaBeta(2, 1));
      case DOT_Z_PLUS -> kernel(input, alphaBeta(1, 0), alphaBeta(1, 0));
      default -> kernel(input, rule(core.rule()), rule(core.rule()));
    };
  }

  private Optional<Rule> inputRule(InputRule input) {
    if (input == InputRule.SAME_AS_CORE) {
      return Optional.empty();
    }
    boolean threshold = name.numbers().containsKey(NameNumber.RULE_MU);
    return Optional.of(rule(threshold ? "sign_mu" : input.rule()));
  }

  /** The rule of {@code lrp.rule_until_index}; its own epsilon is 1e-6 if nobody sets one. */
  private Rule untilIndex() {
    String rule = (String) method.get(MethodOption.RULE);
    return rule.equals(RuleChoice.EPSILON) && !method.options().has(MethodOption.EPSILON)
        ? rule(rule, Map.of("epsilon", Stabilizer.of(1e-6)))
        : chosen(MethodOption.RULE);
  }

  private Rule plainRule() {
    return method.get(MethodOption.RULE).equals(RuleChoice.ALPHA_BETA)
        ? alphaBeta(1, 0)
        : chosen(MethodOption.RULE);
  }

  private KernelComposite sequential() {
    Rule middle = chosen(MethodOption.MIDDLE_LAYER_RULE);
    return composite(
        Optional.of(chosen(MethodOption.FIRST_LAYER_RULE)),
        Optional.empty(),
        0,
        Optional.of(chosen(MethodOption.LAST_LAYER_RULE)),
        middle,
        middle);
  }

  private Optional<KernelComposite> advanced() {
    RuleType type = RuleType.find((String) method.get(MethodOption.RULE_TYPE)).orElseThrow();
    return switch (type) {
      case ALPHA1BETA0 -> Optional.of(everywhere(alphaBeta(1, 0)));
      case ALPHA2BETA1 -> Optional.of(everywhere(alphaBeta(2, 1)));
      case EPSILON, GAMMA, FLAT, WSQUARE -> Optional.of(everywhere(rule(type.text())));
      case ZBOX -> Optional.of(kernel(Optional.of(rule("zbox")), rule("epsilon"), rule("epsilon")));
      case SEQUENTIAL -> Optional.of(sequential());
      case CUSTOM -> {
        Object unused = method.get(MethodOption.COMPOSITE); // fails if it is missing
        yield Optional.empty();
      }
    };
  }

  private KernelComposite deepTaylor() {
    boolean bounded = method.find(MethodOption.LOW).isPresent();
    return kernel(
        Optional.of(rule(bounded ? "zbox" : "wsquare")), alphaBeta(1, 0), alphaBeta(1, 0));
  }

  private KernelComposite everywhere(Rule rule) {
    return kernel(Optional.empty(), rule, rule);
  }

  private KernelComposite kernel(Optional<Rule> input, Rule dense, Rule convolution) {
    return composite(input, Optional.empty(), 0, Optional.empty(), dense, convolution);
  }

  private KernelComposite composite(
      Optional<Rule> input,
      Optional<Rule> leading,
      int leadingCount,
      Optional<Rule> last,
      Rule dense,
      Rule convolution) {
    return new KernelComposite(
        input,
        leading,
        leadingCount,
        last,
        dense,
        convolution,
        !name.base().isDeepTaylor(),
        stabilizer,
        canonizers(method.canonizers()),
        /* functional= */ true);
  }

  private Rule chosen(MethodOption option) {
    return rule(RuleChoice.entry((String) method.get(option)).name());
  }

  private Rule alphaBeta(double alpha, double beta) {
    return rule("alpha_beta", Map.of("alpha", alpha, "beta", beta));
  }

  private Rule rule(String rule) {
    return rule(rule, Map.of());
  }

  /** A rule with all its arguments, those that are not fixed from the options. */
  private Rule rule(String rule, Map<String, Object> fixed) {
    Entry<Rule> entry = Rules.standard().get(rule);
    Map<String, Object> values = new HashMap<>(fixed);
    for (Argument argument : entry.arguments()) {
      if (!fixed.containsKey(argument.name())) {
        values.put(argument.name(), value(rule, argument.name()));
      }
    }
    return entry.create(values);
  }

  private Object value(String rule, String argument) {
    return switch (argument) {
      case "stabilizer" -> stabilizer;
      case "zero_params" -> zeroParams(rule);
      case "sign_without_bias" -> zeroBias;
      case "report_outside" -> true;
      case "epsilon" -> Stabilizer.of(number(MethodOption.EPSILON));
      case "factor" -> number(MethodOption.STD_FACTOR);
      case "gamma" -> number(MethodOption.GAMMA);
      case "alpha" -> chosenAlphaBeta()[0];
      case "beta" -> chosenAlphaBeta()[1];
      case "low" -> Bounds.bound(method.get(MethodOption.LOW), MethodOption.LOW);
      case "high" -> Bounds.bound(method.get(MethodOption.HIGH), MethodOption.HIGH);
      case "mu" -> Bounds.threshold(method.mu(NameNumber.RULE_MU), MethodOption.MU);
      default -> throw new IllegalStateException("no option for " + rule + ", " + argument);
    };
  }

  /** Flat has no bias, and w² counts none, whatever the name says. */
  private ZeroParams zeroParams(String rule) {
    boolean bias = zeroBias && !rule.equals("flat");
    return bias || rule.equals("wsquare") ? BIAS : ZeroParams.none();
  }

  private double[] chosenAlphaBeta() {
    Optional<Double> alpha = method.options().get(MethodOption.ALPHA).map(Double.class::cast);
    Optional<Double> beta = method.options().get(MethodOption.BETA).map(Double.class::cast);
    double a =
        alpha.orElseGet(() -> beta.map(b -> b + 1).orElseGet(() -> number(MethodOption.ALPHA)));
    double b =
        beta.orElseGet(() -> alpha.map(c -> c - 1).orElseGet(() -> number(MethodOption.BETA)));
    if (!isAlphaBeta(a, b)) {
      throw new Zennit4jException(
          name
              + ": alpha - beta must be 1 and beta >= 0, not alpha "
              + Texts.number(a)
              + " and beta "
              + Texts.number(b));
    }
    return new double[] {a, b};
  }

  /** Whether two numbers are weights of AlphaBeta. */
  static boolean isAlphaBeta(double alpha, double beta) {
    return beta >= 0 && Math.abs(alpha - beta - 1) <= TOLERANCE;
  }

  private double number(MethodOption option) {
    return (Double) method.get(option);
  }

  /** Canonizers, or their names. */
  static List<Canonizer> canonizers(List<Object> values) {
    List<Canonizer> result = new ArrayList<>();
    for (Object value : values) {
      if (value instanceof Canonizer canonizer) {
        result.add(canonizer);
        continue;
      }
      Registry<Canonizer> known = Canonizers.registry();
      Entry<Canonizer> entry = known.find(String.valueOf(value)).orElse(null);
      if (entry == null || !entry.isPlain()) {
        throw new Zennit4jException(
            "unknown canonizer "
                + Texts.quote(String.valueOf(value))
                + "; there are "
                + String.join(
                    ", ",
                    known.entries().stream()
                        .filter(Entry::isPlain)
                        .map(Entry::name)
                        .sorted()
                        .toList())
                + ", or none");
      }
      result.add(entry.create(Map.of()));
    }
    return result;
  }
}
