/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.datasets;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.Supplier;
import java.util.stream.IntStream;
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
    // Rows of the batch that stay.
    List<Integer> kept = IntStream.range(0, samples.read().size()).boxed().toList();
    Batch batch = null;
    if (!kept.isEmpty()) {
      try {
        batch = batch(samples.read(), samples.inputs());
      } catch (SampleException e) {
        throw e;
      } catch (Zennit4jException e) {
        List<Integer> some = new ArrayList<>();
        batch = oneByOne(samples, some, bad, e);
        kept = some;
      }
      List<Integer> finite = batch.finite(bad);
      batch = finite.isEmpty() ? null : batch.only(finite);
      kept = finite.stream().map(kept::get).toList();
    }
    bad.sort(Comparator.comparingInt(Samples.Bad::index));
    for (Samples.Bad one : bad) {
      if (strict) {
        throw new SampleException(one.id() + ": " + one.reason(), null);
      }
      listener.onSkip(one.id(), one.reason());
    }
    if (batch == null) {
      return () -> Explained.nothing(bad);
    }
    Batch done = batch;
    // Not the inputs: they would stay until this is written.
    NdArray shown = Batch.rows(samples.shown(), kept);
    boolean pictures = samples.pictures();
    return () -> Explained.of(done, shown, pictures, target, bad);
  }

  /** Finds out which sample of a batch it was; if each fails it is not the sample's fault. */
  private Batch oneByOne(
      Samples samples, List<Integer> kept, List<Samples.Bad> bad, Zennit4jException failure) {
    List<NdArray> relevances = new ArrayList<>();
    List<NdArray> outputs = new ArrayList<>();
    List<Samples.Item> items = samples.read();
    if (items.size() > 1) {
      for (int i = 0; i < items.size(); i++) {
        Samples.Item item = items.get(i);
        try {
          Batch one = batch(List.of(item), Batch.rows(samples.inputs(), List.of(i)));
          relevances.add(one.relevance());
          outputs.add(one.output());
          kept.add(i);
        } catch (Zennit4jException e) {
          bad.add(new Samples.Bad(item.index(), item.id(), e.getMessage()));
        }
      }
    }
    if (kept.isEmpty()) {
      throw failure;
    }
    return Batch.of(kept.stream().map(items::get).toList(), joined(relevances), joined(outputs));
  }

  private static NdArray joined(List<NdArray> rows) {
    NdArray stacked = Preparation.stack(rows);
    long[] shape = stacked.shape();
    long[] flat = new long[shape.length - 1];
    flat[0] = shape[0];
    System.arraycopy(shape, 2, flat, 1, flat.length - 1);
    return NdArray.of(stacked.dtype(), stacked.bytes(), flat);
  }

  private Batch batch(List<Samples.Item> items, NdArray inputs) {
    try (PointerScope scope = new PointerScope()) {
      Tensor input = inputs.toTensor();
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
        if (shape.length == 3 && inputs.shape().length == 4) {
          relevance =
              NdArray.of(relevance.dtype(), relevance.bytes(), shape[0], 1, shape[1], shape[2]);
        }
        return Batch.of(items, relevance, floats(output));
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
      case LABEL -> Target.classes(items.stream().mapToInt(i -> i.label().orElseThrow()).toArray());
    };
  }
}
