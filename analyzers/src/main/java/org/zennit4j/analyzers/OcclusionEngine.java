/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.analyzers;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.ScalarTypeOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.zennit4j.attribution.AttributionOptions;
import org.zennit4j.attribution.Target;
import org.zennit4j.bindings.ShapeException;
import org.zennit4j.model.ScriptModel;

/** Occlusion: how much the score falls when a window is covered. */
final class OcclusionEngine implements Engine {
  private final ScriptModel model;
  private final Optional<List<Integer>> window;
  private final Optional<List<Integer>> stride;
  private final double fill;

  OcclusionEngine(ScriptModel model, ResolvedMethod method) {
    this.model = model.retain();
    this.window =
        method.options().has(MethodOption.WINDOW) ? Optional.of(method.window()) : Optional.empty();
    this.stride =
        method.options().has(MethodOption.STRIDE) ? Optional.of(method.stride()) : Optional.empty();
    this.fill = method.fill();
  }

  /** One spatial interval for each spatial axis. */
  private record Window(List<Long> begin, List<Long> end) {
    Window {
      begin = List.copyOf(begin);
      end = List.copyOf(end);
    }
  }

  @Override
  public Explanation explain(Tensor x, Target target, AttributionOptions options) {
    int first = x.dim() > 2 ? 2 : 1;
    int axes = (int) x.dim() - first;
    long[] sizes = spread(window.orElse(List.of(x.dim() > 2 ? 8 : 1)), axes, "window");
    long[] steps = stride.map(s -> spread(s, axes, "stride")).orElse(sizes);
    Tensor output = Explanation.checked(model.run(x), x);
    Tensor weights = target.apply(output).to(ScalarType.Double);
    Tensor score = score(output, weights);
    long[] planeShape = x.shape();
    for (int i = 1; i < first; i++) {
      planeShape[i] = 1;
    }
    Tensor sum =
        torch.zeros(planeShape, x.options().dtype(new ScalarTypeOptional(ScalarType.Double)));
    Tensor count = torch.zeros_like(sum);
    List<Window> windows = windows(x, first, sizes, steps);
    for (int i = 0; i < windows.size(); i++) {
      try (PointerScope scope = new PointerScope()) {
        Tensor covered = x.clone();
        part(covered, first, windows.get(i)).fill_(new Scalar(fill));
        Tensor fall = score.sub(score(Explanation.checked(model.run(covered), x), weights));
        long[] shape = new long[(int) x.dim()];
        Arrays.fill(shape, 1);
        shape[0] = x.size(0);
        part(sum, first, windows.get(i)).add_(fall.reshape(shape));
        part(count, first, windows.get(i)).add_(new Scalar(1));
      }
      Explanation.progress(options, i + 1, windows.size());
    }
    Tensor mean = sum.div(count.clamp_min(new Scalar(1)));
    return Explanation.of(output, mean.expand_as(x).to(x.scalar_type()).contiguous());
  }

  private static Tensor score(Tensor output, Tensor weights) {
    return output.to(ScalarType.Double).mul(weights).sum(1);
  }

  private static Tensor part(Tensor tensor, int first, Window window) {
    Tensor result = tensor;
    for (int i = 0; i < window.begin().size(); i++) {
      long begin = window.begin().get(i);
      result = result.narrow(first + i, begin, window.end().get(i) - begin);
    }
    return result;
  }

  private static List<Window> windows(Tensor x, int first, long[] sizes, long[] steps) {
    List<Window> result = new ArrayList<>();
    add(x, first, sizes, steps, new Window(List.of(), List.of()), result);
    return result;
  }

  /** Adds the windows that begin with the intervals of {@code part}. */
  private static void add(
      Tensor x, int first, long[] sizes, long[] steps, Window part, List<Window> result) {
    int axis = part.begin().size();
    if (axis == sizes.length) {
      result.add(part);
      return;
    }
    long length = x.size(first + axis);
    for (long start = 0; start < length; start += steps[axis]) {
      List<Long> begin = new ArrayList<>(part.begin());
      List<Long> end = new ArrayList<>(part.end());
      begin.add(start);
      end.add(Math.min(length, start + sizes[axis]));
      add(x, first, sizes, steps, new Window(begin, end), result);
    }
  }

  private static long[] spread(List<Integer> values, int axes, String what) {
    if (values.size() != 1 && values.size() != axes) {
      throw new ShapeException(
          "occlusion: option "
              + what
              + " has "
              + values.size()
              + " numbers, but the input has "
              + axes
              + " spatial axes");
    }
    long[] result = new long[axes];
    for (int i = 0; i < axes; i++) {
      result[i] = values.get(values.size() == 1 ? 0 : i);
    }
    return result;
  }

  @Override
  public void close() {
    model.release();
  }
}
