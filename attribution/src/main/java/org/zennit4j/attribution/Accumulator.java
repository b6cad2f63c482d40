/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.attribution;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.zennit4j.bindings.Natives;

/**
 * Puts the relevances of the copies of an input together, one copy after the other, so that the
 * result does not depend on how many run at once. Tensors that it holds are kept.
 */
abstract class Accumulator {
  private List<Tensor> held = List.of();

  /** Takes the relevances of the next copy; those that are null stay null. */
  final void add(int copy, List<Tensor> parts) {
    List<Tensor> before = held;
    held = next(copy, before, parts);
    before.forEach(Natives::release);
  }

  /** The results, kept; nothing else is held any more. */
  final List<Tensor> finish() {
    List<Tensor> before = held;
    held = finished(before);
    before.forEach(Natives::release);
    List<Tensor> result = held;
    held = List.of();
    return result;
  }

  void release() {
    held.forEach(Natives::release);
    held = List.of();
  }

  /** What is held once a copy was added; all kept. */
  abstract List<Tensor> next(int copy, List<Tensor> before, List<Tensor> parts);

  /** What is given in the end; all kept. */
  abstract List<Tensor> finished(List<Tensor> sums);

  private interface Change {
    Tensor of(int index, Tensor tensor);
  }

  private static List<Tensor> kept(List<Tensor> tensors, Change change) {
    List<Tensor> result = new ArrayList<>();
    for (int i = 0; i < tensors.size(); i++) {
      Tensor tensor = tensors.get(i);
      result.add(tensor == null ? null : Natives.keep(change.of(i, tensor)));
    }
    return result;
  }

  private static List<Tensor> divided(List<Tensor> tensors, int divisor) {
    return kept(tensors, (i, tensor) -> tensor.div(new Scalar((double) divisor)));
  }

  /** Zennit's mean: a sum in the relevance's dtype, to which the first copy is added last. */
  static Accumulator mean(int copies) {
    return new Accumulator() {
      private List<Tensor> first = List.of();

      private List<Tensor> sum(List<Tensor> before, List<Tensor> parts) {
        return kept(
            parts, (i, part) -> before.isEmpty() ? new Tensor(part) : before.get(i).add(part));
      }

      @Override
      List<Tensor> next(int copy, List<Tensor> before, List<Tensor> parts) {
        if (copy > 0) {
          return sum(before, parts);
        }
        first = kept(parts, (i, part) -> new Tensor(part));
        return List.of();
      }

      @Override
      List<Tensor> finished(List<Tensor> sums) {
        List<Tensor> all = sum(sums, first);
        try {
          return divided(all, copies);
        } finally {
          all.forEach(Natives::release);
          releaseFirst();
        }
      }

      private void releaseFirst() {
        first.forEach(Natives::release);
        first = List.of();
      }

      @Override
      void release() {
        super.release();
        releaseFirst();
      }
    };
  }

  /** A weighted sum in float64, over a number. */
  static Accumulator weighted(double[] weights, int divisor) {
    return new Accumulator() {
      @Override
      List<Tensor> next(int copy, List<Tensor> before, List<Tensor> parts) {
        Scalar weight = new Scalar(weights[copy]);
        return kept(
            parts,
            (i, part) -> {
              Tensor wide = part.to(ScalarType.Double);
              return before.isEmpty() ? wide.mul(weight) : before.get(i).add(wide, weight);
            });
      }

      @Override
      List<Tensor> finished(List<Tensor> sums) {
        return divided(sums, divisor);
      }
    };
  }

  /** Mean or population variance in float64, by Welford: no difference of large sums. */
  static Accumulator running(boolean variance, int copies) {
    return new Accumulator() {
      private final List<ScalarType> dtypes = new ArrayList<>();

      @Override
      List<Tensor> next(int copy, List<Tensor> before, List<Tensor> parts) {
        int width = parts.size();
        List<Tensor> means = new ArrayList<>();
        List<Tensor> squares = new ArrayList<>();
        for (int i = 0; i < width; i++) {
          Tensor part = parts.get(i);
          if (part == null) {
            means.add(null);
            squares.add(null);
            dtypes.add(null);
            continue;
          }
          dtypes.add(part.scalar_type().intern());
          Tensor wide = part.to(ScalarType.Double);
          Tensor mean = before.isEmpty() ? torch.zeros_like(wide) : before.get(i);
          Tensor square = before.isEmpty() ? torch.zeros_like(wide) : before.get(width + i);
          Tensor difference = wide.sub(mean);
          Tensor moved = mean.add(difference, new Scalar(1.0 / (copy + 1)));
          means.add(Natives.keep(moved));
          squares.add(Natives.keep(square.add(difference.mul(wide.sub(moved)))));
        }
        means.addAll(squares);
        return means;
      }

      @Override
      List<Tensor> finished(List<Tensor> both) {
        int width = both.size() / 2;
        List<Tensor> chosen = variance ? both.subList(width, 2 * width) : both.subList(0, width);
        Scalar count = new Scalar((double) copies);
        return kept(
            chosen,
            (i, tensor) -> new Tensor((variance ? tensor.div(count) : tensor).to(dtypes.get(i))));
      }
    };
  }
}
