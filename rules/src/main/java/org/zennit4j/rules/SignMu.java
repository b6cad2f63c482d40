/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.rules;

import org.zennit4j.graph.LinearMap;
import org.zennit4j.registry.Argument;
import org.zennit4j.registry.Argument.Kind;
import org.zennit4j.registry.Entry;
import org.zennit4j.runtime.LayerFunction;

/**
 * LRP-SIGN with a threshold: {@code R_x = sign_mu(x, mu) * W^T(R / st(z))} with sign_mu = +1 where
 * x reaches mu, else -1. Not conservative.
 *
 * <p>N. Gumpfer et al., SIGNed explanations: unveiling relevant features by reducing bias, 2023.
 */
public final class SignMu extends DeclaredRule {
  private final SignThreshold threshold;
  private final Stabilizer stabilizer;
  private final ZeroParams zeroParams;

  /**
   * SIGNmu with the default stabilizer.
   *
   * @param mu the threshold
   */
  public SignMu(double mu) {
    this(SignThreshold.of(mu), Stabilizer.standard(), ZeroParams.none());
  }

  /**
   * SIGNmu.
   *
   * @param mu the threshold
   * @param stabilizer stabilizes the denominator
   * @param zeroParams parameters that count as zero
   */
  public SignMu(SignThreshold mu, Stabilizer stabilizer, ZeroParams zeroParams) {
    super(
        "sign_mu",
        new Arguments()
            .with("mu", mu.isNumber() ? mu.number() : mu.tensor() == null ? mu : mu.tensor())
            .with("stabilizer", stabilizer)
            .with(zeroParams)
            .map());
    this.threshold = mu;
    this.stabilizer = stabilizer;
    this.zeroParams = zeroParams;
  }

  @Override
  public SignMu withoutBias() {
    return new SignMu(threshold, stabilizer, zeroParams.withBias());
  }

  @Override
  public boolean keepsSums() {
    return false;
  }

  @Override
  public BasicRule declaration() {
    return Sign.declare("sign_mu", threshold, stabilizer, zeroParams);
  }

  @Override
  LayerFunction fastPath(LinearMap map) {
    return Sign.fast(map, threshold, stabilizer, zeroParams);
  }

  /** The rule by name. */
  static Entry<Rule> entry() {
    return Entry.<Rule>of(
            "sign_mu",
            SignMu.class,
            "sign of the input against a threshold",
            v ->
                new SignMu(
                    v.get("mu", SignThreshold.class),
                    v.get("stabilizer", Stabilizer.class),
                    v.get("zero_params", ZeroParams.class)),
            Argument.of("mu", Kind.THRESHOLD, SignThreshold.of(0)),
            Arguments.STABILIZER,
            Arguments.ZERO_PARAMS)
        .withFormula("sign_mu(x, {mu}) * W^T(R / st(z))");
  }
}
