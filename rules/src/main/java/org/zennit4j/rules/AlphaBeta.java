/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.rules;

import java.util.List;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.zennit4j.graph.LinearMap;
import org.zennit4j.registry.Argument;
import org.zennit4j.registry.Argument.Kind;
import org.zennit4j.registry.Entry;
import org.zennit4j.rules.BasicRule.Modification;
import org.zennit4j.rules.Prepared.Part;
import org.zennit4j.runtime.LayerCall;
import org.zennit4j.runtime.LayerFunction;

/**
 * LRP-alpha-beta: positive and negative contributions are weighted apart, {@code R_x = alpha (x+ *
 * W+^T(q) + x- * W-^T(q)) - beta (x+ * W-^T(n) + x- * W+^T(n))} with {@code q = R / s(W+ x+ + W- x-
 * + b+)} and {@code n = R / s(W- x+ + W+ x- + b-)}; alpha - beta = 1, both at least 0.
 *
 * <p>S. Bach et al., 2015. Defaults alpha 2, beta 1, stabilizer 1e-6 (Zennit).
 */
public final class AlphaBeta extends DeclaredRule {
  /** Terms of an output that are many. */
  private static final long MANY = 64;

  private final double alpha;
  private final double beta;
  private final Stabilizer stabilizer;
  private final ZeroParams zeroParams;

  /**
   * AlphaBeta with Zennit's stabilizer.
   *
   * @param alpha weight of the positive contributions
   * @param beta weight of the negative contributions
   * @throws RuleException if alpha - beta is not 1 (to 1e-9) or one is negative
   */
  public AlphaBeta(double alpha, double beta) {
    this(alpha, beta, Stabilizer.standard(), ZeroParams.none());
  }

  /**
   * AlphaBeta.
   *
   * @param alpha weight of the positive contributions
   * @param beta weight of the negative contributions
   * @param stabilizer stabilizes both denominators
   * @param zeroParams parameters that count as zero
   * @throws RuleException if alpha - beta is not 1 (to 1e-9) or one is negative
   */
  public AlphaBeta(double alpha, double beta, Stabilizer stabilizer, ZeroParams zeroParams) {
    super(
        "alpha_beta",
        new Arguments()
            .with("alpha", alpha)
            .with("beta", beta)
            .with("stabilizer", stabilizer)
            .with(zeroParams)
            .map());
    if (!(alpha >= 0) || !(beta >= 0)) {
      throw new RuleException(
          "alpha_beta: alpha and beta must be at least 0, but are " + alpha + " and " + beta);
    }
    if (!(Math.abs(alpha - beta - 1) <= 1e-9)) {
      throw new RuleException(
          "alpha_beta: alpha - beta must be 1, but alpha is " + alpha + " and beta " + beta);
    }
    this.alpha = alpha;
    this.beta = beta;
    this.stabilizer = stabilizer;
    this.zeroParams = zeroParams;
  }

  @Override
  public AlphaBeta withoutBias() {
    return new AlphaBeta(alpha, beta, stabilizer, zeroParams.withBias());
  }

  @Override
  public BasicRule declaration() {
    ParameterModifier plus = ParameterModifier.positive();
    ParameterModifier minus = ParameterModifier.negative();
    return new BasicRule(
        "alpha_beta",
        List.of(
            new Modification(LinearFunction::positive, plus.zeroing(zeroParams)),
            new Modification(LinearFunction::negative, minus.zeroing(zeroParams.andBias())),
            new Modification(LinearFunction::positive, minus.zeroing(zeroParams)),
            new Modification(LinearFunction::negative, plus.zeroing(zeroParams.andBias()))),
        (relevance, outputs) -> {
          Tensor q = relevance.div(stabilizer.apply(outputs.get(0).add(outputs.get(1))));
          Tensor n = relevance.div(stabilizer.apply(outputs.get(2).add(outputs.get(3))));
          return List.of(q, q, n, n);
        },
        (x, g) ->
            x.get(0)
                .mul(g.get(0))
                .add(x.get(1).mul(g.get(1)))
                .mul(new Scalar(alpha))
                .sub(x.get(2).mul(g.get(2)).add(x.get(3).mul(g.get(3))).mul(new Scalar(beta))));
  }

  /** In its own place. */
  private static Tensor times(Tensor own, double factor) {
    return factor == 1 ? own : own.mul_(new Scalar(factor));
  }

  /**
   * Whether outputs have so many terms that their negative part is no small rest beside the
   * positive one: only then may it be what is left of a sum.
   */
  private static boolean isManifold(LinearMap map) {
    long terms = map.weight().numel() / Math.max(1, map.weight().size(0));
    return !map.isTransposed() && terms >= MANY;
  }

  @Override
  LayerFunction fastPath(LinearMap map) {
    if (zeroParams.splitsWeight()) {
      return null;
    }
    ParameterModifier plus = ParameterModifier.positive().zeroing(zeroParams);
    ParameterModifier minus = ParameterModifier.negative().zeroing(zeroParams);
    boolean difference =
        zeroParams.names().isEmpty() && OnePass.isPlain(stabilizer) && isManifold(map);
    return new LinearFunction(map) {
      @Override
      public Reads reads() {
        return difference && beta != 0 ? Reads.BOTH : Reads.INPUTS;
      }

      @Override
      Tensor relevance(LayerCall call, Tensor x, Tensor r) {
        boolean nonNegative = isNonNegative(call, x);
        Tensor xp = nonNegative ? x : positive(x);
        Tensor xm = nonNegative ? null : negative(x);
        Tensor wp = weight(Part.POSITIVE_WEIGHT, plus);
        Tensor wm = beta == 0 && nonNegative ? null : weight(Part.NEGATIVE_WEIGHT, minus);
        Tensor bp = bias(Part.POSITIVE_BIAS, plus);
        if (nonNegative && beta != 0 && difference) {
          return both(call, x, r, wp, wm, bp);
        }
        Tensor result = times(part(x, r, xp, xm, wp, wm, bp, true), alpha);
        return beta == 0
            ? result
            : result.sub_(
                times(part(x, r, xp, xm, wp, wm, bias(Part.NEGATIVE_BIAS, minus), false), beta));
      }

      /**
       * Both parts where no input is negative: what the negative weights give is what the positive
       * ones leave of the output.
       */
      private Tensor both(LayerCall call, Tensor x, Tensor r, Tensor wp, Tensor wm, Tensor bp) {
        Tensor zp = map.forward(x, wp, bp);
        Tensor zm = call.outputs().get(0).sub(zp);
        Tensor q = OnePass.share(r, zp, stabilizer, true);
        Tensor n = OnePass.share(r, zm, stabilizer, true);
        Tensor kept = times(map.adjoint(q, x, wp), alpha);
        return OnePass.difference(x, kept, times(map.adjoint(n, x, wm), beta));
      }

      private Tensor part(
          Tensor x,
          Tensor r,
          Tensor xp,
          Tensor xm,
          Tensor wp,
          Tensor wm,
          Tensor b,
          boolean ofPositive) {
        Tensor z = map.forward(xp, ofPositive ? wp : wm, b);
        if (xm == null) {
          Tensor q = OnePass.share(r, z, stabilizer, true);
          return OnePass.product(xp, map.adjoint(q, x, ofPositive ? wp : wm));
        }
        z.add_(map.forward(xm, ofPositive ? wm : wp, null));
        Tensor q = OnePass.share(r, z, stabilizer, true);
        List<Tensor> found = adjoints(q, x, wp, wm);
        return OnePass.bySign(x, found.get(ofPositive ? 0 : 1), found.get(ofPositive ? 1 : 0));
      }
    };
  }

  /** The rule by name. */
  static Entry<Rule> entry() {
    return Entry.<Rule>of(
            "alpha_beta",
            AlphaBeta.class,
            "alpha times the positive part less beta times the negative part",
            v ->
                new AlphaBeta(
                    v.number("alpha"),
                    v.number("beta"),
                    v.get("stabilizer", Stabilizer.class),
                    v.get("zero_params", ZeroParams.class)),
            Argument.of("alpha", Kind.NUMBER, 2.0),
            Argument.of("beta", Kind.NUMBER, 1.0),
            Arguments.STABILIZER,
            Arguments.ZERO_PARAMS)
        .withFormula(
            "{alpha} * [x+ * W+^T q + x- * W-^T q], q = R / st(W+ x+ + W- x- + b+), minus {beta} *"
                + " [x+ * W-^T n + x- * W+^T n], n = R / st(W- x+ + W+ x- + b-)");
  }
}
