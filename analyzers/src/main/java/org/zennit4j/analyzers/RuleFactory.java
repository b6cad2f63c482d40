/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.analyzers;

import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.zennit4j.bindings.Zennit4jException;
import org.zennit4j.rules.AlphaBeta;
import org.zennit4j.rules.Bound;
import org.zennit4j.rules.Epsilon;
import org.zennit4j.rules.Flat;
import org.zennit4j.rules.Gamma;
import org.zennit4j.rules.Rule;
import org.zennit4j.rules.Sign;
import org.zennit4j.rules.SignMu;
import org.zennit4j.rules.SignThreshold;
import org.zennit4j.rules.Stabilizer;
import org.zennit4j.rules.StdxEpsilon;
import org.zennit4j.rules.WSquare;
import org.zennit4j.rules.Z;
import org.zennit4j.rules.ZBox;
import org.zennit4j.rules.ZPlus;
import org.zennit4j.rules.ZPlusFast;
import org.zennit4j.rules.ZeroParams;

/** Makes rules of rules as data. */
final class RuleFactory {
  private static final ZeroParams BIAS = ZeroParams.of("bias");

  private final Stabilizer stabilizer;
  private final boolean zeroBias;
  private final ZeroParams zero;
  private final int sampleRank;
  private final OwnedTensors owned;

  /**
   * Makes a factory.
   *
   * @param stabilizer of all rules without an epsilon of their own
   * @param zeroBias whether the bias counts as zero
   * @param sampleRank the rank of one sample at the input layers, 0 if unknown
   * @param owned keeps bounds and thresholds
   */
  RuleFactory(Stabilizer stabilizer, boolean zeroBias, int sampleRank, OwnedTensors owned) {
    this.stabilizer = stabilizer;
    this.zeroBias = zeroBias;
    this.zero = zeroBias ? BIAS : ZeroParams.none();
    this.sampleRank = sampleRank;
    this.owned = owned;
  }

  Rule of(LrpRule rule) {
    if (rule instanceof LrpRule.Z) {
      return new Z(stabilizer, zero);
    }
    if (rule instanceof LrpRule.Epsilon epsilon) {
      return new Epsilon(Stabilizer.of(epsilon.epsilon()), zero);
    }
    if (rule instanceof LrpRule.StdxEpsilon stdx) {
      return new StdxEpsilon(stdx.factor(), stabilizer, zero);
    }
    if (rule instanceof LrpRule.Sign) {
      return new Sign(stabilizer, zero);
    }
    if (rule instanceof LrpRule.SignMu sign) {
      return new SignMu(threshold(sign.mu()), stabilizer, zero);
    }
    if (rule instanceof LrpRule.ZPlus) {
      return new ZPlus(stabilizer, zero);
    }
    if (rule instanceof LrpRule.ZPlusFast) {
      return new ZPlusFast(stabilizer);
    }
    if (rule instanceof LrpRule.AlphaBeta ab) {
      return new AlphaBeta(ab.alpha(), ab.beta(), stabilizer, zero);
    }
    if (rule instanceof LrpRule.Gamma gamma) {
      return new Gamma(gamma.gamma(), stabilizer, zero, zeroBias);
    }
    if (rule instanceof LrpRule.WSquare) {
      return new WSquare(stabilizer, BIAS);
    }
    if (rule instanceof LrpRule.Flat) {
      return new Flat(stabilizer, ZeroParams.none());
    }
    LrpRule.ZBox box = (LrpRule.ZBox) rule;
    return zBox(box.low(), box.high());
  }

  private SignThreshold threshold(Object mu) {
    if (mu instanceof Number number) {
      return SignThreshold.of(number.doubleValue());
    }
    if (mu instanceof List<?> numbers) {
      return SignThreshold.of(owned.keep(() -> OwnedTensors.vector(numbers)));
    }
    if (mu instanceof Tensor tensor) {
      Tensor shared = owned.share(tensor, "option mu");
      return SignThreshold.of(shared);
    }
    throw new Zennit4jException("option mu must be a number, a list of numbers or a tensor");
  }

  private Rule zBox(Object low, Object high) {
    Bound lower = bound(low, "low");
    Bound upper = bound(high, "high");
    if (!(lower.isNumber() && upper.isNumber())) {
      try (PointerScope scope = new PointerScope()) {
        checkOrder(low, high);
      }
    }
    return new ZBox(lower, upper, stabilizer, zero, /* reportOutside= */ true);
  }

  private Bound bound(Object value, String what) {
    if (value instanceof Number number) {
      return Bound.of(number.doubleValue());
    }
    if (value instanceof List<?> numbers) {
      return Bound.of(owned.keep(() -> OwnedTensors.vector(numbers).unsqueeze(0)));
    }
    if (value instanceof Tensor tensor) {
      Tensor shared = owned.share(tensor, "option " + what);
      boolean sample = shared.dim() == 1 || (shared.dim() > 1 && shared.dim() == sampleRank);
      return Bound.of(sample ? owned.keep(() -> shared.unsqueeze(0)) : shared);
    }
    throw new Zennit4jException(
        "option " + what + " must be a number, a list of numbers or a tensor");
  }

  private static void checkOrder(Object low, Object high) {
    boolean ordered;
    try {
      ordered = !flat(low).ge(flat(high)).any().item_bool();
    } catch (RuntimeException e) {
      throw new Zennit4jException("the bounds low and high do not have fitting shapes", e);
    }
    if (!ordered) {
      throw new Zennit4jException("low must be below high everywhere");
    }
  }

  private static Tensor flat(Object value) {
    if (value instanceof Number number) {
      return OwnedTensors.of(new double[] {number.doubleValue()}, 1);
    }
    return value instanceof List<?> numbers
        ? OwnedTensors.vector(numbers)
        : ((Tensor) value).to(org.bytedeco.pytorch.global.torch.ScalarType.Double).cpu();
  }
}
