/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.rules;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.bytedeco.pytorch.Tensor;
import org.zennit4j.graph.Region;
import org.zennit4j.registry.Entry;
import org.zennit4j.runtime.LayerCall;
import org.zennit4j.runtime.LayerFunction;

/**
 * The softmax as its own first-order expansion: {@code R_x = x * (R - s * sum(R))}, where s is the
 * softmax and the sum goes over its axis. The constant of the expansion keeps its share, so that
 * sums are not kept.
 *
 * <p>For a log-softmax {@code R_x = x * (q - s * sum(q))} with {@code q = R / s(z)}. Entries of
 * minus infinity, as masks make them, give and take nothing. For a layer that is one operator:
 * {@code softmax}, {@code log_softmax} and their like.
 *
 * <p>R. Achtibat et al., AttnLRP: Attention-Aware Layer-Wise Relevance Propagation for
 * Transformers, ICML 2024, proposition 3.1.
 *
 * @param stabilizer of the denominator of a log-softmax; default 1e-6
 */
public record Softmax(Stabilizer stabilizer) implements Rule {
  /** Softmax with the default stabilizer. */
  public Softmax() {
    this(Stabilizer.standard());
  }

  @Override
  public String name() {
    return "softmax";
  }

  @Override
  public Map<String, Object> arguments() {
    return new Arguments().with("stabilizer", stabilizer).map();
  }

  @Override
  public LayerFunction bind(Region region) {
    List<String> operators = region.operators();
    Optional<String> sole = operators.stream().filter(o -> o.contains("softmax")).findFirst();
    if (!region.isOperator() || sole.isEmpty()) {
      throw new RuleException(
          "softmax cannot explain layer '" + region.name() + "', which is no softmax operator");
    }
    boolean logarithm = sole.get().contains("log_softmax");
    return (call, relevance) ->
        relevance.get(0) == null
            ? Calls.nothing(call)
            : List.of(backward(call, relevance.get(0), logarithm));
  }

  private Tensor backward(LayerCall call, Tensor relevance, boolean logarithm) {
    Tensor x = call.inputs().get(0);
    Tensor z = Calls.output(call);
    long axis = (long) call.number("dim").orElse(-1);
    Tensor r = logarithm ? relevance.div(stabilizer.apply(z)) : relevance;
    Tensor s = logarithm ? z.exp() : z;
    return expand(x, s, Calls.finite(r), axis);
  }

  /** {@code x * (r - s * sum(r))}. */
  private static Tensor expand(Tensor x, Tensor s, Tensor r, long axis) {
    Tensor total = r.sum(new long[] {axis}, true, new org.bytedeco.pytorch.ScalarTypeOptional());
    return Calls.finite(x).mul(r.sub(s.mul(total))).to(x.scalar_type());
  }

  /** The rule by name. */
  static Entry<Rule> entry() {
    return Entry.of(
        "softmax",
        Softmax.class,
        "first-order expansion of a softmax",
        v -> new Softmax(v.get("stabilizer", Stabilizer.class)),
        Arguments.STABILIZER);
  }
}
