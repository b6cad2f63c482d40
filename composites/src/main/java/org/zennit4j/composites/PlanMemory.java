/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.composites;

import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.zennit4j.graph.Program;
import org.zennit4j.graph.Region;
import org.zennit4j.runtime.LayerFunction;

/**
 * What a {@link Plan} holds, in bytes. Tensors that lie in the same memory count once.
 *
 * @param weights the model's parameters that its layers use; they belong to the model, and all of
 *     its plans share them
 * @param canonized parameters that canonizers computed, and those that lie in memory in another way
 *     than the model's
 * @param prepared what rules computed of parameters and shapes, such as their positive parts
 */
public record PlanMemory(long weights, long canonized, long prepared) {
  static PlanMemory of(Program model, Program own, Collection<LayerFunction> functions) {
    Map<Long, Long> weights = parameters(model);
    Map<Long, Long> canonized = parameters(own);
    canonized.keySet().removeAll(weights.keySet());
    Map<Long, Long> prepared = new HashMap<>();
    for (LayerFunction function : functions) {
      count(function.prepared(), prepared);
    }
    Set<Long> others = new HashSet<>(weights.keySet());
    others.addAll(canonized.keySet());
    prepared.keySet().removeAll(others);
    return new PlanMemory(sum(weights), sum(canonized), sum(prepared));
  }

  /**
   * What the plan holds beside the model.
   *
   * @return bytes
   */
  public long own() {
    return canonized + prepared;
  }

  /**
   * All of it.
   *
   * @return bytes
   */
  public long total() {
    return weights + own();
  }

  private static Map<Long, Long> parameters(Program program) {
    Map<Long, Long> found = new HashMap<>();
    for (Region region : program.regions()) {
      count(List.copyOf(region.parameters().values()), found);
    }
    return found;
  }

  /** Adds the memory of tensors by where it begins. */
  private static void count(List<Tensor> tensors, Map<Long, Long> found) {
    try (PointerScope scope = new PointerScope()) {
      for (Tensor tensor : tensors) {
        long bytes = tensor.numel() == 0 ? 0 : tensor.storage().nbytes();
        if (bytes > 0) {
          found.put(tensor.storage().data().address(), bytes);
        }
      }
    }
  }

  private static long sum(Map<Long, Long> bytes) {
    return bytes.values().stream().mapToLong(Long::longValue).sum();
  }
}
