/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.metrics;

import java.util.Arrays;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.zennit4j.attribution.Segments;

/** Which elements belong together, and how relevant each group is. */
final class Features {
  /** The group of each element: (n or 1, elements) of int64. */
  private final Tensor index;

  /** Of one sample's elements, without the batch: (1 or channels, space...) or (features). */
  private final long[] shape;

  /** The number of groups of each sample. */
  private final int[] counts;

  /** (n, groups) of double; groups that a sample lacks have NaN. */
  private final Tensor scores;

  private Features(Tensor index, long[] shape, int[] counts, Tensor scores) {
    this.index = index;
    this.shape = shape;
    this.counts = counts;
    this.scores = scores;
  }

  Tensor scores() {
    return scores;
  }

  int[] counts() {
    return counts.clone();
  }

  static Features of(Unit unit, int patch, Subject subject) {
    Tensor inputs = subject.inputs();
    long[] sample = Arrays.copyOfRange(inputs.shape(), 1, (int) inputs.dim());
    int n = subject.size();
    if (unit == Unit.ELEMENT || (unit == Unit.PIXEL && sample.length == 1)) {
      Tensor flat = subject.spreadMaps().to(ScalarType.Double).reshape(n, -1);
      return alone(flat, sample);
    }
    long[] shape = sample.clone();
    if (sample.length > 1) {
      shape[0] = 1;
    }
    Tensor flat = subject.flatMaps();
    if (unit == Unit.PIXEL) {
      return alone(flat, shape);
    }
    if (unit == Unit.PATCH) {
      long[] space = sample.length > 1 ? Arrays.copyOfRange(sample, 1, sample.length) : sample;
      Tensor index =
          Segments.grid(space, patch).reshape(1, -1).to(inputs.device(), ScalarType.Long);
      int count = 1;
      for (long side : space) {
        count *= Math.toIntExact((side + patch - 1) / patch);
      }
      return grouped(index, shape, repeated(count, n), flat, /* mean= */ false);
    }
    Tensor segments =
        subject.segments().orElseGet(() -> Segments.slic(inputs, 64, 10)).reshape(n, -1);
    Tensor index = segments.to(inputs.device(), ScalarType.Long);
    int[] counts = Numbers.integers(torch.amax(index, new long[] {1}, false).add(new Scalar(1)));
    return grouped(index, shape, counts, flat, /* mean= */ true);
  }

  private static int[] repeated(int value, int times) {
    return IntStream.range(0, times).map(i -> value).toArray();
  }

  private static Features alone(Tensor flat, long... shape) {
    int count = Math.toIntExact(flat.size(1));
    int n = Math.toIntExact(flat.size(0));
    Tensor index = torch.arange(new Scalar(count)).to(flat.device(), ScalarType.Long).unsqueeze(0);
    return new Features(index, shape, repeated(count, n), flat);
  }

  private static Features grouped(
      Tensor index, long[] shape, int[] counts, Tensor flat, boolean mean) {
    long n = flat.size(0);
    long groups = Arrays.stream(counts).max().orElse(0);
    Tensor spread = index.expand(n, index.size(1));
    Tensor zeros = torch.zeros(new long[] {n, groups}, flat.options());
    Tensor sums = zeros.scatter_add(1, spread, flat);
    Tensor sizes = zeros.scatter_add(1, spread, torch.ones_like(flat));
    Tensor scores = mean ? sums.div(sizes) : sums;
    return new Features(
        index, shape, counts, scores.masked_fill(sizes.eq(new Scalar(0)), new Scalar(Double.NaN)));
  }

  int most() {
    return Arrays.stream(counts).max().orElse(0);
  }

  /**
   * The place of each element's group in the order: (n, elements) of int64, from 0. Ties go by
   * ascending index; groups that a sample lacks come last.
   */
  Tensor ranks(boolean ascending) {
    Tensor missing = scores.isnan();
    Tensor keys = ascending ? scores : scores.neg();
    Tensor filled = keys.masked_fill(missing, new Scalar(Double.POSITIVE_INFINITY));
    Tensor order = torch.argsort(filled, /* stable */ true, 1, false);
    return ofGroups(places(order));
  }

  /** The inverse of a permutation in each row. */
  static Tensor places(Tensor order) {
    Tensor numbers =
        torch
            .arange(new Scalar(order.size(1)))
            .to(order.device(), ScalarType.Long)
            .unsqueeze(0)
            .expand(order.shape());
    return torch.zeros_like(order).scatter(1, order, numbers);
  }

  /** A value of each element from one of each group: (n, groups) to (n, elements). */
  Tensor ofGroups(Tensor values) {
    return values.gather(1, index.expand(values.size(0), index.size(1)));
  }

  /** The same where the batch is repeated: (times * n, groups) to (times * n, elements). */
  Tensor ofRepeatedGroups(Tensor values, int times) {
    long n = values.size(0) / times;
    return values.gather(1, index.expand(n, index.size(1)).repeat(times, 1));
  }

  /** (rows, elements) as (rows, 1 or channels, space...). */
  Tensor shaped(Tensor flat) {
    long[] full = new long[shape.length + 1];
    full[0] = -1;
    System.arraycopy(shape, 0, full, 1, shape.length);
    return flat.reshape(full);
  }
}
