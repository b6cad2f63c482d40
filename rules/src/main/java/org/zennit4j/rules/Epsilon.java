/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.rules;

import java.util.List;
import java.util.function.UnaryOperator;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.zennit4j.graph.LinearMap;
import org.zennit4j.registry.Argument;
import org.zennit4j.registry.Argument.Kind;
import org.zennit4j.registry.Entry;
import org.zennit4j.rules.BasicRule.Modification;
import org.zennit4j.rules.Prepared.Part;
import org.zennit4j.runtime.LayerCall;
import org.zennit4j.runtime.LayerFunction;

/**
 * LRP-epsilon: {@code R_x = x * W^T(R / s(z))} with {@code s(z) = z + epsilon sign(z)}.
 *
 * <p>S. Bach et al., On pixel-wise explanations for non-linear classifier decisions by layer-wise
 * relevance propagation, 2015. Default epsilon 1e-6 (Zennit).
 */
public final class Epsilon extends DeclaredRule {
  /** The most weights of a matrix that is kept a second time, in double precision: 32 MB. */
  private static final long SMALL = 1 << 22;

  private final Stabilizer stabilizer;
  private final ZeroParams zeroParams;

  /** Epsilon with 1e-6. */
  public Epsilon() {
    this(Stabilizer.DEFAULT_EPSILON);
  }

  /**
   * Epsilon with a number.
   *
   * @param epsilon added to the denominator with its sign
   */
  public Epsilon(double epsilon) {
    this(Stabilizer.of(epsilon), ZeroParams.none());
  }

  /**
   * Epsilon with any stabilizer.
   *
   * @param epsilon stabilizes the denominator
   */
  public Epsilon(Stabilizer epsilon) {
    this(epsilon, ZeroParams.none());
  }

  /**
   * Epsilon with any stabilizer.
   *
   * @param epsilon stabilizes the denominator
   * @param zeroParams parameters that count as zero
   */
  public Epsilon(Stabilizer epsilon, ZeroParams zeroParams) {
    super("epsilon", new Arguments().with("epsilon", epsilon).with(zeroParams).map());
    this.stabilizer = epsilon;
    this.zeroParams = zeroParams;
  }

  @Override
  public Epsilon withoutBias() {
    return new Epsilon(stabilizer, zeroParams.withBias());
  }

  @Override
  public BasicRule declaration() {
    return declare("epsilon", stabilizer, zeroParams);
  }

  static BasicRule declare(String name, Stabilizer stabilizer, ZeroParams zeroParams) {
    return new BasicRule(
        name,
        List.of(
            new Modification(
                UnaryOperator.identity(), ParameterModifier.identity().zeroing(zeroParams))),
        (relevance, outputs) -> List.of(relevance.div(stabilizer.apply(outputs.get(0)))),
        (inputs, gradients) -> inputs.get(0).mul(gradients.get(0)));
  }

  @Override
  LayerFunction fastPath(LinearMap map) {
    ParameterModifier modifier = ParameterModifier.identity().zeroing(zeroParams);
    boolean plain = zeroParams.names().isEmpty();
    return new LinearFunction(map) {
      @Override
      public Reads reads() {
        return plain ? Reads.BOTH : Reads.INPUTS;
      }

      @Override
      Tensor relevance(LayerCall call, Tensor x, Tensor r) {
        Tensor w = plain ? map.weight() : weight(Part.WEIGHT, modifier);
        Tensor z = plain ? call.outputs().get(0) : map.forward(x, w, bias(Part.BIAS, modifier));
        if (!isSmallProduct(x)) {
          Tensor q = OnePass.share(r, z, stabilizer, !plain);
          return OnePass.product(x, map.adjoint(q, x, w));
        }
        Tensor wide = once(Part.WEIGHT, ScalarType.Double, () -> w.to(ScalarType.Double));
        Tensor q = r.to(ScalarType.Double).div(stabilizer.apply(z.to(ScalarType.Double)));
        return OnePass.product(x, map.adjoint(q, x, wide)).to(x.scalar_type());
      }

      /**
       * The last layers of a classifier: terms of both signs cancel there, and what they round away
       * is carried to every pixel. Double precision costs nothing where the matrix is small. Layers
       * that each token passes are many, and their copies would take the memory of a second model.
       */
      private boolean isSmallProduct(Tensor x) {
        return !map.isConvolution()
            && x.scalar_type().intern() == ScalarType.Float
            && x.dim() <= 2
            && map.weight().numel() <= SMALL;
      }
    };
  }

  /** The rule by name. */
  static Entry<Rule> entry() {
    return Entry.<Rule>of(
            "epsilon",
            Epsilon.class,
            "share in the output, damped",
            v ->
                new Epsilon(
                    v.get("epsilon", Stabilizer.class), v.get("zero_params", ZeroParams.class)),
            Argument.of("epsilon", Kind.STABILIZER, Stabilizer.standard()),
            Arguments.ZERO_PARAMS)
        .withFormula("x * W^T(R / (z + {epsilon}*sgn(z)))");
  }
}
