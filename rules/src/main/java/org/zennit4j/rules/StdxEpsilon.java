/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.rules;

import java.util.Arrays;
import java.util.stream.LongStream;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.zennit4j.graph.LinearMap;
import org.zennit4j.graph.Region;
import org.zennit4j.registry.Argument;
import org.zennit4j.registry.Argument.Kind;
import org.zennit4j.registry.Entry;
import org.zennit4j.runtime.LayerCall;
import org.zennit4j.runtime.LayerFunction;

/**
 * Epsilon that follows the spread of each layer's own input: {@code R_x = x * W^T(R / (z + e
 * sgn(z)))} with {@code e = factor * std(x)}, the population standard deviation over all values of
 * one sample; where that is 0 the stabilizer takes its place.
 *
 * <p>N. Gumpfer et al., 2023. Default factor 0.25.
 */
public final class StdxEpsilon extends DeclaredRule {
  private final double factor;
  private final Stabilizer stabilizer;
  private final ZeroParams zeroParams;

  /**
   * StdxEpsilon with the default stabilizer.
   *
   * @param factor epsilon as a multiple of the standard deviation
   */
  public StdxEpsilon(double factor) {
    this(factor, Stabilizer.standard(), ZeroParams.none());
  }

  /**
   * StdxEpsilon.
   *
   * @param factor epsilon as a multiple of the standard deviation, at least 0
   * @param stabilizer used where epsilon would be 0
   * @param zeroParams parameters that count as zero
   * @throws RuleException if the factor is negative or not finite
   */
  public StdxEpsilon(double factor, Stabilizer stabilizer, ZeroParams zeroParams) {
    super(
        "stdx_epsilon",
        new Arguments()
            .with("factor", factor)
            .with("stabilizer", stabilizer)
            .with(zeroParams)
            .map());
    if (!(factor >= 0) || Double.isInfinite(factor)) {
      throw new RuleException("stdx_epsilon: factor must be at least 0, not " + factor);
    }
    this.factor = factor;
    this.stabilizer = stabilizer;
    this.zeroParams = zeroParams;
  }

  @Override
  public StdxEpsilon withoutBias() {
    return new StdxEpsilon(factor, stabilizer, zeroParams.withBias());
  }

  /** Epsilon depends on the input, which a general declaration does not see: Z on each call. */
  @Override
  public BasicRule declaration() {
    return Epsilon.declare("stdx_epsilon", stabilizer, zeroParams);
  }

  @Override
  LayerFunction general(Region region) {
    return (call, relevance) ->
        Epsilon.declare("stdx_epsilon", stabilizerFor(call.inputs().get(0)), zeroParams)
            .bind(region)
            .backward(call, relevance);
  }

  @Override
  LayerFunction fastPath(LinearMap map) {
    return new ShareFunction(map, zeroParams) {
      @Override
      Tensor relevance(LayerCall call, Tensor x, Tensor r) {
        Tensor z = output(call, x);
        return x.mul(map.adjoint(r.div(stabilizerFor(x).apply(z)), x, weight()));
      }
    };
  }

  private Stabilizer stabilizerFor(Tensor x) {
    long[] axes = LongStream.range(x.dim() > 1 ? 1 : 0, x.dim()).toArray();
    Tensor epsilon = deviation(x.detach(), axes).mul(new Scalar(factor));
    return z -> {
      long[] shape = new long[(int) z.dim()];
      Arrays.fill(shape, 1);
      if (x.dim() > 1 && shape.length > 0) {
        shape[0] = x.size(0);
      }
      Tensor e = epsilon.reshape(shape);
      Tensor sign = SignThreshold.of(0).sign(z);
      Tensor isZero = e.eq(new Scalar(0));
      return torch.where(isZero, stabilizer.apply(z), z.add(sign.mul_(e)));
    };
  }

  /** A constant sample has the deviation 0, whatever the rounding of its mean. */
  private static Tensor deviation(Tensor x, long[] axes) {
    Tensor deviation = torch.std(x, axes, /* unbiased= */ false);
    Tensor constant = torch.amax(x, axes, false).eq(torch.amin(x, axes, false));
    return deviation.masked_fill(constant, new Scalar(0));
  }

  /** The rule by name. */
  static Entry<Rule> entry() {
    return Entry.<Rule>of(
            "stdx_epsilon",
            StdxEpsilon.class,
            "epsilon as a share of the input's deviation",
            v ->
                new StdxEpsilon(
                    v.number("factor"),
                    v.get("stabilizer", Stabilizer.class),
                    v.get("zero_params", ZeroParams.class)),
            Argument.of("factor", Kind.NUMBER, 0.25),
            Arguments.STABILIZER,
            Arguments.ZERO_PARAMS)
        .withFormula("x * W^T(R / (z + e*sgn(z))), e = {factor} * std(x)");
  }
}
