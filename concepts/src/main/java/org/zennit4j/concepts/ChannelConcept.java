/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.concepts;

import org.bytedeco.pytorch.LongOptional;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/** Channels as concepts: their relevance, and where in space they have most of it. */
public final class ChannelConcept {
  private static final double STABILIZER = 1e-10;

  private ChannelConcept() {}

  /**
   * The relevance of each channel: its sum over space.
   *
   * @param relevance at a layer's output, (n, channels, space...) or (n, units)
   * @param absNorm whether each sample is divided by the sum of its absolute values
   * @return (n, channels), in the caller's innermost scope
   */
  public static Tensor attribute(Tensor relevance, boolean absNorm) {
    Tensor summed = flat(relevance).sum(2);
    return absNorm ? normalized(summed) : summed;
  }

  /**
   * The highest value of each channel in space, instead of its sum.
   *
   * @param values at a layer's output
   * @param absNorm as above
   * @return (n, channels), in the caller's innermost scope
   */
  public static Tensor highest(Tensor values, boolean absNorm) {
    Tensor most = torch.amax(flat(values), new long[] {2}, false);
    return absNorm ? normalized(most) : most;
  }

  private static Tensor normalized(Tensor channels) {
    Tensor total =
        channels.abs().sum(new long[] {1}, true, new org.bytedeco.pytorch.ScalarTypeOptional());
    return channels.div(total.add(new Scalar(STABILIZER)));
  }

  /**
   * Where in space each channel has its highest value.
   *
   * @param values at a layer's output
   * @return (n, channels) of int64, positions in the flattened space
   */
  public static Tensor neuron(Tensor values) {
    return flat(values).argmax(new LongOptional(2), false);
  }

  private static Tensor flat(Tensor values) {
    return values.reshape(values.size(0), values.size(1), -1);
  }
}
