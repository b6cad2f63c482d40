/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.analyzers;

import java.util.Collection;
import java.util.Map;
import java.util.Optional;
import java.util.StringJoiner;
import java.util.stream.Collectors;
import org.zennit4j.composites.KernelComposite;
import org.zennit4j.rules.AlphaBeta;
import org.zennit4j.rules.Bound;
import org.zennit4j.rules.Epsilon;
import org.zennit4j.rules.Rule;
import org.zennit4j.rules.Sign;
import org.zennit4j.rules.SignMu;
import org.zennit4j.rules.SignThreshold;
import org.zennit4j.rules.Stabilizer;
import org.zennit4j.rules.StrictStabilizer;
import org.zennit4j.rules.Z;
import org.zennit4j.rules.ZBox;
import org.zennit4j.rules.ZPlus;
import org.zennit4j.rules.ZeroParams;

/** Rules in their simplest form, so that equal definitions are equal texts. */
final class Definitions {
  private Definitions() {}

  /** See {@link ResolvedMethod#definition}. */
  static String of(ResolvedMethod method, boolean convolutions) {
    StringJoiner text = new StringJoiner("; ");
    BaseMethod base = method.name().base();
    text.add(base.isLrp() ? "lrp" : base.isDeepTaylor() ? "deep_taylor" : base.text());
    Optional<KernelComposite> rules = method.rules();
    rules.ifPresent(chosen -> text.add(of(chosen, convolutions)));
    for (MethodOption option : method.used()) {
      if (rules.isEmpty() || MethodTables.BESIDE_RULES.contains(option)) {
        value(method, option).ifPresent(value -> text.add(option.key() + " = " + identity(value)));
      }
    }
    if (method.timesInput()) {
      text.add("times input");
    }
    method.signThreshold().ifPresent(mu -> text.add("times sign " + identity(mu)));
    return text.toString();
  }

  private static Optional<Object> value(ResolvedMethod method, MethodOption option) {
    return switch (option) {
      case MU -> Optional.empty(); // part of the rules and of the modifiers
      case STRIDE -> Optional.of(method.stride());
      case STABILIZER -> Optional.of(method.stabilizerValue());
      default -> method.value(option);
    };
  }

  private static String of(KernelComposite rules, boolean convolutions) {
    String dense = text(rules.dense());
    String convolution = text(rules.convolution());
    String body =
        convolutions && !dense.equals(convolution)
            ? "dense " + dense + ", convolutions " + convolution
            : dense;
    boolean first = rules.leadingCount() == 1;
    Optional<Rule> input = rules.input().or(() -> first ? rules.leading() : Optional.empty());
    StringBuilder text = new StringBuilder(body);
    String onInput = input.map(Definitions::text).orElse(body);
    if (!onInput.equals(body)) {
      text.insert(0, "input " + onInput + ", ");
    }
    if (rules.leadingCount() > 1) {
      rules
          .leading()
          .ifPresent(
              rule ->
                  text.append(", ")
                      .append(text(rule))
                      .append(" on the first ")
                      .append(rules.leadingCount()));
    }
    rules
        .last()
        .map(Definitions::text)
        .filter(last -> !last.equals(body))
        .ifPresent(last -> text.append(", last ").append(last));
    return text.toString();
  }

  private static String text(Rule rule) {
    Rule simplest = simplest(rule);
    return simplest.name()
        + simplest.arguments().entrySet().stream()
            .filter(e -> !(simplest instanceof ZBox && e.getKey().equals("zero_params")))
            .map(e -> e.getKey() + "=" + identity(e.getValue()))
            .collect(Collectors.joining(", ", "[", "]"));
  }

  private static Rule simplest(Rule rule) {
    Map<String, Object> arguments = rule.arguments();
    ZeroParams zero = (ZeroParams) arguments.getOrDefault("zero_params", ZeroParams.none());
    Stabilizer stabilizer = (Stabilizer) arguments.get("stabilizer");
    if (rule instanceof Z && !(stabilizer instanceof StrictStabilizer)) {
      return new Epsilon(stabilizer, zero);
    }
    if (rule instanceof Sign) {
      return new SignMu(SignThreshold.of(0), stabilizer, zero);
    }
    return rule instanceof ZPlus ? new AlphaBeta(1, 0, stabilizer, zero) : rule;
  }

  /** Numbers, text, flags, lists and settings by value, everything else by class and identity. */
  static String identity(Object value) {
    if (value instanceof Collection<?> values) {
      return values.stream().map(Definitions::identity).collect(Collectors.joining(", ", "[", "]"));
    }
    if (value instanceof Bound bound && bound.tensor() != null) {
      return identity(bound.tensor());
    }
    boolean byValue =
        value instanceof Number
            || value instanceof CharSequence
            || value instanceof Boolean
            || value instanceof Stabilizer
            || value instanceof ZeroParams
            || value instanceof Bound
            || value instanceof SignThreshold;
    return byValue
        ? value.toString()
        : value.getClass().getSimpleName() + "@" + System.identityHashCode(value);
  }
}
