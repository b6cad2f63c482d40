/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.attribution;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.IntFunction;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.zennit4j.bindings.Natives;
import org.zennit4j.bindings.internal.Vectors;

/**
 * What the target takes from the output while only some groups of the inputs are present: the value
 * of a coalition, in float64. One call's state; needs a scope around it.
 */
final class Coalitions {
  private final Attributor attributor;
  private final List<Tensor> inputs;
  private final List<Tensor> fills = new ArrayList<>();
  private final FeatureGroups groups;
  private final AttributionOptions options;
  private final long deadline;
  private final long batch;
  private Tensor weights;
  private Tensor output;
  private double[] whole;
  private final int batchSize;

  /** No coalition is run twice. */
  private final Map<BitSet, double[]> known = new HashMap<>();

  private int done;
  private int total = 1;

  Coalitions(
      Attributor attributor,
      List<Tensor> inputs,
      FeatureCoalitions.Settings settings,
      Target target,
      AttributionOptions options) {
    this.attributor = attributor;
    this.inputs = inputs;
    this.options = options;
    this.deadline = Attributor.deadline(options);
    this.batch = ChunkedPasses.batch(inputs);
    this.groups = FeatureGroups.of(inputs, settings.segments(), settings.patch());
    for (int i = 0; i < inputs.size(); i++) {
      boolean floating = inputs.get(i).is_floating_point();
      fills.add(floating ? Baselines.like(settings.fill(), inputs.get(i), i) : null);
    }
    boolean made = false;
    try {
      attributor.forward(inputs, options, deadline, result -> clean(result, target));
      batchSize =
          attributor.batchSize(settings.batchSize(), inputs, output, false, options, deadline);
      known.put(present(groups()), whole);
      made = true;
    } finally {
      if (!made) {
        release(true);
      }
    }
  }

  private void clean(Tensor result, Target target) {
    Target resolved = target.resolve(result);
    output = Natives.keep(new Tensor(result));
    weights = Natives.keep(resolved.apply(result).to(ScalarType.Double));
    whole = taken(result);
    tell(1);
  }

  /** The values where nothing is present. */
  double[] none() {
    return values(1, k -> new boolean[groups()])[0];
  }

  /** How many evaluations will follow, for the progress. */
  void expect(int evaluations) {
    total = 1 + evaluations;
  }

  int groups() {
    return groups.count();
  }

  int samples() {
    return (int) batch;
  }

  /** The output of the whole inputs, kept. */
  Tensor output() {
    return output;
  }

  /** The value of each sample with everything present. */
  double[] whole() {
    return whole.clone();
  }

  void release(boolean outputToo) {
    Natives.release(weights);
    if (outputToo) {
      Natives.release(output);
    }
  }

  /**
   * The values of coalitions.
   *
   * @param count how many
   * @param present which groups are in a coalition; asked once for each, in ascending order
   * @return by coalition and sample
   */
  double[][] values(int count, IntFunction<boolean[]> present) {
    List<BitSet> asked = new ArrayList<>();
    Set<BitSet> unknown = new LinkedHashSet<>();
    for (int k = 0; k < count; k++) {
      BitSet coalition = present(present.apply(k));
      asked.add(coalition);
      if (!known.containsKey(coalition)) {
        unknown.add(coalition);
      }
    }
    run(List.copyOf(unknown));
    tell(count - unknown.size());
    return asked.stream().map(known::get).map(double[]::clone).toArray(double[][]::new);
  }

  private static BitSet present(boolean[] groups) {
    BitSet set = new BitSet(groups.length);
    for (int g = 0; g < groups.length; g++) {
      set.set(g, groups[g]);
    }
    return set;
  }

  private static BitSet present(int groups) {
    BitSet set = new BitSet(groups);
    set.set(0, groups);
    return set;
  }

  private boolean[] flags(BitSet coalition) {
    boolean[] flags = new boolean[groups()];
    coalition.stream().forEach(g -> flags[g] = true);
    return flags;
  }

  private void run(List<BitSet> coalitions) {
    for (int from = 0; from < coalitions.size(); from += batchSize) {
      int first = from;
      int size = Math.min(batchSize, coalitions.size() - from);
      try (PointerScope scope = new PointerScope()) {
        List<List<Tensor>> copies = new ArrayList<>();
        for (int k = 0; k < size; k++) {
          List<Tensor> copy = new ArrayList<>();
          boolean[] one = flags(coalitions.get(from + k));
          for (int i = 0; i < inputs.size(); i++) {
            copy.add(groups.keep(i, inputs.get(i), fills.get(i), one));
          }
          copies.add(copy);
        }
        ChunkedPasses.forward(
            attributor,
            copies,
            batch,
            options,
            deadline,
            (part, k) -> known.put(coalitions.get(first + k), taken(part)));
      }
      tell(size);
    }
  }

  private double[] taken(Tensor part) {
    Tensor product = part.to(ScalarType.Double).mul(weights);
    return Vectors.doubles(
        ChunkedPasses.perSample(product, batch, "an attributor that leaves features out"));
  }

  private void tell(int evaluations) {
    done += evaluations;
    Attributor.progress(options, Math.min(done, total), total);
  }

  /**
   * Relevances in the inputs' shapes, kept.
   *
   * @param found by sample and group
   */
  List<Tensor> spread(double[][] found) {
    List<Tensor> relevances = new ArrayList<>();
    for (int i = 0; i < inputs.size(); i++) {
      Tensor input = inputs.get(i);
      relevances.add(
          input.is_floating_point() ? Natives.keep(groups.spread(i, input, found)) : null);
    }
    return relevances;
  }
}
