/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.attribution;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.zennit4j.bindings.Natives;

/** One call of occlusion; what it gives is kept. */
final class OcclusionRun {
  private final Occlusion attributor;
  private final Occlusion.Settings settings;
  private final AttributionOptions options;
  private final List<Tensor> relevances = new ArrayList<>();
  private final long deadline;
  private Target target;
  private Tensor output;
  private int atOnce;

  /** For {@link Occlusion.Score#DROP}: what the target takes, and how much that is; kept. */
  private Tensor weights;

  private Tensor whole;
  private long batch;
  private int total = 1;
  private int done;

  OcclusionRun(Occlusion attributor, Target target, AttributionOptions options) {
    this.attributor = attributor;
    this.settings = attributor.settings();
    this.target = target;
    this.options = options;
    this.deadline = Attributor.deadline(options);
  }

  List<Tensor> relevances() {
    return relevances;
  }

  Tensor output() {
    return output;
  }

  void release() {
    relevances.forEach(Natives::release);
    Natives.release(output);
  }

  void run(List<Tensor> inputs) {
    batch = ChunkedPasses.batch(inputs);
    List<Windows> windows = new ArrayList<>();
    for (Tensor input : inputs) {
      boolean slides = input.is_floating_point() && input.dim() > 0;
      Windows slid = slides ? Windows.of(settings, input) : null;
      windows.add(slid);
      total = Math.addExact(total, slid == null ? 0 : slid.count());
    }
    try {
      attributor.forward(inputs, options, deadline, this::clean);
      tell(1);
      atOnce = attributor.batchSize(settings.batchSize(), inputs, output, false, options, deadline);
      for (int i = 0; i < inputs.size(); i++) {
        Windows slid = windows.get(i);
        relevances.add(slid == null ? null : slide(inputs, i, slid));
      }
    } finally {
      Natives.release(weights);
      Natives.release(whole);
    }
  }

  private void clean(Tensor result) {
    target = target.resolve(result);
    output = Natives.keep(new Tensor(result));
    if (settings.score() == Occlusion.Score.DROP) {
      weights = Natives.keep(target.apply(result).to(ScalarType.Double));
      whole = Natives.keep(taken(result));
    }
  }

  private void tell(int passes) {
    done += passes;
    Attributor.progress(options, done, total);
  }

  /** The relevance of one input, kept. */
  private Tensor slide(List<Tensor> inputs, int i, Windows windows) {
    Tensor input = inputs.get(i);
    boolean drop = settings.score() == Occlusion.Score.DROP;
    Tensor fill = Baselines.like(settings.fill(), input, i);
    Tensor sum = torch.zeros_like(drop ? input.to(ScalarType.Double) : input);
    Tensor count = drop ? torch.zeros_like(sum) : null;
    Tensor one = drop ? torch.ones_like(sum.flatten().narrow(0, 0, 1)).squeeze() : null;
    for (int from = 0; from < windows.count(); from += atOnce) {
      int size = Math.min(atOnce, windows.count() - from);
      int first = from;
      try (PointerScope scope = new PointerScope()) {
        List<List<Tensor>> copies = new ArrayList<>();
        for (int k = 0; k < size; k++) {
          List<Tensor> copy = new ArrayList<>(inputs);
          copy.set(
              i,
              settings.invert()
                  ? windows.put(first + k, input, fill)
                  : windows.put(first + k, fill, input));
          copies.add(copy);
        }
        ChunkedPasses.forward(
            attributor,
            copies,
            batch,
            options,
            deadline,
            (part, k) -> {
              windows.add(
                  first + k, sum, spread(drop ? whole.sub(taken(part)) : kept(part), input));
              if (drop) {
                windows.add(first + k, count, one);
              }
            });
      }
      tell(size);
    }
    return Natives.keep(
        drop
            ? sum.div(count.clamp_min(new Scalar(1))).to(input.scalar_type()).contiguous()
            : new Tensor(sum));
  }

  /** What the target takes from each sample's output. */
  private Tensor kept(Tensor part) {
    return ChunkedPasses.perSample(target.apply(part), batch, "occlusion");
  }

  /** The same with the clean input's target. */
  private Tensor taken(Tensor part) {
    return ChunkedPasses.perSample(part.to(ScalarType.Double).mul(weights), batch, "occlusion");
  }

  /** A number for each sample in a shape that spreads over the input. */
  private Tensor spread(Tensor scores, Tensor input) {
    long[] shape = new long[(int) input.dim()];
    Arrays.fill(shape, 1);
    shape[0] = input.size(0);
    return scores.view(shape);
  }
}
