/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.rules;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.AutoGradMode;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.zennit4j.runtime.LayerCall;

/** What the rules of operators ask of a call. */
final class Calls {
  private Calls() {}

  /** The first output; recorded anew where the relevance itself will be differentiated. */
  static Tensor output(LayerCall call) {
    return call.createGraph()
        ? call.forward(call.inputs(), Map.of()).get(0)
        : call.outputs().get(0);
  }

  /** A list with nothing for each input. */
  static List<Tensor> nothing(LayerCall call) {
    List<Tensor> result = new ArrayList<>();
    call.inputs().forEach(input -> result.add(null));
    return result;
  }

  /** The numbers of the inputs that the model's input leads to. */
  static List<Integer> dependent(LayerCall call) {
    List<Integer> result = new ArrayList<>();
    for (int i = 0; i < call.inputs().size(); i++) {
      if (call.dependsOnInput(i)) {
        result.add(i);
      }
    }
    return result;
  }

  /** {@code x_i * J_i^T(q)} for each input, by running the operator once more. */
  static List<Tensor> contributions(LayerCall call, Tensor q) {
    try (AutoGradMode on = new AutoGradMode(true)) {
      List<Tensor> leaves = new ArrayList<>();
      for (Tensor input : call.inputs()) {
        leaves.add(
            call.createGraph() && input.requires_grad()
                ? input.view_as(input)
                : input.detach().requires_grad_(true));
      }
      List<Tensor> results = call.forward(leaves, Map.of()).subList(0, 1);
      List<Tensor> gradients =
          LayerCall.vectorJacobian(results, leaves, List.of(q), call.createGraph());
      List<Tensor> relevance = new ArrayList<>();
      for (int i = 0; i < leaves.size(); i++) {
        Tensor gradient = gradients.get(i);
        Tensor x = call.createGraph() ? leaves.get(i) : call.inputs().get(i);
        relevance.add(gradient == null ? null : x.mul(gradient));
      }
      return relevance;
    }
  }

  /** Zeros in the places of infinite values: what a mask put there takes and gives nothing. */
  static Tensor finite(Tensor x) {
    return x.masked_fill(x.isinf(), new Scalar(0));
  }
}
