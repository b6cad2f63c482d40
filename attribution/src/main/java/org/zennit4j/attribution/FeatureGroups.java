/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.attribution;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.zennit4j.bindings.ShapeException;
import org.zennit4j.bindings.internal.Vectors;

/**
 * Which values of the inputs are present or replaced together: segments, or patches side by side.
 * Groups are numbered from 0 through all inputs. Its tensors live in the scope in which it was
 * made.
 */
final class FeatureGroups {
  /** Parts of each axis of a picture or volume, where no patch is given. */
  private static final int PARTS = 8;

  /** Parts of a series. */
  private static final int PARTS_OF_SERIES = 32;

  /** The number of each value's group, as large as the input; null for inputs that stay whole. */
  private final List<Tensor> ids = new ArrayList<>();

  private int count;

  /**
   * Divides inputs.
   *
   * @param segments one tensor of whole numbers for each input, which spreads over it; none for
   *     patches
   * @param patch sizes on the spatial axes, or one for all; none for an eighth of each axis, a
   *     thirty-second of a series, and single features where there are no spatial axes
   */
  static FeatureGroups of(List<Tensor> inputs, List<Tensor> segments, List<Integer> patch) {
    FeatureGroups groups = new FeatureGroups();
    for (int i = 0; i < inputs.size(); i++) {
      Tensor input = inputs.get(i);
      if (!input.is_floating_point() || input.dim() < 2) {
        groups.ids.add(null);
        continue;
      }
      groups.add(segments.isEmpty() ? patches(input, patch) : spread(segments, input, i), input);
    }
    if (groups.count == 0) {
      throw new ShapeException("there is no floating input of two dimensions or more to divide");
    }
    return groups;
  }

  private void add(Tensor local, Tensor input) {
    long most = local.max().item_long();
    if (local.min().item_long() < 0 || most >= Integer.MAX_VALUE - count) {
      throw new ShapeException("segments are numbered from 0 on");
    }
    ids.add(local.add(new Scalar(count)).to(input.device(), ScalarType.Long));
    count += (int) most + 1;
  }

  private static Tensor spread(List<Tensor> segments, Tensor input, int i) {
    if (i >= segments.size()) {
      throw new ShapeException("segments are given for " + segments.size() + " inputs only");
    }
    Tensor given = segments.get(i).to(ScalarType.Long);
    try {
      return given.expand_as(input);
    } catch (RuntimeException e) {
      throw new ShapeException(
          "segments of shape "
              + Arrays.toString(given.shape())
              + " do not spread over an input of shape "
              + Arrays.toString(input.shape()),
          e);
    }
  }

  /** Patches of space; channels are in one patch. */
  private static Tensor patches(Tensor input, List<Integer> patch) {
    int dims = (int) input.dim();
    int first = dims > 2 ? 2 : 1;
    long[] space = Arrays.copyOfRange(input.shape(), first, dims);
    int[] sides =
        patch.isEmpty()
            ? Arrays.stream(space).mapToInt(length -> standard(length, dims)).toArray()
            : patch.stream().mapToInt(size -> size).toArray();
    return Segments.grid(space, sides).expand(input.shape());
  }

  private static int standard(long length, int dims) {
    if (dims == 2) {
      return 1;
    }
    int parts = dims == 3 ? PARTS_OF_SERIES : PARTS;
    return (int) Math.max(1, (length + parts - 1) / parts);
  }

  /** How many groups there are. */
  int count() {
    return count;
  }

  /** An input with only some groups; what is missing comes from the fill. */
  Tensor keep(int i, Tensor input, Tensor fill, boolean[] present) {
    if (ids.get(i) == null) {
      return input;
    }
    double[] numbers = new double[present.length];
    for (int g = 0; g < present.length; g++) {
      numbers[g] = present[g] ? 1 : 0;
    }
    Tensor flags = Vectors.of(numbers, count).to(input.device(), ScalarType.Bool);
    Tensor mask = flags.index_select(0, ids.get(i).reshape(-1)).view(input.shape());
    return torch.where(mask, input, fill);
  }

  /** A value for each group, sample by sample, spread over the input. */
  Tensor spread(int i, Tensor input, double[][] values) {
    if (ids.get(i) == null) {
      return torch.zeros_like(input);
    }
    int batch = values.length;
    double[] flat = new double[batch * count];
    for (int b = 0; b < batch; b++) {
      System.arraycopy(values[b], 0, flat, b * count, count);
    }
    Tensor table = Vectors.of(flat, batch, count).to(input.device(), ScalarType.Double);
    Tensor index = ids.get(i).reshape(batch, -1);
    return table.gather(1, index).view(input.shape()).to(input.scalar_type());
  }
}
