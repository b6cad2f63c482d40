/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.rules;

import java.util.List;
import java.util.function.UnaryOperator;
import org.bytedeco.pytorch.Tensor;
import org.zennit4j.graph.LinearMap;
import org.zennit4j.registry.Entry;
import org.zennit4j.rules.BasicRule.Modification;
import org.zennit4j.rules.Prepared.Part;
import org.zennit4j.runtime.LayerCall;
import org.zennit4j.runtime.LayerFunction;

/**
 * LRP-z+ for layers whose inputs are not negative: {@code R_x = x * W+^T(R / st(W+ x))}, without
 * bias, whatever the signs of the input really are.
 */
public final class ZPlusFast extends DeclaredRule {
  private final Stabilizer stabilizer;

  /** The rule with the default stabilizer. */
  public ZPlusFast() {
    this(Stabilizer.standard());
  }

  /**
   * The rule.
   *
   * @param stabilizer stabilizes the denominator
   */
  public ZPlusFast(Stabilizer stabilizer) {
    super("zplus_fast", new Arguments().with("stabilizer", stabilizer).map());
    this.stabilizer = stabilizer;
  }

  @Override
  public BasicRule declaration() {
    return new BasicRule(
        "zplus_fast",
        List.of(
            new Modification(UnaryOperator.identity(), ParameterModifier.positive().withoutBias())),
        (relevance, outputs) -> List.of(relevance.div(stabilizer.apply(outputs.get(0)))),
        (inputs, gradients) -> inputs.get(0).mul(gradients.get(0)));
  }

  @Override
  LayerFunction fastPath(LinearMap map) {
    return new LinearFunction(map) {
      @Override
      Tensor relevance(LayerCall call, Tensor x, Tensor r) {
        Tensor w = weight(Part.POSITIVE_WEIGHT, ParameterModifier.positive());
        Tensor q = OnePass.share(r, map.forward(x, w, null), stabilizer, true);
        return OnePass.product(x, map.adjoint(q, x, w));
      }
    };
  }

  /** The rule by name. */
  static Entry<Rule> entry() {
    return Entry.<Rule>of(
            "zplus_fast",
            ZPlusFast.class,
            "positive weights on the input as it is, no bias",
            v -> new ZPlusFast(v.get("stabilizer", Stabilizer.class)),
            Arguments.STABILIZER)
        .withFormula("x * W+^T(R / st(W+ x))");
  }
}
