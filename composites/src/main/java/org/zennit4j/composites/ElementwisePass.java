/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.composites;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.zennit4j.graph.Region;
import org.zennit4j.rules.Rule;
import org.zennit4j.runtime.LayerFunction;

/**
 * Pass for elementwise steps that may have a constant tensor as second input: inputs of the
 * output's shape get its relevance. Where no input has that shape, an only input gets that of all
 * its copies; several get the gradient.
 */
record ElementwisePass() implements Rule {
  @Override
  public String name() {
    return "pass";
  }

  @Override
  public Map<String, Object> arguments() {
    return Map.of();
  }

  @Override
  public LayerFunction bind(Region region) {
    return (call, relevance) -> {
      Tensor r = relevance.get(0);
      List<Tensor> result = new ArrayList<>();
      boolean any = false;
      for (Tensor input : call.inputs()) {
        boolean same = r != null && Arrays.equals(input.shape(), r.shape());
        any |= same;
        result.add(same ? r : null);
      }
      if (any || r == null) {
        return result;
      }
      return call.inputs().size() == 1
          ? List.of(r.sum_to_size(call.inputs().get(0).shape()))
          : call.gradient(relevance);
    };
  }
}
