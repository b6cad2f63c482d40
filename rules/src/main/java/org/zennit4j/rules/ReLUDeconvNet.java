/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.rules;

import java.util.List;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.zennit4j.graph.Region;
import org.zennit4j.registry.Entry;
import org.zennit4j.runtime.LayerCall;
import org.zennit4j.runtime.LayerFunction;

/**
 * DeconvNet's rule for ReLUs: only positive gradients pass, {@code R_x = max(R, 0)}, whatever the
 * input.
 *
 * <p>M. Zeiler, R. Fergus, Visualizing and understanding convolutional networks, 2013.
 */
public record ReLUDeconvNet() implements Rule {
  @Override
  public String name() {
    return "relu_deconvnet";
  }

  @Override
  public LayerFunction bind(Region region) {
    return new LayerFunction() {
      @Override
      public List<Tensor> backward(LayerCall call, List<Tensor> relevance) {
        return List.of(relevance.get(0).clamp_min(new Scalar(0)));
      }

      @Override
      public boolean readsInputs() {
        return false;
      }
    };
  }

  /** The rule by name. */
  static Entry<Rule> entry() {
    return Entry.of(
        "relu_deconvnet", ReLUDeconvNet.class, "what arrives positive", v -> new ReLUDeconvNet());
  }
}
