/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.analyzers;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.zennit4j.bindings.Natives;
import org.zennit4j.bindings.ShapeException;
import org.zennit4j.bindings.Zennit4jException;
import org.zennit4j.model.ScriptModel;

/** Several samples of any shapes, in batches of equal shape. */
final class SampleBatches {
  private static final int SIZE = 16;

  private SampleBatches() {}

  static List<Tensor> explain(
      ScriptModel model, List<Tensor> inputs, String methodName, MethodOptions options) {
    List<Tensor> kept = new ArrayList<>();
    try {
      MethodOptions batched = options.with(MethodOption.BATCHED, true);
      for (int from = 0; from < inputs.size(); ) {
        int to = end(inputs, from, options);
        MethodOptions own =
            batched.with(MethodOption.TARGET, target(options, from, to, inputs.size()));
        try (PointerScope scope = new PointerScope();
            MethodAnalyzer analyzer = new MethodAnalyzer(model, methodName, own)) {
          Tensor batch =
              torch.stack(new TensorVector(inputs.subList(from, to).toArray(Tensor[]::new)), 0);
          Tensor maps = SignXai.relevance(analyzer, batch);
          for (int i = 0; i < to - from; i++) {
            kept.add(Natives.keep(maps.select(0, i).clone()));
          }
        }
        from = to;
      }
    } catch (RuntimeException e) {
      kept.forEach(Natives::release);
      throw e;
    }
    kept.forEach(Natives::handOver);
    return List.copyOf(kept);
  }

  private static int end(List<Tensor> inputs, int from, MethodOptions options) {
    check(inputs.get(from), from);
    int limit = options.has(MethodOption.NOISE) ? inputs.size() : from + SIZE;
    int to = from + 1;
    while (to < Math.min(limit, inputs.size())) {
      check(inputs.get(to), to);
      if (!Arrays.equals(inputs.get(to).shape(), inputs.get(from).shape())
          || inputs.get(to).scalar_type().intern() != inputs.get(from).scalar_type().intern()) {
        break;
      }
      to++;
    }
    return to;
  }

  private static void check(Tensor input, int index) {
    if (input == null || input.isNull() || !input.defined()) {
      throw new Zennit4jException("input " + index + " is null or was closed");
    }
  }

  /** The part of a list of targets that belongs to some inputs. */
  private static Object target(MethodOptions options, int from, int to, int count) {
    Object target = options.get(MethodOption.TARGET).orElse(null);
    if (target instanceof List<?> classes) {
      if (classes.size() != count) {
        throw new ShapeException(classes.size() + " targets are given for " + count + " inputs");
      }
      return classes.subList(from, to);
    }
    if (target instanceof Tensor seed && seed.dim() == 2 && seed.size(0) == count) {
      return seed.narrow(0, from, to - (long) from);
    }
    return target;
  }
}
