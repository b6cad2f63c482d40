/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.composites;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import org.zennit4j.graph.Program;
import org.zennit4j.graph.ProgramEditor;
import org.zennit4j.model.ScriptModel;
import org.zennit4j.runtime.Variants;

/**
 * The plans of one model and composite in which normalisations stay that cannot be merged for
 * inputs of some numbers of dimensions. A matrix product's outputs lie on the last axis, a batch
 * normalisation works on the one behind the batch: they are the same in (batch, features) and not
 * in (batch, channels, features), and a file does not tell which of the two will come.
 *
 * <p>There are few: one for each combination of dimensions of the inputs at most. Thread-safe.
 */
final class PlanVariants implements Variants, AutoCloseable {
  private final ScriptModel model;
  private final Composite composite;
  private final PlanOptions options;

  /** The dimensions at calls, by those of the inputs. */
  private final Map<List<Integer>, Map<Integer, Integer>> known = new ConcurrentHashMap<>();

  private final Map<Map<Integer, Integer>, Plan> plans = new HashMap<>();

  PlanVariants(ScriptModel model, Composite composite, PlanOptions options) {
    this.model = model;
    this.composite = composite;
    this.options = options;
  }

  /** Asked by every pass: without a lock where nothing is known, as for nearly all networks. */
  @Override
  public Optional<Variant> of(List<Integer> inputs) {
    return Optional.ofNullable(known.get(inputs)).map(this::variant);
  }

  @Override
  public synchronized Optional<Variant> after(int call, int dimensions, List<Integer> inputs) {
    Map<Integer, Integer> all = new TreeMap<>(known.getOrDefault(inputs, Map.of()));
    Integer before = all.put(call, dimensions);
    if (before != null && before != dimensions) {
      // No program would be right, and a variant in which the call is not merged never asks.
      return Optional.empty();
    }
    Variant result = variant(all);
    known.put(inputs, all);
    return Optional.of(result);
  }

  private synchronized Variant variant(Map<Integer, Integer> dimensions) {
    List<String> norms =
        dimensions.keySet().stream()
            .map(call -> "'" + model.program().region(call).name() + "'")
            .distinct()
            .toList();
    String finding =
        (norms.size() == 1 ? "the normalisation " : "the normalisations ")
            + String.join(", ", norms)
            + (norms.size() == 1 ? " works" : " work")
            + " on another axis than the linear layer's outputs for inputs of such a number of dimensions, and"
            + (norms.size() == 1 ? " was" : " were")
            + " not merged";
    return plans.computeIfAbsent(dimensions, this::plan).variant(finding);
  }

  private Plan plan(Map<Integer, Integer> dimensions) {
    try (ProgramEditor editor = model.program().edit()) {
      dimensions.forEach(
          (call, count) -> editor.noteDimensions(model.program().region(call), count));
      Program noted = editor.apply();
      return new Plan(model, composite, noted, options, () -> {});
    }
  }

  /** The same without any rule. */
  Variants bare() {
    return new Variants() {
      @Override
      public Optional<Variant> of(List<Integer> inputs) {
        return PlanVariants.this.of(inputs).map(this::bare);
      }

      @Override
      public Optional<Variant> after(int call, int dimensions, List<Integer> inputs) {
        return PlanVariants.this.after(call, dimensions, inputs).map(this::bare);
      }

      private Variant bare(Variant variant) {
        return new Variant(variant.program(), Map.of(), variant.finding());
      }
    };
  }

  @Override
  public synchronized void close() {
    plans.values().forEach(Plan::close);
    plans.clear();
  }
}
