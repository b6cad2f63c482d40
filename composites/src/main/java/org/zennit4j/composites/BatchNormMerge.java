/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.composites;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.zennit4j.graph.BatchNorm;
import org.zennit4j.graph.DataFlow;
import org.zennit4j.graph.LinearMap;
import org.zennit4j.graph.Operators;
import org.zennit4j.graph.Program;
import org.zennit4j.graph.ProgramEditor;
import org.zennit4j.graph.Region;

/**
 * Merges one batch normalisation into the linear layer before it: {@code W' = s W}, {@code b' = s
 * (b - mean) + beta} with {@code s = gamma / sqrt(variance + eps)}.
 *
 * <p>That holds where the axis that is normalised, axis 1, is the axis of the layer's outputs, and
 * the values are not changed in between. Of a matrix product it is the last axis, so the number of
 * dimensions is checked when the network runs.
 */
final class BatchNormMerge {
  private BatchNormMerge() {}

  /**
   * What a normalisation is merged into.
   *
   * @param linear the linear operator
   * @param dimensions how many the normalisation's input must have, {@link ChannelAxis#ANY} if that
   *     does not matter, {@link ChannelAxis#NEVER} if it works on another axis than the outputs of
   *     the linear operator, so that the two cannot be merged
   */
  record Partner(Region linear, int dimensions) {
    /** Whether the two can be merged. */
    boolean agrees() {
      return dimensions != ChannelAxis.NEVER;
    }
  }

  /**
   * The linear operator whose output a normalisation is the only one to use.
   *
   * @param program the network
   * @param norm the call of a normalisation, module or operator
   * @param flow the network's data flow
   * @return the operator, or empty if there is none
   */
  static Optional<Partner> partner(Program program, Region norm, DataFlow flow) {
    List<Region> path = new ArrayList<>();
    Region user = norm;
    Optional<Region> producer = flow.producer(norm, 0);
    while (producer.isPresent() && isOnlyUser(user, producer.get(), flow)) {
      user = producer.get();
      if (user.linearMap().isPresent()) {
        return Optional.of(
            new Partner(user, dimensions(user, path, norm, program.dimensions(norm))));
      }
      if (!ChannelAxis.follows(user)) {
        return Optional.empty();
      }
      path.add(0, user);
      producer = flow.producer(user, 0);
    }
    return Optional.empty();
  }

  private static boolean isOnlyUser(Region user, Region producer, DataFlow flow) {
    List<Region> consumers =
        flow.onlyConsumers(producer).orElse(List.of()).stream()
            .filter(consumer -> !asksForShape(consumer, producer, flow))
            .toList();
    return !consumers.isEmpty() && consumers.stream().allMatch(c -> isWithin(c, user));
  }

  private static boolean asksForShape(Region consumer, Region producer, DataFlow flow) {
    return Operators.of(consumer).is(Operators.Trait.LIKE)
        && !flow.producer(consumer, 0).equals(Optional.of(producer));
  }

  /** How many the normalisation's input must have; some inputs are known to have a number. */
  private static int dimensions(Region linear, List<Region> path, Region norm, OptionalInt known) {
    LinearMap map = linear.linearMap().orElseThrow();
    if (channels(map) != norm.batchNorm().orElseThrow().mean().numel()) {
      return ChannelAxis.NEVER;
    }
    int convolution = map.isConvolution() ? (int) map.weight().dim() : 0;
    int needed = ChannelAxis.dimensions(convolution, channels(map), path);
    if (isFrozen(norm)) {
      // Torchvision's own form numbers axes from the end, and so fits images alone.
      needed = needed == ChannelAxis.ANY || needed == 4 ? 4 : ChannelAxis.NEVER;
    }
    boolean other = needed != ChannelAxis.ANY && known.isPresent() && known.getAsInt() != needed;
    return other ? ChannelAxis.NEVER : needed;
  }

  private static boolean isFrozen(Region norm) {
    return norm.layer() != null && norm.layer().className().contains("FrozenBatchNorm");
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

  static void merge(ProgramEditor editor, Partner partner, Region norm) {
    Region linear = partner.linear();
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
    editor.neutralize(norm, partner.dimensions());
  }

  private static Tensor scaled(LinearMap map, Tensor scale) {
    Tensor weight = map.weight();
    int dimensions = (int) weight.dim();
    if (!map.isTransposed()) {
      long[] shape = new long[dimensions];
      Arrays.fill(shape, 1);
      shape[0] = -1;
      return weight.mul(scale.view(shape));
    }
    // (in, out / groups, kernel): output channel g * out / groups + j lies in rows of group g,
    // column j.
    long groups = map.groups();
    long[] split = new long[dimensions + 1];
    long[] spread = new long[dimensions + 1];
    Arrays.fill(spread, 1);
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
