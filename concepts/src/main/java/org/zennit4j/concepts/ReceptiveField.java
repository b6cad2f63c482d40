/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.concepts;

import java.util.Arrays;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.zennit4j.bindings.ShapeException;
import org.zennit4j.requests.NdArray;

/** What a neuron sees of an input, and the rectangle around it. */
public final class ReceptiveField {
  /**
   * A rectangle of pixels.
   *
   * @param left its first column
   * @param top its first row
   * @param width at least 1
   * @param height at least 1
   */
  public record Box(int left, int top, int width, int height) {}

  private ReceptiveField() {}

  /**
   * The relevance of the input for single neurons.
   *
   * @param attribution runs the network
   * @param data a batch
   * @param layer the neurons' layer
   * @param channels the channel of the neuron for each sample
   * @param neurons its position in the flattened space for each sample
   * @return (n, height, width) or so, in the caller's innermost scope
   */
  public static Tensor heatmaps(
      ConditionalAttribution attribution,
      Tensor data,
      String layer,
      int[] channels,
      int[] neurons) {
    Condition[] conditions = new Condition[channels.length];
    for (int i = 0; i < conditions.length; i++) {
      conditions[i] = Condition.none().with(layer, channels[i]);
    }
    ConditionalOptions options =
        ConditionalOptions.defaults()
            .withStartLayer(layer)
            .withExcludeParallel(false)
            .withBatchSize(Math.max(1, channels.length))
            .withInitRel(there -> oneEach(there, neurons));
    try (ConditionalResult result =
        attribution.attribute(data, Arrays.asList(conditions), options)) {
      return result.heatmap();
    }
  }

  private static Tensor oneEach(Tensor there, int... neurons) {
    Tensor flat = torch.zeros_like(there).reshape(there.size(0), there.size(1), -1);
    for (int row = 0; row < neurons.length; row++) {
      flat.select(0, row).select(1, neurons[row]).fill_(new Scalar(1));
    }
    return flat.reshape(there.shape());
  }

  /**
   * The smallest rectangle around what is not small.
   *
   * @param heatmap (height, width)
   * @param share of the largest absolute value that counts as small, such as 0.01
   * @return the whole map if it is zero everywhere
   */
  public static Box box(Tensor heatmap, double share) {
    if (heatmap.dim() != 2) {
      throw new ShapeException(
          "a rectangle lies in a map of shape (height, width), not "
              + Arrays.toString(heatmap.shape()));
    }
    double[] values;
    try (PointerScope scope = new PointerScope()) {
      values = NdArray.of(heatmap.detach()).toDoubles();
    }
    int height = (int) heatmap.size(0);
    int width = (int) heatmap.size(1);
    double limit = share * Arrays.stream(values).map(Math::abs).max().orElse(0);
    int left = width;
    int right = -1;
    int top = height;
    int bottom = -1;
    for (int i = 0; i < values.length; i++) {
      if (Math.abs(values[i]) > limit) {
        left = Math.min(left, i % width);
        right = Math.max(right, i % width);
        top = Math.min(top, i / width);
        bottom = Math.max(bottom, i / width);
      }
    }
    return right < 0
        ? new Box(0, 0, width, height)
        : new Box(left, top, right - left + 1, bottom - top + 1);
  }
}
