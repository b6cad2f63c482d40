/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.analyzers;

import java.util.Collection;
import java.util.Optional;
import java.util.stream.Collectors;

/** Rules in their simplest form, so that equal definitions are equal texts. */
final class Definitions {
  private Definitions() {}

  static String of(LrpRules rules, ResolvedMethod method, boolean convolutions) {
    String dense = simplest(rules.dense(), method);
    String convolution = simplest(rules.convolution(), method);
    String body =
        convolutions && !dense.equals(convolution)
            ? "dense " + dense + ", convolutions " + convolution
            : dense;
    Optional<LrpRule> first =
        rules
            .input()
            .or(
                () ->
                    rules.leading().filter(lead -> lead.index() == 0).map(LrpRules.Leading::rule));
    String input = first.map(rule -> simplest(rule, method)).orElse(body);
    StringBuilder text = new StringBuilder(body);
    if (!input.equals(body)) {
      text.insert(0, "input " + input + ", ");
    }
    rules
        .leading()
        .filter(lead -> lead.index() > 0)
        .ifPresent(
            lead ->
                text.append(", ")
                    .append(simplest(lead.rule(), method))
                    .append(" until ")
                    .append(lead.index()));
    rules
        .last()
        .map(rule -> simplest(rule, method))
        .filter(last -> !last.equals(body))
        .ifPresent(last -> text.append(", last ").append(last));
    boolean free =
        rules.dense().isFreeOfBias()
            && rules.convolution().isFreeOfBias()
            && first.map(LrpRule::isFreeOfBias).orElse(true)
            && rules.leading().map(lead -> lead.rule().isFreeOfBias()).orElse(true)
            && rules.last().map(LrpRule::isFreeOfBias).orElse(true);
    return rules.zeroBias() && !free ? text + ", no bias" : text.toString();
  }

  private static String simplest(LrpRule rule, ResolvedMethod method) {
    if (rule instanceof LrpRule.Z && !method.isStrictlyStabilized()) {
      return new LrpRule.Epsilon(method.stabilizer()).toString();
    }
    if (rule instanceof LrpRule.Sign) {
      return simplest(new LrpRule.SignMu(0.0), method);
    }
    if (rule instanceof LrpRule.ZPlus) {
      return new LrpRule.AlphaBeta(1, 0).toString();
    }
    if (rule instanceof LrpRule.SignMu sign) {
      return "SignMu[" + identity(sign.mu()) + "]";
    }
    if (rule instanceof LrpRule.ZBox box) {
      return "ZBox[" + identity(box.low()) + ", " + identity(box.high()) + "]";
    }
    return rule.toString();
  }

  /** Numbers, text, flags and lists by value, everything else by class and identity. */
  static String identity(Object value) {
    if (value instanceof Number || value instanceof CharSequence || value instanceof Boolean) {
      return value.toString();
    }
    if (value instanceof Collection<?> values) {
      return values.stream().map(Definitions::identity).collect(Collectors.joining(", ", "[", "]"));
    }
    return value.getClass().getSimpleName() + "@" + System.identityHashCode(value);
  }
}
