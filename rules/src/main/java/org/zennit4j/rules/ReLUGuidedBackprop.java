/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.rules;

import java.util.Arrays;
import java.util.List;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.zennit4j.graph.Operators;
import org.zennit4j.graph.Region;
import org.zennit4j.registry.Entry;
import org.zennit4j.runtime.LayerCall;
import org.zennit4j.runtime.LayerFunction;

/**
 * Guided backpropagation's rule for ReLUs: the gradient where it arrives positive, {@code R_x =
 * gradient * 1[R > 0]}.
 *
 * <p>J. Springenberg et al., Striving for simplicity: the all convolutional net, 2014.
 */
public record ReLUGuidedBackprop() implements Rule {
  @Override
  public String name() {
    return "relu_guided_backprop";
  }

  /** A ReLU's gradient follows from its output, so that the layer need not be run again. */
  @Override
  public LayerFunction bind(Region region) {
    return region
            .onlyOperator()
            .filter(name -> Operators.of(name).name().equals("relu"))
            .isPresent()
        ? LayerFunction.reading(LayerFunction.Reads.OUTPUTS, ReLUGuidedBackprop::ofOutput)
        : LayerFunction.reading(
            LayerFunction.Reads.INPUTS, (call, relevance) -> general(region, call, relevance));
  }

  private static List<Tensor> ofOutput(LayerCall call, List<Tensor> relevance) {
    if (call.createGraph()) {
      return general(call.region(), call, relevance);
    }
    Tensor r = relevance.get(0);
    Tensor gradient = torch.threshold_backward(r, call.outputs().get(0), new Scalar(0));
    return List.of(gradient.mul_(r.gt(new Scalar(0))));
  }

  private static List<Tensor> general(Region region, LayerCall call, List<Tensor> relevance) {
    Tensor gradient = call.gradient(relevance).get(0);
    Tensor r = relevance.get(0);
    if (gradient == null || !Arrays.equals(gradient.shape(), r.shape())) {
      throw new RuleException(
          "relu_guided_backprop cannot explain layer '"
              + region.name()
              + "', which does not act elementwise");
    }
    return List.of(gradient.mul(r.gt(new Scalar(0))));
  }

  /** The rule by name. */
  static Entry<Rule> entry() {
    return Entry.of(
        "relu_guided_backprop",
        ReLUGuidedBackprop.class,
        "the gradient where it arrives positive",
        v -> new ReLUGuidedBackprop());
  }
}
