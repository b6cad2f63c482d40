/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.rules;

import org.bytedeco.pytorch.Tensor;
import org.zennit4j.graph.LinearMap;
import org.zennit4j.registry.Entry;
import org.zennit4j.runtime.LayerCall;
import org.zennit4j.runtime.LayerFunction;

/**
 * LRP-z: relevance by share of the output, {@code R_x = x * W^T(R / st(z))}.
 *
 * <p>S. Bach et al., 2015. Epsilon whose epsilon is the stabilizer that all rules share.
 */
public final class Z extends DeclaredRule {
  private final Stabilizer stabilizer;
  private final ZeroParams zeroParams;

  /** Z with the default stabilizer. */
  public Z() {
    this(Stabilizer.standard(), ZeroParams.none());
  }

  /**
   * Z.
   *
   * @param stabilizer stabilizes the denominator
   * @param zeroParams parameters that count as zero
   */
  public Z(Stabilizer stabilizer, ZeroParams zeroParams) {
    super("z", new Arguments().with("stabilizer", stabilizer).with(zeroParams).map());
    this.stabilizer = stabilizer;
    this.zeroParams = zeroParams;
  }

  @Override
  public Z withoutBias() {
    return new Z(stabilizer, zeroParams.withBias());
  }

  @Override
  public BasicRule declaration() {
    return Epsilon.declare("z", stabilizer, zeroParams);
  }

  @Override
  LayerFunction fastPath(LinearMap map) {
    return new ShareFunction(map, zeroParams) {
      @Override
      Tensor relevance(LayerCall call, Tensor x, Tensor r) {
        return x.mul(map.adjoint(r.div(stabilizer.apply(output(call, x))), x, weight()));
      }
    };
  }

  /** The rule by name. */
  static Entry<Rule> entry() {
    return Entry.<Rule>of(
            "z",
            Z.class,
            "share in the output",
            v ->
                new Z(
                    v.get("stabilizer", Stabilizer.class), v.get("zero_params", ZeroParams.class)),
            Arguments.STABILIZER,
            Arguments.ZERO_PARAMS)
        .withFormula("x * W^T(R / st(z))");
  }
}
