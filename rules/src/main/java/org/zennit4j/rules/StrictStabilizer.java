/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.rules;

import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;

/**
 * A stabilizer that changes exact zeros only: {@code z + 1e-7} where z = 0, else z, as iNNvestigate
 * does.
 */
public record StrictStabilizer() implements Stabilizer {
  /** What takes the place of 0. */
  public static final double EPSILON = 1e-7;

  @Override
  public Tensor apply(Tensor z) {
    Scalar zero = new Scalar(0);
    Tensor isZero = z.detach().eq(zero).to(z.scalar_type());
    return z.add(isZero.mul_(new Scalar(EPSILON)));
  }

  @Override
  public String toString() {
    return "strict";
  }
}
