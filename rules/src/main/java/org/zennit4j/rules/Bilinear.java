/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.rules;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.zennit4j.graph.Operators;
import org.zennit4j.graph.Region;
import org.zennit4j.registry.Argument;
import org.zennit4j.registry.Argument.Kind;
import org.zennit4j.registry.Entry;
import org.zennit4j.runtime.LayerCall;
import org.zennit4j.runtime.LayerFunction;

/**
 * Products of activations: elementwise ones (gates), matrix products, {@code bmm}, {@code baddbmm},
 * {@code einsum}, quotients.
 *
 * <p>Without {@code signal} each of the n factors that depend on the model's input gets the same
 * part, shared out by contribution: {@code R_a = a * J_a^T(R / (n s(z)))}; for an elementwise
 * product that is R/n, summed where a factor was broadcast. With {@code signal} the factor of that
 * number gets all and the others, which count as constant, nothing: attention weights and gates in
 * CP-LRP, denominators. A factor that does not depend on the input never gets any, nor does the
 * gate of a signal that does not. Sums are kept, but for what the stabilizer takes.
 *
 * <p>R. Achtibat et al., AttnLRP, ICML 2024, proposition 3.3 (uniform rule); A. Ali et al., XAI for
 * Transformers: Better Explanations through Conservative Propagation, ICML 2022 (constant weights);
 * L. Arras et al., Explaining Recurrent Neural Network Predictions in Sentiment Analysis, 2017
 * (signal takes all).
 *
 * @param signal the argument that gets all, counted among the floating tensors that lead to the
 *     model's input; empty for equal parts
 * @param stabilizer of the denominator; default 1e-6
 */
public record Bilinear(OptionalInt signal, Stabilizer stabilizer) implements Rule {
  private static final Set<String> ELEMENTWISE = Set.of("mul", "div");
  private static final Set<String> MATRIX = Set.of("matmul", "bmm", "mm");

  /** Equal parts, with the default stabilizer. */
  public Bilinear() {
    this(OptionalInt.empty(), Stabilizer.standard());
  }

  @Override
  public String name() {
    return "bilinear";
  }

  @Override
  public Map<String, Object> arguments() {
    Arguments arguments = new Arguments();
    signal.ifPresent(k -> arguments.with("signal", k));
    return arguments.with("stabilizer", stabilizer).map();
  }

  @Override
  public boolean keepsSums() {
    return true;
  }

  @Override
  public LayerFunction bind(Region region) {
    String operator = region.isOperator() ? Operators.of(region).name() : "";
    return (call, relevance) ->
        relevance.get(0) == null ? Calls.nothing(call) : backward(call, relevance.get(0), operator);
  }

  private List<Tensor> backward(LayerCall call, Tensor relevance, String operator) {
    List<Integer> receivers = receivers(call);
    List<Tensor> result = Calls.nothing(call);
    if (receivers.isEmpty()) {
      return result;
    }
    if (ELEMENTWISE.contains(operator)) {
      Tensor part = receivers.size() == 1 ? relevance : relevance.div(new Scalar(receivers.size()));
      for (int i : receivers) {
        Tensor x = call.inputs().get(i);
        result.set(i, part.sum_to_size(x.shape()).to(x.scalar_type()));
      }
      return result;
    }
    if (operator.equals("glu")) {
      return gated(call, relevance);
    }
    int summand = summand(call, operator);
    int factors = receivers.size() - (receivers.contains(summand) ? 1 : 0);
    Tensor q = relevance.div(stabilizer.apply(Calls.output(call)));
    if (factors > 1) {
      q = q.div(new Scalar(factors));
    }
    List<Tensor> all =
        MATRIX.contains(operator) && isMatrices(call)
            ? matrices(call, q, receivers)
            : Calls.contributions(call, q);
    for (int i : receivers) {
      boolean whole = i == summand && factors > 1 && all.get(i) != null;
      result.set(i, whole ? all.get(i).mul(new Scalar(factors)) : all.get(i));
    }
    return result;
  }

  /** The second half of the input is a sigmoid's: a gate, which counts as constant. */
  private static List<Tensor> gated(LayerCall call, Tensor relevance) {
    TensorVector halves = new TensorVector(relevance, torch.zeros_like(relevance));
    return List.of(torch.cat(halves, (long) call.number("dim").orElse(-1)));
  }

  /** What {@code baddbmm} and its like add to the product; -1 if there is none. */
  private static int summand(LayerCall call, String operator) {
    if (!operator.startsWith("add") && !operator.equals("baddbmm")) {
      return -1;
    }
    return Math.max(call.position("self"), call.position("input"));
  }

  /** A signal that does not depend on the input, such as a bias behind a gate, keeps all. */
  private List<Integer> receivers(LayerCall call) {
    List<Integer> dependent = Calls.dependent(call);
    if (signal.isPresent()) {
      dependent.removeIf(i -> i != signal.getAsInt());
    }
    return dependent;
  }

  private static boolean isMatrices(LayerCall call) {
    return call.inputs().size() == 2 && call.inputs().stream().allMatch(x -> x.dim() >= 2);
  }

  /** The two products of the backward pass, without a third one to run the operator again. */
  private static List<Tensor> matrices(LayerCall call, Tensor q, List<Integer> receivers) {
    Tensor a = call.inputs().get(0);
    Tensor b = call.inputs().get(1);
    List<Tensor> result = new ArrayList<>(Calls.nothing(call));
    if (receivers.contains(0)) {
      result.set(0, a.mul(q.matmul(b.transpose(-2, -1)).sum_to_size(a.shape())));
    }
    if (receivers.contains(1)) {
      result.set(1, b.mul(a.transpose(-2, -1).matmul(q).sum_to_size(b.shape())));
    }
    return result;
  }

  /** The rule by name. */
  static Entry<Rule> entry() {
    return Entry.of(
        "bilinear",
        Bilinear.class,
        "equal parts to the factors of a product, or all to one",
        v ->
            new Bilinear(
                v.has("signal")
                    ? java.util.OptionalInt.of(v.get("signal", Integer.class))
                    : java.util.OptionalInt.empty(),
                v.get("stabilizer", Stabilizer.class)),
        Argument.of("signal", Kind.INTEGER, null),
        Arguments.STABILIZER);
  }
}
