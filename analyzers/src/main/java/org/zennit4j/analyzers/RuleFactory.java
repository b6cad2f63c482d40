/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.analyzers;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.zennit4j.bindings.LayerCall;
import org.zennit4j.bindings.LayerFunction;
import org.zennit4j.bindings.Region;
import org.zennit4j.bindings.Zennit4jException;
import org.zennit4j.rules.AlphaBeta;
import org.zennit4j.rules.BasicRule;
import org.zennit4j.rules.Bound;
import org.zennit4j.rules.Epsilon;
import org.zennit4j.rules.Flat;
import org.zennit4j.rules.Gamma;
import org.zennit4j.rules.ParameterModifier;
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
      return zeroBias
          ? gammaWithoutBias(gamma.gamma())
          : new Gamma(gamma.gamma(), stabilizer, ZeroParams.none());
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

  /** Gamma where the sign of the output is that of Wx, too. */
  private Rule gammaWithoutBias(double gamma) {
    ParameterModifier plus = (p, name) -> p.add(p.clamp_min(new Scalar(0)), new Scalar(gamma));
    ParameterModifier minus = (p, name) -> p.add(p.clamp_max(new Scalar(0)), new Scalar(gamma));
    UnaryOperator<Tensor> positive = x -> x.clamp_min(new Scalar(0));
    UnaryOperator<Tensor> negative = x -> x.clamp_max(new Scalar(0));
    return new BasicRule(
        "gamma",
        List.of(
            new BasicRule.Modification(positive, plus.withoutBias()),
            new BasicRule.Modification(negative, minus.withoutBias()),
            new BasicRule.Modification(positive, minus.withoutBias()),
            new BasicRule.Modification(negative, plus.withoutBias()),
            new BasicRule.Modification(
                UnaryOperator.identity(), ParameterModifier.identity().withoutBias())),
        (relevance, outputs) -> {
          Tensor z = outputs.get(4);
          Tensor q = share(relevance, z.gt(new Scalar(0)), outputs.get(0).add(outputs.get(1)));
          Tensor n = share(relevance, z.lt(new Scalar(0)), outputs.get(2).add(outputs.get(3)));
          return Arrays.asList(q, q, n, n, null);
        },
        (x, g) ->
            x.get(0)
                .mul(g.get(0))
                .add(x.get(1).mul(g.get(1)))
                .add(x.get(2).mul(g.get(2)))
                .add(x.get(3).mul(g.get(3))));
  }

  private Tensor share(Tensor relevance, Tensor mask, Tensor denominator) {
    return relevance.mul(mask).div(stabilizer.apply(denominator));
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
    return new CheckedZBox(new ZBox(lower, upper, stabilizer, zero), lower, upper);
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

  /** ZBox that reports inputs out of bounds, on the CPU. */
  private record CheckedZBox(ZBox rule, Bound low, Bound high) implements Rule {
    @Override
    public String name() {
      return rule.name();
    }

    @Override
    public Map<String, Object> arguments() {
      return rule.arguments();
    }

    @Override
    public Rule withoutBias() {
      return new CheckedZBox(rule.withoutBias(), low, high);
    }

    @Override
    public boolean keepsSums() {
      return rule.keepsSums();
    }

    @Override
    public LayerFunction bind(Region region) {
      LayerFunction function = rule.bind(region);
      return new LayerFunction() {
        @Override
        public List<Tensor> backward(LayerCall call, List<Tensor> relevance) {
          Tensor x = call.inputs().get(0);
          if (isOutside(x)) {
            call.report(
                "zbox: the input of '"
                    + call.region().name()
                    + "' leaves the bounds low and high; its relevance is not reliable there");
          }
          return function.backward(call, relevance);
        }

        @Override
        public void close() {
          function.close();
        }
      };
    }

    /** Only asked on the CPU, where reading a value does not wait for a device. */
    private boolean isOutside(Tensor x) {
      return x.device().is_cpu()
          && (below(x, low).any().item_bool() || above(x, high).any().item_bool());
    }

    private static Tensor below(Tensor x, Bound bound) {
      return bound.isNumber() ? x.lt(new Scalar(bound.number())) : x.lt(bound.like(x));
    }

    private static Tensor above(Tensor x, Bound bound) {
      return bound.isNumber() ? x.gt(new Scalar(bound.number())) : x.gt(bound.like(x));
    }
  }
}
