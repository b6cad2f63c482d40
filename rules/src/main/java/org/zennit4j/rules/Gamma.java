/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.rules;

import java.util.List;
import java.util.function.UnaryOperator;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.zennit4j.graph.LinearMap;
import org.zennit4j.registry.Argument;
import org.zennit4j.registry.Argument.Kind;
import org.zennit4j.registry.Entry;
import org.zennit4j.rules.BasicRule.Modification;
import org.zennit4j.rules.Prepared.Part;
import org.zennit4j.runtime.LayerCall;
import org.zennit4j.runtime.LayerFunction;

/**
 * LRP-gamma, generalised to inputs of both signs: contributions of the output's own sign are
 * strengthened by gamma.
 *
 * <p>With {@code P = W + gamma W+} and {@code N = W + gamma W-}: where z &gt; 0, {@code q = R / s(P
 * x+ + N x- + b + gamma b+)} and the part is {@code x+ * P^T q + x- * N^T q}, the bias missing in
 * the second run; where z &lt; 0 the same with P and N exchanged and {@code b + gamma b-}; z = 0
 * passes nothing. Zennit's own order of terms.
 *
 * <p>G. Montavon et al., Layer-wise relevance propagation: an overview, 2019. Defaults gamma 0.25,
 * stabilizer 1e-6 (Zennit).
 */
public final class Gamma extends DeclaredRule {
  private final double gamma;
  private final Stabilizer stabilizer;
  private final ZeroParams zeroParams;
  private final boolean signWithoutBias;

  /** Gamma with 0.25. */
  public Gamma() {
    this(0.25);
  }

  /**
   * Gamma with Zennit's stabilizer.
   *
   * @param gamma how much contributions of the output's sign are strengthened, at least 0
   */
  public Gamma(double gamma) {
    this(gamma, Stabilizer.standard(), ZeroParams.none());
  }

  /**
   * Gamma.
   *
   * @param gamma how much contributions of the output's sign are strengthened, at least 0
   * @param stabilizer stabilizes both denominators
   * @param zeroParams parameters that count as zero; the sign of the output is always that of the
   *     layer itself
   */
  public Gamma(double gamma, Stabilizer stabilizer, ZeroParams zeroParams) {
    this(gamma, stabilizer, zeroParams, false);
  }

  /**
   * Gamma.
   *
   * @param gamma how much contributions of the output's sign are strengthened, at least 0
   * @param stabilizer stabilizes both denominators
   * @param zeroParams parameters that count as zero
   * @param signWithoutBias whether the sign of the output is that of Wx rather than of the layer
   *     itself, Wx + b
   */
  public Gamma(
      double gamma, Stabilizer stabilizer, ZeroParams zeroParams, boolean signWithoutBias) {
    super(
        "gamma",
        new Arguments()
            .with("gamma", gamma)
            .with("stabilizer", stabilizer)
            .with(zeroParams)
            .withFlag("sign_without_bias", signWithoutBias)
            .map());
    if (!(gamma >= 0)) {
      throw new RuleException("gamma: gamma must be at least 0, not " + gamma);
    }
    this.signWithoutBias = signWithoutBias;
    this.gamma = gamma;
    this.stabilizer = stabilizer;
    this.zeroParams = zeroParams;
  }

  private ParameterModifier plus() {
    return (p, name) -> p.add(p.clamp_min(new Scalar(0)), new Scalar(gamma));
  }

  private ParameterModifier minus() {
    return (p, name) -> p.add(p.clamp_max(new Scalar(0)), new Scalar(gamma));
  }

  @Override
  public Gamma withoutBias() {
    return new Gamma(gamma, stabilizer, zeroParams.withBias(), signWithoutBias);
  }

  @Override
  public BasicRule declaration() {
    return new BasicRule(
        "gamma",
        List.of(
            new Modification(LinearFunction::positive, plus().zeroing(zeroParams)),
            new Modification(LinearFunction::negative, minus().zeroing(zeroParams.andBias())),
            new Modification(LinearFunction::positive, minus().zeroing(zeroParams)),
            new Modification(LinearFunction::negative, plus().zeroing(zeroParams.andBias())),
            new Modification(
                UnaryOperator.identity(),
                signWithoutBias
                    ? ParameterModifier.identity().withoutBias()
                    : ParameterModifier.identity())),
        (relevance, outputs) -> {
          Tensor z = outputs.get(4);
          Tensor q = share(relevance, z.gt(new Scalar(0)), outputs.get(0).add(outputs.get(1)));
          Tensor n = share(relevance, z.lt(new Scalar(0)), outputs.get(2).add(outputs.get(3)));
          return java.util.Arrays.asList(q, q, n, n, null);
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

  @Override
  LayerFunction fastPath(LinearMap map) {
    if (zeroParams.splitsWeight()) {
      return null;
    }
    ParameterModifier plus = plus().zeroing(zeroParams);
    ParameterModifier minus = minus().zeroing(zeroParams);
    boolean whole = zeroParams.names().isEmpty() && !signWithoutBias;
    return new LinearFunction(map) {
      @Override
      public Reads reads() {
        return signWithoutBias ? Reads.INPUTS : Reads.BOTH;
      }

      @Override
      Tensor relevance(LayerCall call, Tensor x, Tensor r) {
        Tensor p = weight(Part.RAISED_WEIGHT, plus);
        Tensor n = weight(Part.LOWERED_WEIGHT, minus);
        boolean nonNegative = isNonNegative(call, x);
        if (nonNegative && whole) {
          return together(call, x, r, p, n);
        }
        Tensor z = signWithoutBias ? map.forward(x, map.weight(), null) : call.outputs().get(0);
        Tensor xp = nonNegative ? x : positive(x);
        Tensor xm = nonNegative ? null : negative(x);
        Tensor upper =
            part(x, r, xp, xm, z.gt(new Scalar(0)), p, n, bias(Part.RAISED_BIAS, plus), true);
        return upper.add_(
            part(x, r, xp, xm, z.lt(new Scalar(0)), p, n, bias(Part.LOWERED_BIAS, minus), false));
      }

      /**
       * Both parts where no input is negative: with the output z and its positive part {@code z+ =
       * W+ x + b+}, the denominators are {@code z + g z+} and {@code z + g (z - z+)}, where terms
       * of one sign are added.
       */
      private Tensor together(LayerCall call, Tensor x, Tensor r, Tensor p, Tensor n) {
        Tensor z = call.outputs().get(0);
        Tensor positive =
            map.forward(
                x,
                weight(Part.POSITIVE_WEIGHT, ParameterModifier.positive()),
                bias(Part.POSITIVE_BIAS, ParameterModifier.positive()));
        Tensor upper;
        Tensor lower;
        if (OnePass.isPlain(stabilizer) && OnePass.fits(r, z, positive)) {
          float eps = OnePass.epsilon(stabilizer);
          upper = positive;
          lower = torch.empty_like(positive);
          OnePass.run(
              List.of(r, z, positive),
              List.of(upper, lower),
              (v, count) -> shares(v[0], v[1], v[2], (float) gamma, eps, count));
        } else {
          Tensor raised = z.add(positive.mul(new Scalar(gamma)));
          Tensor lowered = z.add(z.sub(positive).mul_(new Scalar(gamma)));
          upper = share(r, z.gt(new Scalar(0)), raised);
          lower = share(r, z.lt(new Scalar(0)), lowered);
        }
        return OnePass.sum(x, map.adjoint(upper, x, p), map.adjoint(lower, x, n));
      }

      private Tensor part(
          Tensor x,
          Tensor r,
          Tensor xp,
          Tensor xm,
          Tensor mask,
          Tensor p,
          Tensor n,
          Tensor b,
          boolean above) {
        Tensor z = map.forward(xp, above ? p : n, b);
        if (xm == null) {
          return OnePass.product(xp, map.adjoint(share(r, mask, z), x, above ? p : n));
        }
        Tensor q = share(r, mask, z.add_(map.forward(xm, above ? n : p, null)));
        List<Tensor> found = adjoints(q, x, p, n);
        return OnePass.bySign(x, found.get(above ? 0 : 1), found.get(above ? 1 : 0));
      }
    };
  }

  /** The shares of outputs above zero in the place of r, of those below in the place of z. */
  private static void shares(
      float[] r, float[] z, float[] positive, float gamma, float eps, int count) {
    for (int i = 0; i < count; i++) {
      float raised = z[i] + gamma * positive[i];
      float lowered = z[i] + gamma * (z[i] - positive[i]);
      float upper = r[i] * OnePass.isPositive(z[i]);
      float lower = r[i] * OnePass.isPositive(-z[i]);
      r[i] = upper / (raised + OnePass.sign(raised) * eps);
      z[i] = lower / (lowered + OnePass.sign(lowered) * eps);
    }
  }

  /** The rule by name. */
  static Entry<Rule> entry() {
    return Entry.<Rule>of(
            "gamma",
            Gamma.class,
            "positive weights favoured",
            v ->
                new Gamma(
                    v.number("gamma"),
                    v.get("stabilizer", Stabilizer.class),
                    v.get("zero_params", ZeroParams.class),
                    v.flag("sign_without_bias")),
            Argument.of("gamma", Kind.NUMBER, 0.25),
            Arguments.STABILIZER,
            Arguments.ZERO_PARAMS,
            Argument.of("sign_without_bias", Kind.FLAG, false))
        .withFormula(
            "P = W + g W+, N = W + g W-, g = {gamma};"
                + " z > 0: x+ * P^T q + x- * N^T q, q = R / st(P x+ + N x- + b + g b+);"
                + " z < 0: x+ * N^T q + x- * P^T q, q = R / st(N x+ + P x- + b + g b-)");
  }
}
