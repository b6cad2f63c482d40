/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.rules;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.bytedeco.pytorch.ScalarTypeOptional;
import org.bytedeco.pytorch.Tensor;
import org.zennit4j.graph.Operators;
import org.zennit4j.graph.Region;
import org.zennit4j.registry.Argument;
import org.zennit4j.registry.Argument.Kind;
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
 * <p>With {@code dim} it is the rule of an {@code exp} whose results are divided by their sum over
 * that axis: of a softmax that is written as operators, where the division hands relevance on to
 * its dividend: {@code R_x = s(x) * (R - p * sum(R))} with p the softmax and s(x) stabilized.
 *
 * <p>R. Achtibat et al., AttnLRP: Attention-Aware Layer-Wise Relevance Propagation for
 * Transformers, ICML 2024, proposition 3.1.
 *
 * @param stabilizer of the denominator of a log-softmax; default 1e-6
 * @param dim the axis, for an exponential; empty for a softmax operator, which has its own
 */
public record Softmax(Stabilizer stabilizer, OptionalLong dim) implements Rule {
  /** Softmax with the default stabilizer. */
  public Softmax() {
    this(Stabilizer.standard());
  }

  /**
   * For an operator that is a softmax.
   *
   * @param stabilizer {@link #stabilizer()}
   */
  public Softmax(Stabilizer stabilizer) {
    this(stabilizer, OptionalLong.empty());
  }

  @Override
  public String name() {
    return "softmax";
  }

  @Override
  public Map<String, Object> arguments() {
    Arguments arguments = new Arguments().with("stabilizer", stabilizer);
    dim.ifPresent(axis -> arguments.with("dim", (int) axis));
    return arguments.map();
  }

  @Override
  public LayerFunction bind(Region region) {
    if (dim.isPresent()) {
      return ofExponential(region);
    }
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

  private LayerFunction ofExponential(Region region) {
    if (!region.isOperator() || !Operators.of(region).name().equals("exp")) {
      throw new RuleException(
          "softmax with dim cannot explain layer '"
              + region.name()
              + "', which is no exp operator");
    }
    long axis = dim.getAsLong();
    return (call, relevance) -> {
      if (relevance.get(0) == null) {
        return Calls.nothing(call);
      }
      Tensor e = Calls.output(call);
      Tensor s = e.div(e.sum(new long[] {axis}, true, new ScalarTypeOptional()));
      // What was subtracted to keep exponents small leaves zeros: the difference divides by the
      // same.
      Tensor x = stabilizer.apply(Calls.finite(call.inputs().get(0)));
      return List.of(expand(x, s, Calls.finite(relevance.get(0)), axis));
    };
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
    Tensor total = r.sum(new long[] {axis}, true, new ScalarTypeOptional());
    return Calls.finite(x).mul(r.sub(s.mul(total))).to(x.scalar_type());
  }

  /** The rule by name. */
  static Entry<Rule> entry() {
    return Entry.of(
        "softmax",
        Softmax.class,
        "first-order expansion of a softmax",
        v ->
            new Softmax(
                v.get("stabilizer", Stabilizer.class),
                v.has("dim") ? OptionalLong.of(v.get("dim", Integer.class)) : OptionalLong.empty()),
        Arguments.STABILIZER,
        Argument.of("dim", Kind.INTEGER, null));
  }
}
