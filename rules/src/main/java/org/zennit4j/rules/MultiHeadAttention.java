/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.rules;

import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.zennit4j.graph.Operators;
import org.zennit4j.graph.Region;
import org.zennit4j.registry.Argument;
import org.zennit4j.registry.Argument.Kind;
import org.zennit4j.registry.Entry;
import org.zennit4j.runtime.LayerCall;
import org.zennit4j.runtime.LayerFunction;

/**
 * Self-attention with its projections that runs as one operator, {@code
 * _native_multi_head_attention}, as PyTorch makes it where a model is traced with gradients off:
 * Epsilon for both projections and what {@link Attention} says between them. The operator itself
 * has no derivative.
 *
 * <p>Query, key and value have to be the same tensor, which gets all relevance; the projections'
 * biases keep their shares. Key padding and attention masks are supported.
 *
 * <p>R. Achtibat et al., AttnLRP, ICML 2024; A. Ali et al., XAI for Transformers, ICML 2022.
 *
 * @param constantWeights whether the attention weights count as constant (CP-LRP)
 * @param stabilizer of all denominators; default 1e-6
 */
public record MultiHeadAttention(boolean constantWeights, Stabilizer stabilizer) implements Rule {
  static final String OPERATOR = "_native_multi_head_attention";

  /** Of {@code mask_type}: one row for each sample, over the keys. */
  private static final int KEY_PADDING = 1;

  /** AttnLRP with the default stabilizer. */
  public MultiHeadAttention() {
    this(false, Stabilizer.standard());
  }

  @Override
  public String name() {
    return "multi_head_attention";
  }

  @Override
  public Map<String, Object> arguments() {
    Arguments arguments = new Arguments();
    if (constantWeights) {
      arguments.with("constant_weights", true);
    }
    return arguments.with("stabilizer", stabilizer).map();
  }

  @Override
  public boolean keepsSums() {
    return constantWeights;
  }

  @Override
  public LayerFunction bind(Region region) {
    if (!region.isOperator() || !Operators.of(region).name().equals(OPERATOR)) {
      throw new RuleException(
          "multi_head_attention cannot explain layer '"
              + region.name()
              + "', which is no "
              + OPERATOR);
    }
    return (call, relevance) -> {
      List<Tensor> result = Calls.nothing(call);
      if (relevance.get(0) != null) {
        result.set(0, backward(call, relevance.get(0)));
      }
      return result;
    };
  }

  private Tensor backward(LayerCall call, Tensor relevance) {
    Tensor x = call.inputs().get(0);
    Tensor w = call.tensor("qkv_weight").orElseThrow();
    Tensor b = call.tensor("qkv_bias").orElseThrow();
    Tensor out = call.tensor("proj_weight").orElseThrow();
    long heads = (long) call.number("num_head").orElseThrow();
    long width = x.size(-1) / heads;
    Tensor all = torch.linear(x, w, new TensorOptional(b));
    TensorVector parts = all.chunk(3, -1);
    Tensor q = split(parts.get(0), heads);
    Tensor k = split(parts.get(1), heads);
    Tensor v = split(parts.get(2), heads);
    double scale = 1 / Math.sqrt((double) width);
    Tensor weights =
        masked(call, q.mul(new Scalar(scale)).matmul(AttentionShares.transposed(k))).softmax(-1);
    Tensor o = joined(weights.matmul(v));
    Tensor z = torch.linear(o, out, new TensorOptional(call.tensor("proj_bias").orElseThrow()));
    Tensor ofHeads = o.mul(relevance.div(stabilizer.apply(z)).matmul(out));
    Tensor p = split(ofHeads.div(stabilizer.apply(o)), heads);
    AttentionShares shares = AttentionShares.of(q, k, v, weights, scale, p, constantWeights);
    Tensor ofValue = joined(shares.value());
    Tensor ofQuery = constantWeights ? torch.zeros_like(ofValue) : joined(shares.query());
    Tensor ofKey = constantWeights ? torch.zeros_like(ofValue) : joined(shares.key());
    Tensor ofAll = torch.cat(new TensorVector(ofQuery, ofKey, ofValue), -1);
    return x.mul(ofAll.div(stabilizer.apply(all)).matmul(w));
  }

  private static Tensor masked(LayerCall call, Tensor scores) {
    Tensor mask = call.tensor("mask").orElse(null);
    if (mask == null) {
      return scores;
    }
    boolean padding = call.number("mask_type").orElse(0) == KEY_PADDING;
    Tensor wide = padding ? mask.view(mask.size(0), 1, 1, mask.size(-1)) : mask;
    return wide.scalar_type().intern() == ScalarType.Bool
        ? scores.masked_fill(wide, new Scalar(Double.NEGATIVE_INFINITY))
        : scores.add(wide);
  }

  /** Samples, heads, tokens, width. */
  private static Tensor split(Tensor t, long heads) {
    return t.reshape(t.size(0), t.size(1), heads, t.size(2) / heads).transpose(1, 2);
  }

  private static Tensor joined(Tensor t) {
    return t.transpose(1, 2).reshape(t.size(0), t.size(2), t.size(1) * t.size(3));
  }

  /** The rule by its name. */
  static Entry<Rule> entry() {
    return Entry.of(
        "multi_head_attention",
        MultiHeadAttention.class,
        "self-attention with its projections as one operator",
        v ->
            new MultiHeadAttention(
                v.flag("constant_weights"), v.get("stabilizer", Stabilizer.class)),
        Argument.of("constant_weights", Kind.FLAG, false),
        Arguments.STABILIZER);
  }
}
