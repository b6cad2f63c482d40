/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.attribution;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.LongStream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.AutoGradMode;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.zennit4j.bindings.Natives;

/**
 * Score-CAM's weights of a layer's channels: how much the target takes from the output where one
 * channel's map, resized to the input and scaled to 0 to 1, multiplies the input; a softmax of
 * these scores over the channels. What an input of zeros gives cancels in the softmax, and a map
 * that is the same everywhere lets nothing through.
 *
 * <p>One call's state; needs a scope around it.
 */
final class ChannelScores {
  private final Attributor attributor;
  private final List<Tensor> inputs;
  private final int wanted;
  private final AttributionOptions options;
  private final long deadline;
  private final long batch;

  ChannelScores(
      Attributor attributor,
      List<Tensor> inputs,
      int wanted,
      AttributionOptions options,
      long deadline) {
    this.attributor = attributor;
    this.inputs = inputs;
    this.wanted = wanted;
    this.options = options;
    this.deadline = deadline;
    this.batch = ChunkedPasses.batch(inputs);
  }

  /**
   * The weights, of shape (batch, channels, 1...).
   *
   * @param activation the layer's maps, (batch, channels, space...)
   * @param output of the whole inputs
   * @param target what is explained; classes are those of the whole inputs' output
   */
  Tensor weights(Tensor activation, Tensor output, Target target) {
    try (AutoGradMode mode = new AutoGradMode(false)) {
      Tensor seed = target.resolve(output).apply(output).to(ScalarType.Double);
      Tensor maps = activation.detach();
      long channels = maps.size(1);
      int batchSize =
          attributor.batchSize(wanted, inputs, output.detach(), false, options, deadline);
      TensorVector scores = new TensorVector();
      for (long from = 0; from < channels; from += batchSize) {
        scores.push_back(scores(maps, from, Math.min(batchSize, channels - from), seed));
      }
      Tensor all = torch.cat(scores, 1);
      long[] shape = LongStream.generate(() -> 1).limit(maps.dim()).toArray();
      shape[0] = batch;
      shape[1] = channels;
      return torch.softmax(all, 1).to(maps.scalar_type()).reshape(shape);
    }
  }

  /** The scores of some channels: (batch, count). */
  private Tensor scores(Tensor maps, long from, long count, Tensor seed) {
    List<Tensor> kept = new ArrayList<>();
    try {
      keepScores(maps, from, (int) count, seed, kept);
      // Into the scope around.
      return new Tensor(kept.get(0));
    } finally {
      kept.forEach(Natives::release);
    }
  }

  private void keepScores(Tensor maps, long from, int count, Tensor seed, List<Tensor> kept) {
    try (PointerScope scope = new PointerScope()) {
      List<List<Tensor>> copies = new ArrayList<>();
      for (int k = 0; k < count; k++) {
        Tensor map = maps.narrow(1, from + k, 1);
        List<Tensor> copy = new ArrayList<>();
        for (Tensor input : inputs) {
          copy.add(GradCam.fits(maps, input) ? input.mul(mask(map, input)) : input);
        }
        copies.add(copy);
      }
      TensorVector columns = new TensorVector();
      ChunkedPasses.forward(
          attributor,
          copies,
          batch,
          options,
          deadline,
          (part, k) -> columns.push_back(taken(part, seed)));
      kept.add(Natives.keep(torch.stack(columns, 1)));
    }
  }

  /** One channel's map in an input's size, from 0 to 1 in each sample. */
  private static Tensor mask(Tensor map, Tensor input) {
    Tensor resized = GradCam.resized(map, input);
    long[] all = LongStream.range(1, resized.dim()).toArray();
    Tensor lowest = torch.amin(resized, all, true);
    Tensor width = torch.amax(resized, all, true).sub(lowest);
    Tensor scaled =
        resized.sub(lowest).div(width.masked_fill(width.eq(new Scalar(0)), new Scalar(1)));
    long[] shape = scaled.shape();
    long[] fitting = LongStream.generate(() -> 1).limit(input.dim()).toArray();
    int space = shape.length - 2;
    fitting[0] = shape[0];
    System.arraycopy(shape, 2, fitting, fitting.length - space, space);
    return scaled.reshape(fitting);
  }

  private Tensor taken(Tensor part, Tensor seed) {
    return ChunkedPasses.perSample(part.to(ScalarType.Double).mul(seed), batch, "score_cam");
  }
}
