/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.rules;

import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.zennit4j.graph.LinearMap;
import org.zennit4j.registry.Entry;
import org.zennit4j.rules.BasicRule.Modification;
import org.zennit4j.rules.Prepared.Part;
import org.zennit4j.runtime.LayerCall;
import org.zennit4j.runtime.LayerFunction;

/**
 * LRP-z+: only positive contributions count, {@code R_x = x+ * W+^T(q) + x- * W-^T(q)} with {@code
 * q = R / s(W+ x+ + W- x- + b+)}.
 *
 * <p>S. Bach et al., 2015; G. Montavon et al., Explaining nonlinear classification decisions with
 * deep Taylor decomposition, 2017. Default stabilizer 1e-6 (Zennit).
 */
public final class ZPlus extends DeclaredRule {
  private final Stabilizer stabilizer;
  private final ZeroParams zeroParams;

  /** ZPlus with Zennit's defaults. */
  public ZPlus() {
    this(Stabilizer.standard(), ZeroParams.none());
  }

  /**
   * ZPlus with any stabilizer.
   *
   * @param stabilizer stabilizes the denominator
   */
  public ZPlus(Stabilizer stabilizer) {
    this(stabilizer, ZeroParams.none());
  }

  /**
   * ZPlus.
   *
   * @param stabilizer stabilizes the denominator
   * @param zeroParams parameters that count as zero
   */
  public ZPlus(Stabilizer stabilizer, ZeroParams zeroParams) {
    super("zplus", new Arguments().with("stabilizer", stabilizer).with(zeroParams).map());
    this.stabilizer = stabilizer;
    this.zeroParams = zeroParams;
  }

  @Override
  public ZPlus withoutBias() {
    return new ZPlus(stabilizer, zeroParams.withBias());
  }

  @Override
  public BasicRule declaration() {
    return new BasicRule(
        "zplus",
        List.of(
            new Modification(
                LinearFunction::positive, ParameterModifier.positive().zeroing(zeroParams)),
            new Modification(
                LinearFunction::negative,
                ParameterModifier.negative().zeroing(zeroParams.andBias()))),
        (relevance, outputs) -> {
          Tensor q = relevance.div(stabilizer.apply(outputs.get(0).add(outputs.get(1))));
          return List.of(q, q);
        },
        (inputs, gradients) ->
            inputs.get(0).mul(gradients.get(0)).add(inputs.get(1).mul(gradients.get(1))));
  }

  @Override
  LayerFunction fastPath(LinearMap map) {
    if (zeroParams.splitsWeight()) {
      return null;
    }
    ParameterModifier plus = ParameterModifier.positive().zeroing(zeroParams);
    ParameterModifier minus = ParameterModifier.negative().zeroing(zeroParams);
    return new LinearFunction(map) {
      @Override
      Tensor relevance(LayerCall call, Tensor x, Tensor r) {
        Tensor wp = weight(Part.POSITIVE_WEIGHT, plus);
        Tensor bp = bias(Part.POSITIVE_BIAS, plus);
        if (isNonNegative(call, x)) {
          Tensor q = OnePass.share(r, map.forward(x, wp, bp), stabilizer, true);
          return OnePass.product(x, map.adjoint(q, x, wp));
        }
        Tensor wm = weight(Part.NEGATIVE_WEIGHT, minus);
        Tensor xp = positive(x);
        Tensor xm = negative(x);
        Tensor z = map.forward(xp, wp, bp).add_(map.forward(xm, wm, null));
        Tensor q = OnePass.share(r, z, stabilizer, true);
        List<Tensor> found = adjoints(q, x, wp, wm);
        return OnePass.bySign(x, found.get(0), found.get(1));
      }
    };
  }

  /** The rule by name. */
  static Entry<Rule> entry() {
    return Entry.<Rule>of(
            "zplus",
            ZPlus.class,
            "share in the positive part",
            v ->
                new ZPlus(
                    v.get("stabilizer", Stabilizer.class), v.get("zero_params", ZeroParams.class)),
            Arguments.STABILIZER,
            Arguments.ZERO_PARAMS)
        .withFormula("x+ * W+^T q + x- * W-^T q, q = R / st(W+ x+ + W- x- + b+)");
  }
}
