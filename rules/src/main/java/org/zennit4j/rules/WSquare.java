/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.rules;

import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.zennit4j.graph.LinearMap;
import org.zennit4j.registry.Entry;
import org.zennit4j.rules.BasicRule.Modification;
import org.zennit4j.rules.Prepared.Part;
import org.zennit4j.runtime.LayerCall;
import org.zennit4j.runtime.LayerFunction;

/**
 * LRP-w²: relevance by squared weights, whatever the input, {@code R_x = (W²)^T(R / s(W² 1 + b²))}.
 *
 * <p>G. Montavon et al., 2017. Default stabilizer 1e-6 (Zennit).
 */
public final class WSquare extends DeclaredRule {
  private final Stabilizer stabilizer;
  private final ZeroParams zeroParams;

  /** WSquare with Zennit's defaults. */
  public WSquare() {
    this(Stabilizer.standard(), ZeroParams.none());
  }

  /**
   * WSquare with any stabilizer.
   *
   * @param stabilizer stabilizes the denominator
   */
  public WSquare(Stabilizer stabilizer) {
    this(stabilizer, ZeroParams.none());
  }

  /**
   * WSquare.
   *
   * @param stabilizer stabilizes the denominator
   * @param zeroParams parameters that count as zero
   */
  public WSquare(Stabilizer stabilizer, ZeroParams zeroParams) {
    super("wsquare", new Arguments().with("stabilizer", stabilizer).with(zeroParams).map());
    this.stabilizer = stabilizer;
    this.zeroParams = zeroParams;
  }

  private ParameterModifier square() {
    ParameterModifier square = (p, name) -> p.mul(p);
    return square.zeroing(zeroParams);
  }

  @Override
  public WSquare withoutBias() {
    return new WSquare(stabilizer, zeroParams.withBias());
  }

  @Override
  public BasicRule declaration() {
    return new BasicRule(
        "wsquare",
        List.of(new Modification(x -> torch.ones_like(x.detach()), square())),
        (relevance, outputs) -> List.of(relevance.div(stabilizer.apply(outputs.get(0)))),
        (inputs, gradients) -> gradients.get(0));
  }

  @Override
  LayerFunction fastPath(LinearMap map) {
    return new LinearFunction(map) {
      @Override
      Tensor relevance(LayerCall call, Tensor x, Tensor r) {
        Tensor w = weight(Part.SQUARED_WEIGHT, square());
        Tensor denominator =
            forShape(
                call,
                Part.DENOMINATOR,
                x,
                () -> {
                  Tensor one = map.batched(x) && x.dim() > 1 ? x.narrow(0, 0, 1) : x;
                  return stabilizer.apply(
                      map.forward(torch.ones_like(one), w, bias(Part.SQUARED_BIAS, square())));
                });
        return map.adjoint(r.div(denominator), x, w);
      }
    };
  }

  /** The rule by name. */
  static Entry<Rule> entry() {
    return Entry.<Rule>of(
            "wsquare",
            WSquare.class,
            "by squared weights, whatever the input",
            v ->
                new WSquare(
                    v.get("stabilizer", Stabilizer.class), v.get("zero_params", ZeroParams.class)),
            Arguments.STABILIZER,
            Arguments.ZERO_PARAMS)
        .withFormula("(W^2)^T(R / st(W^2 1))");
  }
}
