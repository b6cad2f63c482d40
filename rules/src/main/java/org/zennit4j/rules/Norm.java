/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.rules;

import org.zennit4j.bindings.LayerFunction;
import org.zennit4j.bindings.LinearMap;

/**
 * Relevance by share of the output, for layers without parameters: {@code R_x = x * J^T(R / s(z))}.
 * For a sum every summand gets {@code x_i * R / s(sum)}. Parameters, where there are any, stay as
 * they are.
 *
 * <p>Default stabilizer 1e-6 (Zennit).
 */
public final class Norm extends DeclaredRule {
  private final Stabilizer stabilizer;

  /** Norm with Zennit's default. */
  public Norm() {
    this(Stabilizer.standard());
  }

  /**
   * Norm.
   *
   * @param stabilizer stabilizes the denominator
   */
  public Norm(Stabilizer stabilizer) {
    super("norm", new Arguments().with("stabilizer", stabilizer).map());
    this.stabilizer = stabilizer;
  }

  @Override
  public BasicRule declaration() {
    return Epsilon.declare("norm", stabilizer, ZeroParams.none());
  }

  @Override
  LayerFunction fastPath(LinearMap map) {
    return null;
  }
}
