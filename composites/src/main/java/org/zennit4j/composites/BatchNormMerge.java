/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.composites;

import java.util.List;
import java.util.Optional;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.zennit4j.graph.BatchNorm;
import org.zennit4j.graph.DataFlow;
import org.zennit4j.graph.LinearMap;
import org.zennit4j.graph.ProgramEditor;
import org.zennit4j.graph.Region;

/**
 * Merges one batch normalisation into the linear layer before it: {@code W' = s W}, {@code b' = s
 * (b - mean) + beta} with {@code s = gamma / sqrt(variance + eps)}.
 *
 * <p>That holds where the axis that is normalised, axis 1, is the axis of the layer's outputs. Of a
 * matrix product it is the last axis, so the number of dimensions is checked when the network runs.
 */
final class BatchNormMerge {
  private BatchNormMerge() {}

  /**
   * The linear operator whose output a normalisation is the only one to use, and with whose
   * channels it agrees.
   *
   * @param norm the call of a normalisation, module or operator
   * @param flow the network's data flow
   * @return the operator, or empty if the pair must not be merged
   */
  static Optional<Region> partner(Region norm, DataFlow flow) {
    Optional<Region> producer = flow.producer(norm, 0);
    if (producer.isEmpty() || producer.get().linearMap().isEmpty()) {
      return Optional.empty();
    }
    Optional<List<Region>> consumers = flow.onlyConsumers(producer.get());
    boolean only =
        consumers.isPresent()
            && !consumers.get().isEmpty()
            && consumers.get().stream().allMatch(c -> isWithin(c, norm));
    return only
            && channels(producer.get().linearMap().get())
                == norm.batchNorm().orElseThrow().mean().numel()
            && (!isFrozen(norm) || dimensions(producer.get()) == 4)
        ? producer
        : Optional.empty();
  }

  /** Torchvision's own form numbers axes from the end, and so fits images alone. */
  private static boolean isFrozen(Region norm) {
    return norm.layer() != null && norm.layer().className().contains("FrozenBatchNorm");
  }

  /**
   * The dimensions of a batch of the layer's outputs in which axis 1 is the axis of its output
   * channels: for a matrix product that is the last one.
   */
  private static int dimensions(Region linear) {
    LinearMap map = linear.linearMap().orElseThrow();
    return map.isConvolution() ? (int) map.weight().dim() : 2;
  }

  static boolean isWithin(Region region, Region container) {
    for (Optional<Region> r = Optional.of(region); r.isPresent(); r = r.get().parent()) {
      if (r.get() == container) {
        return true;
      }
    }
    return false;
  }

  private static long channels(LinearMap map) {
    return map.isTransposed() ? map.weight().size(1) * map.groups() : map.weight().size(0);
  }

  static void merge(ProgramEditor editor, Region linear, Region norm) {
    LinearMap map = linear.linearMap().orElseThrow();
    BatchNorm bn = norm.batchNorm().orElseThrow();
    try (PointerScope scope = new PointerScope()) {
      Tensor deviation = bn.variance().add(new Scalar(bn.eps())).sqrt();
      Tensor scale =
          bn.weight().isPresent()
              ? bn.weight().get().div(deviation)
              : torch.ones_like(deviation).div(deviation);
      Tensor weight = scaled(map, scale);
      Tensor shifted = map.bias().isPresent() ? map.bias().get().sub(bn.mean()) : bn.mean().neg();
      Tensor bias = shifted.mul(scale);
      if (bn.bias().isPresent()) {
        bias = bias.add(bn.bias().get());
      }
      editor.setParameter(linear, "weight", weight);
      editor.setParameter(linear, "bias", bias);
    }
    editor.neutralize(norm, dimensions(linear));
  }

  private static Tensor scaled(LinearMap map, Tensor scale) {
    Tensor weight = map.weight();
    int dimensions = (int) weight.dim();
    if (!map.isTransposed()) {
      long[] shape = new long[dimensions];
      java.util.Arrays.fill(shape, 1);
      shape[0] = -1;
      return weight.mul(scale.view(shape));
    }
    // (in, out / groups, kernel): output channel g * out / groups + j lies in rows of group g,
    // column j.
    long groups = map.groups();
    long[] split = new long[dimensions + 1];
    long[] spread = new long[dimensions + 1];
    java.util.Arrays.fill(spread, 1);
    split[0] = groups;
    split[1] = weight.size(0) / groups;
    for (int i = 1; i < dimensions; i++) {
      split[i + 1] = weight.size(i);
    }
    spread[0] = groups;
    spread[2] = weight.size(1);
    return weight.view(split).mul(scale.view(spread)).view(weight.shape());
  }
}
