/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.rules;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.stream.LongStream;
import org.bytedeco.pytorch.ScalarTypeOptional;
import org.bytedeco.pytorch.Tensor;
import org.zennit4j.graph.LinearMap;
import org.zennit4j.graph.Operators;
import org.zennit4j.graph.Region;
import org.zennit4j.registry.Entry;
import org.zennit4j.rules.BasicRule.Modification;
import org.zennit4j.rules.Prepared.Part;
import org.zennit4j.runtime.LayerCall;
import org.zennit4j.runtime.LayerFunction;

/**
 * LRP-epsilon where no relevance stays with the bias: what the bias would take goes to the inputs,
 * by the size of their contributions.
 *
 * <pre>
 *   q = R / s(z), n = |W| |x|
 *   t = q b |b| / (n + |b|), T = sum(t), N = sum(n)
 *   R_x = x * W^T q + |x| * |W|^T (q b / (n + |b|) + T / N)
 * </pre>
 *
 * <p>So most of it goes to the inputs of the same output. What is left where the bias is larger
 * than all contributions goes to the inputs of all outputs: of the sample for a convolution, of the
 * same place (the sums run over the last axis) for a dense layer.
 *
 * <p>{@link Epsilon} whose bias counts as zero divides by {@code z - b}, which may be next to
 * nothing where z is not: over the layers of a deep network relevance then grows without bound.
 * Here no input gets more than twice its contribution times q.
 *
 * <p>After the bias factor of S. Lapuschkin et al., The LRP toolbox for artificial neural networks,
 * JMLR 17(114), 2016, which gives each input the same part. Default stabilizer 1e-6.
 */
public final class EpsilonWithoutBias extends DeclaredRule {
  private final Stabilizer stabilizer;

  /** With the default stabilizer. */
  public EpsilonWithoutBias() {
    this(Stabilizer.standard());
  }

  /**
   * With any stabilizer.
   *
   * @param stabilizer of both denominators
   */
  public EpsilonWithoutBias(Stabilizer stabilizer) {
    super("epsilon_without_bias", new Arguments().with("stabilizer", stabilizer).map());
    this.stabilizer = stabilizer;
  }

  /** For a convolution; a dense layer's sums run over the last axis. */
  @Override
  public BasicRule declaration() {
    return declaration(true);
  }

  private BasicRule declaration(boolean convolution) {
    ParameterModifier sizes = (p, name) -> p.abs();
    ZeroParams bias = ZeroParams.of("bias");
    return new BasicRule(
        name(),
        List.of(
            new Modification(UnaryOperator.identity(), ParameterModifier.identity()),
            new Modification(Tensor::abs, sizes.zeroing(bias)),
            new Modification(UnaryOperator.identity(), ParameterModifier.identity().zeroing(bias))),
        (relevance, outputs) -> {
          Tensor q = relevance.div(stabilizer.apply(outputs.get(0)));
          Tensor b = outputs.get(0).sub(outputs.get(2));
          return Arrays.asList(q, ofBias(q, b, outputs.get(1), convolution), null);
        },
        (inputs, gradients) ->
            inputs.get(0).mul(gradients.get(0)).add(inputs.get(1).mul(gradients.get(1))));
  }

  private Tensor ofBias(Tensor q, Tensor b, Tensor n, boolean convolution) {
    long[] axes = LongStream.range(convolution && n.dim() > 1 ? 1 : n.dim() - 1, n.dim()).toArray();
    return ofBias(q, b, n, axes, stabilizer);
  }

  /**
   * What the bias would take, over the contributions to which it is given.
   *
   * @param q relevance of the outputs over their values
   * @param b the bias, as it was added to the outputs
   * @param n the sizes of the contributions
   * @param axes over which outputs share what is left
   * @param stabilizer of both denominators
   */
  static Tensor ofBias(Tensor q, Tensor b, Tensor n, long[] axes, Stabilizer stabilizer) {
    Tensor size = b.abs();
    Tensor own = q.mul(b).div(stabilizer.apply(n.add(size)));
    Tensor rest = own.mul(size).sum(axes, true, new ScalarTypeOptional());
    Tensor all = n.sum(axes, true, new ScalarTypeOptional());
    return own.add(rest.div(stabilizer.apply(all)));
  }

  @Override
  LayerFunction general(Region region) {
    boolean convolution =
        region.operators().stream()
            .anyMatch(operator -> Operators.of(operator).is(Operators.Kind.CONVOLUTION));
    return declaration(convolution).bind(region);
  }

  @Override
  LayerFunction fastPath(LinearMap map) {
    LayerFunction plain = new Epsilon(stabilizer, ZeroParams.none()).fastPath(map);
    if (map.bias().isEmpty()) {
      return plain;
    }
    LinearFunction shared =
        new LinearFunction(map) {
          @Override
          Tensor relevance(LayerCall call, Tensor x, Tensor r) {
            Tensor w = weight(Part.ABSOLUTE_WEIGHT, (p, name) -> p.abs());
            Tensor size = x.abs();
            Tensor z = call.outputs().get(0);
            Tensor bias = map.bias().orElseThrow();
            long after = map.isConvolution() ? map.weight().dim() - 2 : 0;
            for (long i = 0; i < after; i++) {
              bias = bias.unsqueeze(-1);
            }
            Tensor q = OnePass.share(r, z, stabilizer, false);
            Tensor n = map.forward(size, w, null);
            return size.mul(map.adjoint(ofBias(q, bias, n, map.isConvolution()), x, w));
          }
        };
    return new LayerFunction() {
      @Override
      public List<Tensor> backward(LayerCall call, List<Tensor> relevance) {
        Tensor own = plain.backward(call, relevance).get(0);
        return List.of(own.add(shared.backward(call, relevance).get(0)));
      }

      @Override
      public Reads reads() {
        return Reads.BOTH;
      }

      @Override
      public List<Tensor> prepared() {
        List<Tensor> all = new ArrayList<>(plain.prepared());
        all.addAll(shared.prepared());
        return all;
      }

      @Override
      public void close() {
        plain.close();
        shared.close();
      }
    };
  }

  /** The rule by name. */
  static Entry<Rule> entry() {
    return Entry.<Rule>of(
            "epsilon_without_bias",
            EpsilonWithoutBias.class,
            "epsilon, the bias's share on the inputs",
            v -> new EpsilonWithoutBias(v.get("stabilizer", Stabilizer.class)),
            Arguments.STABILIZER)
        .withFormula(
            "x * W^T q + |x| * |W|^T(q b / (n + |b|) + what is left of q b), q = R / st(z), n = |W| |x|");
  }
}
