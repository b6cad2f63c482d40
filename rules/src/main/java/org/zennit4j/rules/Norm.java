/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.rules;

import java.util.Arrays;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.zennit4j.graph.LinearMap;
import org.zennit4j.graph.Operators;
import org.zennit4j.graph.Region;
import org.zennit4j.registry.Entry;
import org.zennit4j.runtime.LayerCall;
import org.zennit4j.runtime.LayerFunction;

/**
 * Relevance by share of the output, for layers without parameters: {@code R_x = x * J^T(R / s(z))}.
 * For a sum every summand gets {@code x_i * R / s(sum)}. Parameters, where there are any, stay as
 * they are.
 *
 * <p>A multiplication by a constant that a canonizer made part of a sum hands relevance on whole.
 * Default stabilizer 1e-6 (Zennit).
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

  /** Sums of two tensors need no second run: their gradient is the relevance's share. */
  @Override
  LayerFunction general(Region region) {
    LayerFunction declared = declaration().bind(region);
    if (isScaling(region)) {
      return (call, relevance) ->
          call.inputs().size() == 1 && relevance.get(0) != null
              ? List.of(whole(call, relevance.get(0)))
              : declared.backward(call, relevance);
    }
    boolean sum =
        region.isOperator()
            && Operators.of(region).name().equals("add")
            && !Operators.isInPlace(region.operators().get(0))
            && region.number("alpha").orElse(0) == 1;
    return sum
        ? LayerFunction.reading(
            LayerFunction.Reads.BOTH,
            (call, relevance) ->
                isPlainSum(call, relevance)
                    ? shares(call, relevance.get(0))
                    : declared.backward(call, relevance))
        : declared;
  }

  /** A canonizer made a layer of a constant weight of a summand, or of the sum. */
  private static boolean isScaling(Region region) {
    Operators.Info info = region.isOperator() ? Operators.of(region) : null;
    return info != null
        && region.layer().matches("Sum")
        && (info.is(Operators.Kind.PRODUCT, Operators.Kind.QUOTIENT) || info.name().equals("neg"))
        && !info.name().startsWith("addc");
  }

  /** An only summand has the whole sum. */
  private static Tensor whole(LayerCall call, Tensor relevance) {
    long[] shape = call.inputs().get(0).shape();
    return Arrays.equals(shape, relevance.shape()) ? relevance : relevance.sum_to_size(shape);
  }

  private static boolean isPlainSum(LayerCall call, List<Tensor> relevance) {
    return !call.createGraph()
        && relevance.get(0) != null
        && call.inputs().size() == 2
        && call.inputs().stream().allMatch(x -> Arrays.equals(x.shape(), relevance.get(0).shape()));
  }

  private List<Tensor> shares(LayerCall call, Tensor relevance) {
    Tensor z = call.outputs().get(0);
    Tensor a = call.inputs().get(0);
    Tensor b = call.inputs().get(1);
    if (!OnePass.isPlain(stabilizer) || !OnePass.fits(relevance, z, a, b)) {
      Tensor q = relevance.div(stabilizer.apply(z));
      return List.of(a.mul(q), b.mul(q));
    }
    float eps = OnePass.epsilon(stabilizer);
    List<Tensor> result = List.of(torch.empty_like(z), torch.empty_like(z));
    OnePass.run(
        List.of(relevance, z, a, b),
        result,
        (v, n) -> {
          OnePass.quotient(v[0], v[1], eps, n);
          products(v[0], v[1], v[2], v[3], n);
        });
    return result;
  }

  private static void products(float[] q, float[] second, float[] a, float[] b, int n) {
    for (int i = 0; i < n; i++) {
      second[i] = b[i] * q[i];
      q[i] = a[i] * q[i];
    }
  }

  /** The rule by name. */
  static Entry<Rule> entry() {
    return Entry.<Rule>of(
            "norm",
            Norm.class,
            "share in a sum or average",
            v -> new Norm(v.get("stabilizer", Stabilizer.class)),
            Arguments.STABILIZER)
        .withFormula("x * J^T(R / st(z)), J the layer's derivative");
  }
}
