/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.analyzers;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.zennit4j.bindings.Zennit4jException;
import org.zennit4j.composites.Canonizer;
import org.zennit4j.composites.Canonizers;
import org.zennit4j.composites.Composite;
import org.zennit4j.composites.KernelComposite;
import org.zennit4j.registry.Entry;
import org.zennit4j.registry.Registry;
import org.zennit4j.rules.Stabilizer;
import org.zennit4j.rules.StrictStabilizer;

/** Makes the composites of LRP and Deep Taylor methods. */
final class MethodComposites {
  private MethodComposites() {}

  /** The composite of a method that has rules or a composite of the caller's own. */
  static Composite of(ResolvedMethod method, int sampleRank, OwnedTensors owned) {
    if (method.rules().isEmpty()) {
      return custom(method);
    }
    LrpRules rules = method.rules().get();
    Stabilizer stabilizer =
        method.isStrictlyStabilized() ? new StrictStabilizer() : Stabilizer.of(method.stabilizer());
    RuleFactory factory = new RuleFactory(stabilizer, rules.zeroBias(), sampleRank, owned);
    return new KernelComposite(
        rules.input().map(factory::of),
        rules.leading().map(leading -> factory.of(leading.rule())),
        rules.leading().map(leading -> leading.index() + 1).orElse(0),
        rules.last().map(factory::of),
        factory.of(rules.dense()),
        factory.of(rules.convolution()),
        !method.name().base().isDeepTaylor(),
        stabilizer,
        canonizers(method.canonizers()),
        /* functional= */ true);
  }

  private static Composite custom(ResolvedMethod method) {
    Object value = method.composite().orElse(null);
    if (!(value instanceof Composite composite)) {
      throw new Zennit4jException(
          method.name() + ": option composite must be a composite, not " + Texts.show(value));
    }
    return method.options().has(MethodOption.CANONIZERS)
        ? composite.withCanonizers(canonizers(method.canonizers()))
        : composite;
  }

  private static List<Canonizer> canonizers(List<Object> values) {
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
