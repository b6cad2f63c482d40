/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.attribution;

import java.util.Arrays;
import java.util.List;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.ScalarTypeOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.zennit4j.bindings.ShapeException;

/** The positions of occlusion's window over one input, the last dimension running fastest. */
abstract class Windows {
  final long[] shape;
  final long[] sizes;
  final long[] strides;
  private final int[] counts;

  private Windows(Tensor input, long[] sizes, long[] strides) {
    this.shape = input.shape();
    this.sizes = sizes;
    this.strides = strides;
    this.counts = new int[shape.length];
    for (int d = 0; d < counts.length; d++) {
      long step = Math.max(1, strides[d]);
      counts[d] = (int) ((shape[d] + step - 1) / step);
    }
  }

  /** The windows that settings mean; needs a scope that lives as long. */
  static Windows of(Occlusion.Settings settings, Tensor input) {
    long[] sizes;
    long[] strides;
    if (settings.spatial()) {
      List<Integer> window = settings.window();
      List<Integer> standard = List.of(input.dim() > 2 ? 8 : 1);
      sizes = spatial(input, window.isEmpty() ? standard : window, "window");
      strides = settings.stride() == null ? sizes : spatial(input, settings.stride(), "stride");
    } else {
      sizes = last(input, settings.window(), settings.allDimensions());
      strides =
          settings.stride() == null
              ? sizes
              : last(input, settings.stride(), settings.strideAllDimensions());
    }
    return settings.border() == Occlusion.Border.CUT
        ? new Cut(input, sizes, strides)
        : new Wrapping(input, sizes.clone(), strides);
  }

  /** Sizes of the last dimensions, the others whole. */
  private static long[] last(Tensor input, List<Integer> given, boolean all) {
    int n = (int) input.dim();
    int known = all ? n - 1 : given.size();
    if (known > n) {
      throw new ShapeException(
          "a window or stride of "
              + known
              + " dimensions does not fit an input of shape "
              + Arrays.toString(input.shape()));
    }
    long[] result = input.shape();
    for (int d = n - known; d < n; d++) {
      result[d] = Math.min(result[d], given.get(all ? 0 : d - n + known));
    }
    return result;
  }

  /** Sizes of the spatial dimensions, the others whole. */
  private static long[] spatial(Tensor input, List<Integer> given, String what) {
    int first = input.dim() > 2 ? 2 : 1;
    int axes = (int) input.dim() - first;
    if (given.size() != 1 && given.size() != axes) {
      throw new ShapeException(
          "occlusion: option "
              + what
              + " has "
              + given.size()
              + " numbers, but the input has "
              + axes
              + " spatial axes");
    }
    long[] result = input.shape();
    for (int d = 0; d < axes; d++) {
      result[first + d] = given.get(given.size() == 1 ? 0 : d);
    }
    return result;
  }

  final int count() {
    int product = 1;
    for (int c : counts) {
      product = Math.multiplyExact(product, c);
    }
    return product;
  }

  /** Where the window of a position begins. */
  final long[] offsets(int position) {
    long[] offsets = new long[counts.length];
    int rest = position;
    for (int d = counts.length - 1; d >= 0; d--) {
      offsets[d] = rest % counts[d] * strides[d];
      rest /= counts[d];
    }
    return offsets;
  }

  /** One tensor with the window of another put into it. */
  abstract Tensor put(int position, Tensor into, Tensor window);

  /** Adds values, which spread over the window, to a tensor of the input's shape. */
  abstract void add(int position, Tensor sum, Tensor values);

  /** Windows that go on at the other side of the border. */
  private static final class Wrapping extends Windows {
    private final Tensor first;
    private final long[] dims;

    Wrapping(Tensor input, long[] sizes, long[] strides) {
      super(input, sizes, strides);
      dims = new long[shape.length];
      for (int d = 0; d < dims.length; d++) {
        dims[d] = d;
      }
      long[] flat = shape.clone();
      if (sizes[0] == flat[0]) {
        flat[0] = 1;
        sizes[0] = 1;
      }
      first = torch.zeros(flat, input.options().dtype(new ScalarTypeOptional(ScalarType.Bool)));
      Tensor window = first;
      for (int d = 0; d < dims.length; d++) {
        window = window.narrow(d, 0, Math.min(flat[d], sizes[d]));
      }
      window.fill_(new Scalar(1));
    }

    private Tensor mask(int position) {
      return first.roll(offsets(position), dims);
    }

    @Override
    Tensor put(int position, Tensor into, Tensor window) {
      return torch.where(mask(position), window, into);
    }

    @Override
    void add(int position, Tensor sum, Tensor values) {
      sum.add_(mask(position).mul(values));
    }
  }

  /** Windows that end at the border. */
  private static final class Cut extends Windows {
    Cut(Tensor input, long[] sizes, long[] strides) {
      super(input, sizes, strides);
    }

    private Tensor part(int position, Tensor tensor) {
      long[] offsets = offsets(position);
      Tensor part = tensor;
      for (int d = 0; d < offsets.length; d++) {
        part = part.narrow(d, offsets[d], Math.min(shape[d] - offsets[d], sizes[d]));
      }
      return part;
    }

    @Override
    Tensor put(int position, Tensor into, Tensor window) {
      Tensor result = into.clone();
      part(position, result).copy_(part(position, window));
      return result;
    }

    @Override
    void add(int position, Tensor sum, Tensor values) {
      part(position, sum).add_(values);
    }
  }
}
