/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.datasets;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.Supplier;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.zennit4j.attribution.Attribution;
import org.zennit4j.attribution.Target;
import org.zennit4j.bindings.Zennit4jException;
import org.zennit4j.requests.NdArray;

/** Explains batches, and finds the samples that cannot be explained. */
final class Explaining {
  private final BatchExplainer explainer;
  private final DatasetTarget target;
  private final boolean strict;
  private final DatasetListener listener;

  Explaining(
      BatchExplainer explainer, DatasetTarget target, boolean strict, DatasetListener listener) {
    this.explainer = explainer;
    this.target = target;
    this.strict = strict;
    this.listener = listener;
  }

  /** Explains a batch; what is to be written is made when it is asked for. */
  Supplier<Explained> explain(Samples samples) {
    List<Samples.Bad> bad = new ArrayList<>(samples.bad());
    List<Samples.Item> good = samples.read();
    Batch batch = null;
    if (!good.isEmpty()) {
      try {
        batch = batch(good);
      } catch (SampleException e) {
        throw e;
      } catch (Zennit4jException e) {
        batch = oneByOne(good, bad, e);
      }
      if (batch != null) {
        batch = batch.withoutNonFinite(bad);
      }
    }
    bad.sort(Comparator.comparingInt(Samples.Bad::index));
    for (Samples.Bad one : bad) {
      if (strict) {
        throw new SampleException(one.id() + ": " + one.reason(), null);
      }
      listener.onSkip(one.id(), one.reason());
    }
    Batch done = batch;
    return done == null || done.items().isEmpty()
        ? () -> Explained.nothing(bad)
        : () -> done.explained(bad, target);
  }

  /** Finds out which sample of a batch it was; if each fails it is not the sample's fault. */
  private Batch oneByOne(
      List<Samples.Item> items, List<Samples.Bad> bad, Zennit4jException failure) {
    List<Samples.Item> kept = new ArrayList<>();
    List<NdArray> relevances = new ArrayList<>();
    List<NdArray> outputs = new ArrayList<>();
    if (items.size() > 1) {
      for (Samples.Item item : items) {
        try {
          Batch one = batch(List.of(item));
          relevances.add(one.relevance());
          outputs.add(one.output());
          kept.add(item);
        } catch (Zennit4jException e) {
          bad.add(new Samples.Bad(item.sample().index(), item.sample().id(), e.getMessage()));
        }
      }
    }
    if (kept.isEmpty()) {
      throw failure;
    }
    return new Batch(kept, joined(relevances), joined(outputs));
  }

  private static NdArray joined(List<NdArray> rows) {
    NdArray stacked = Preparation.stack(rows);
    long[] shape = stacked.shape();
    long[] flat = new long[shape.length - 1];
    flat[0] = shape[0];
    System.arraycopy(shape, 2, flat, 1, flat.length - 1);
    return NdArray.of(stacked.dtype(), stacked.bytes(), flat);
  }

  private Batch batch(List<Samples.Item> items) {
    NdArray stacked = Preparation.stack(items.stream().map(i -> i.prepared().input()).toList());
    try (PointerScope scope = new PointerScope()) {
      Tensor input = stacked.toTensor();
      try (Attribution attribution = explainer.explain(input, target(items))) {
        Tensor output = attribution.output();
        if (output.dim() != 2 || output.size(0) != items.size()) {
          throw new DatasetException(
              "the model's output has shape "
                  + java.util.Arrays.toString(output.shape())
                  + "; a dataset needs (samples, classes)");
        }
        NdArray relevance = floats(attribution.relevance());
        long[] shape = relevance.shape();
        if (shape.length == 3 && items.get(0).prepared().input().shape().length == 3) {
          relevance =
              NdArray.of(relevance.dtype(), relevance.bytes(), shape[0], 1, shape[1], shape[2]);
        }
        return new Batch(items, relevance, floats(output));
      }
    }
  }

  private static NdArray floats(Tensor tensor) {
    return NdArray.of(tensor.to(ScalarType.Float));
  }

  private Target target(List<Samples.Item> items) {
    return switch (target.kind()) {
      case PREDICTION -> null;
      case CLASS -> Target.classes(target.number());
      case LABEL ->
          Target.classes(items.stream().mapToInt(i -> i.sample().label().orElseThrow()).toArray());
    };
  }
}
