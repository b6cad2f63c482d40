/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.rules;

import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.zennit4j.graph.Region;
import org.zennit4j.registry.Argument;
import org.zennit4j.registry.Argument.Kind;
import org.zennit4j.registry.Entry;
import org.zennit4j.runtime.LayerFunction;

/**
 * A smooth gradient for ReLUs: {@code R_x = sigmoid(beta x) * R}, the gradient of softplus.
 *
 * <p>As in Zennit, the input of a ReLU that works in place is what is left of it: its output.
 *
 * <p>A.-K. Dombrowski et al., Explanations can be manipulated and geometry is to blame, 2019.
 * Default beta 10 (Zennit).
 *
 * @param betaSmooth the steepness
 */
public record ReLUBetaSmooth(double betaSmooth) implements Rule {
  /** ReLUBetaSmooth with 10. */
  public ReLUBetaSmooth() {
    this(10);
  }

  @Override
  public String name() {
    return "relu_beta_smooth";
  }

  @Override
  public Map<String, Object> arguments() {
    return Map.of("beta_smooth", betaSmooth);
  }

  @Override
  public LayerFunction bind(Region region) {
    boolean overwritten = region.overwritesInput();
    return (call, relevance) -> {
      Tensor x = call.inputs().get(0);
      if (overwritten) {
        x = call.createGraph() ? call.forward(List.of(x), Map.of()).get(0) : call.outputs().get(0);
      }
      return List.of(x.mul(new Scalar(betaSmooth)).sigmoid().mul(relevance.get(0)));
    };
  }

  /** The rule by name. */
  static Entry<Rule> entry() {
    return Entry.of(
        "relu_beta_smooth",
        ReLUBetaSmooth.class,
        "the gradient of a softplus",
        v -> new ReLUBetaSmooth(v.number("beta_smooth")),
        Argument.of("beta_smooth", Kind.NUMBER, 10.0));
  }
}
