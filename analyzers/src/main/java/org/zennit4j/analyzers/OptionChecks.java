/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.analyzers;

import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.zennit4j.bindings.Zennit4jException;

/** Refuses options that do not belong to a method, are missing, or contradict each other. */
final class OptionChecks {
  private final ResolvedMethod method;
  private final MethodName name;
  private final MethodOptions options;

  OptionChecks(ResolvedMethod method) {
    this.method = method;
    this.name = method.name();
    this.options = method.options();
  }

  void checkChoices() {
    if (name.base() == BaseMethod.LRP_ADVANCED) {
      String type =
          options
              .get(MethodOption.RULE_TYPE)
              .map(String.class::cast)
              .orElseThrow(() -> missing(MethodOption.RULE_TYPE));
      if (RuleType.find(type).isEmpty()) {
        throw unknown(MethodOption.RULE_TYPE, type, RuleType.texts());
      }
    }
    if (name.base() == BaseMethod.LRP) {
      List<String> names = MethodTables.PLAIN_RULES;
      options
          .get(MethodOption.RULE)
          .filter(rule -> !names.contains(rule))
          .ifPresent(
              rule -> {
                throw unknown(MethodOption.RULE, (String) rule, names);
              });
    }
  }

  void checkUsed() {
    List<MethodOption> unused =
        options.options().stream().filter(option -> !method.used().contains(option)).toList();
    if (!unused.isEmpty()) {
      throw new Zennit4jException(unused(unused));
    }
  }

  void checkBounds() {
    if (name.base().isDeepTaylor()
        && options.has(MethodOption.EPSILON)
        && options.has(MethodOption.STABILIZER)) {
      throw new Zennit4jException(
          name + ": epsilon is the stabilizer, set one of epsilon and stabilizer, not both");
    }
    if (!method.used().contains(MethodOption.LOW)) {
      return;
    }
    Optional<Object> low = method.find(MethodOption.LOW);
    Optional<Object> high = method.find(MethodOption.HIGH);
    boolean optional = name.base() == BaseMethod.DEEP_TAYLOR;
    if (low.isEmpty() && high.isEmpty() && optional) {
      return;
    }
    if (low.isEmpty() || high.isEmpty()) {
      throw new Zennit4jException(
          name
              + " needs the options low and high, the bounds of its input"
              + (name.needsBounds() ? ", or the suffix _VGG16ILSVRC" : ""));
    }
    Bounds.checkOrder(name, low.get(), high.get());
  }

  String unused(List<MethodOption> unused) {
    return name
        + " does not use the option "
        + keys(EnumSet.copyOf(unused))
        + "; it uses "
        + keys(method.used());
  }

  Zennit4jException missing(MethodOption option) {
    return new Zennit4jException(
        name + " needs the option " + option.key() + ": " + option.meaning());
  }

  private Zennit4jException unknown(MethodOption option, String value, List<String> known) {
    return new Zennit4jException(
        name
            + ": option "
            + option.key()
            + " must be one of "
            + String.join(", ", known)
            + ", not "
            + Texts.quote(value));
  }

  private static String keys(Set<MethodOption> options) {
    return options.stream().map(MethodOption::key).sorted().collect(Collectors.joining(", "));
  }
}
