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
import org.zennit4j.runtime.LayerCall;
import org.zennit4j.runtime.LayerFunction;

/**
 * LRP-SIGN: the sign of the input in place of the input, {@code R_x = sgn(x) * W^T(R / st(z))},
 * sgn(0) = +1. Not conservative.
 *
 * <p>N. Gumpfer et al., SIGNed explanations: unveiling relevant features by reducing bias, 2023.
 */
public final class Sign extends DeclaredRule {
  private static final SignThreshold THRESHOLD = SignThreshold.of(0);

  private final Stabilizer stabilizer;
  private final ZeroParams zeroParams;

  /** SIGN with the default stabilizer. */
  public Sign() {
    this(Stabilizer.standard(), ZeroParams.none());
  }

  /**
   * SIGN.
   *
   * @param stabilizer stabilizes the denominator
   * @param zeroParams parameters that count as zero
   */
  public Sign(Stabilizer stabilizer, ZeroParams zeroParams) {
    super("sign", new Arguments().with("stabilizer", stabilizer).with(zeroParams).map());
    this.stabilizer = stabilizer;
    this.zeroParams = zeroParams;
  }

  @Override
  public Sign withoutBias() {
    return new Sign(stabilizer, zeroParams.withBias());
  }

  @Override
  public boolean keepsSums() {
    return false;
  }

  @Override
  public BasicRule declaration() {
    return declare("sign", THRESHOLD, stabilizer, zeroParams);
  }

  @Override
  LayerFunction fastPath(LinearMap map) {
    return fast(map, THRESHOLD, stabilizer, zeroParams);
  }

  static BasicRule declare(
      String name, SignThreshold threshold, Stabilizer stabilizer, ZeroParams zeroParams) {
    return new BasicRule(
        name,
        List.of(
            new Modification(
                UnaryOperator.identity(), ParameterModifier.identity().zeroing(zeroParams))),
        (relevance, outputs) -> List.of(relevance.div(stabilizer.apply(outputs.get(0)))),
        (inputs, gradients) -> threshold.sign(inputs.get(0)).mul(gradients.get(0)));
  }

  static LayerFunction fast(
      LinearMap map, SignThreshold threshold, Stabilizer stabilizer, ZeroParams zeroParams) {
    return new ShareFunction(map, zeroParams) {
      @Override
      Tensor relevance(LayerCall call, Tensor x, Tensor r) {
        Tensor q = r.div(stabilizer.apply(output(call, x)));
        return threshold.sign(x).mul_(map.adjoint(q, x, weight()));
      }
    };
  }

  /** The rule by name. */
  static Entry<Rule> entry() {
    return Entry.<Rule>of(
            "sign",
            Sign.class,
            "sign of the input instead of its value",
            v ->
                new Sign(
                    v.get("stabilizer", Stabilizer.class), v.get("zero_params", ZeroParams.class)),
            Arguments.STABILIZER,
            Arguments.ZERO_PARAMS)
        .withFormula("sgn(x) * W^T(R / st(z))");
  }
}
