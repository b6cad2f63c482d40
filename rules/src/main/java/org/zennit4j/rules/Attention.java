/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.rules;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.bytedeco.pytorch.LongOptional;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.zennit4j.graph.Region;
import org.zennit4j.registry.Argument;
import org.zennit4j.registry.Argument.Kind;
import org.zennit4j.registry.Entry;
import org.zennit4j.runtime.LayerCall;
import org.zennit4j.runtime.LayerFunction;

/**
 * Scaled dot product attention that runs as one operator, {@code o = A v} with {@code A =
 * softmax(S)} and {@code S = scale q k^T + mask}: what {@link Bilinear}, {@link Softmax} and {@link
 * Bilinear} say of its parts, without the parts being made in the forward pass.
 *
 * <pre>
 *   p = R / (2 s(o))
 *   R_v = v * A^T p
 *   R_A = A * (p v^T)
 *   C = R_A - A * sum(R_A)
 *   R_q = q * (scale / 2 * C k)
 *   R_k = k * (scale / 2 * C^T q)
 *   R_mask = mask * C
 * </pre>
 *
 * <p>Boolean, floating and causal masks, grouped-query heads; a mask that depends on the model's
 * input gets its share. With {@code constantWeights} A counts as constant (CP-LRP): {@code R_v = v
 * * A^T(R / s(o))}, and nothing to q and k. Dropout has to be 0.
 *
 * <p>R. Achtibat et al., AttnLRP, ICML 2024; A. Ali et al., XAI for Transformers, ICML 2022.
 *
 * @param constantWeights whether the attention weights count as constant
 * @param stabilizer of the denominator; default 1e-6
 */
public record Attention(boolean constantWeights, Stabilizer stabilizer) implements Rule {
  /** AttnLRP with the default stabilizer. */
  public Attention() {
    this(false, Stabilizer.standard());
  }

  @Override
  public String name() {
    return "attention";
  }

  @Override
  public Map<String, Object> arguments() {
    Arguments arguments = new Arguments();
    if (constantWeights) {
      arguments.with("constant_weights", true);
    }
    return arguments.with("stabilizer", stabilizer).map();
  }

  /** The softmax does not keep sums; constant weights do. */
  @Override
  public boolean keepsSums() {
    return constantWeights;
  }

  @Override
  public LayerFunction bind(Region region) {
    if (!region.isOperator()
        || !region.operators().get(0).endsWith("scaled_dot_product_attention")) {
      throw new RuleException(
          "attention cannot explain layer '"
              + region.name()
              + "', which is no scaled_dot_product_attention");
    }
    return (call, relevance) ->
        relevance.get(0) == null
            ? Calls.nothing(call)
            : new Backward(call, relevance.get(0)).relevances();
  }

  /** One call. */
  private final class Backward {
    private final LayerCall call;
    private final Tensor relevance;
    private final Tensor query;
    private final Tensor key;
    private final Tensor value;
    private final Optional<Tensor> mask;
    private final long copies;
    private final double scale;

    Backward(LayerCall call, Tensor relevance) {
      if (call.number("dropout_p").orElse(0) != 0) {
        throw new RuleException(
            "attention cannot explain layer '"
                + call.region().name()
                + "': it drops attention weights at random; export the model in evaluation mode");
      }
      this.call = call;
      this.relevance = relevance;
      this.query = call.tensor("query").orElseThrow();
      this.key = call.tensor("key").orElseThrow();
      this.value = call.tensor("value").orElseThrow();
      this.mask = call.tensor("attn_mask");
      this.copies = call.number("enable_gqa").orElse(0) == 1 ? query.size(-3) / key.size(-3) : 1;
      this.scale = call.number("scale").orElse(1 / Math.sqrt((double) query.size(-1)));
    }

    List<Tensor> relevances() {
      List<Tensor> result = Calls.nothing(call);
      Tensor k = repeated(key);
      Tensor v = repeated(value);
      Tensor p = relevance.div(stabilizer.apply(Calls.output(call)));
      AttentionShares shares =
          AttentionShares.of(query, k, v, weights(k), scale, p, constantWeights);
      give(result, "value", gathered(shares.value(), value));
      if (constantWeights) {
        return result;
      }
      give(result, "query", shares.query().sum_to_size(query.shape()));
      give(result, "key", gathered(shares.key(), key));
      mask.filter(m -> call.position("attn_mask") >= 0)
          .ifPresent(
              m ->
                  give(
                      result,
                      "attn_mask",
                      Calls.finite(m).mul(shares.scores().sum_to_size(m.shape()))));
      return result;
    }

    private void give(List<Tensor> result, String argument, Tensor part) {
      int position = call.position(argument);
      if (position >= 0) {
        result.set(position, part);
      }
    }

    private Tensor weights(Tensor k) {
      Tensor scores = query.mul(new Scalar(scale)).matmul(AttentionShares.transposed(k));
      if (call.number("is_causal").orElse(0) == 1) {
        Tensor ones = scores.detach().new_ones(query.size(-2), k.size(-2));
        scores = scores.masked_fill(ones.triu(1).to(ScalarType.Bool), minusInfinity());
      }
      if (mask.isPresent()) {
        Tensor m = mask.get();
        scores =
            m.scalar_type().intern() == ScalarType.Bool
                ? scores.masked_fill(m.logical_not(), minusInfinity())
                : scores.add(m);
      }
      return scores.softmax(-1).nan_to_num();
    }

    private static Scalar minusInfinity() {
      return new Scalar(Double.NEGATIVE_INFINITY);
    }

    /** Keys and values for each head of the queries. */
    private Tensor repeated(Tensor t) {
      return copies == 1
          ? t
          : t.repeat_interleave(copies, new LongOptional(-3), new LongOptional());
    }

    /** Adds up what the heads that share a key or a value give, and what was broadcast. */
    private Tensor gathered(Tensor t, Tensor like) {
      if (copies == 1) {
        return t.sum_to_size(like.shape());
      }
      long[] shape = t.shape();
      int heads = shape.length - 3;
      long[] split = new long[shape.length + 1];
      System.arraycopy(shape, 0, split, 0, heads);
      split[heads] = shape[heads] / copies;
      split[heads + 1] = copies;
      split[heads + 2] = shape[heads + 1];
      split[heads + 3] = shape[heads + 2];
      return t.reshape(split).sum(heads + 1L).sum_to_size(like.shape());
    }
  }

  /** The rule by name. */
  static Entry<Rule> entry() {
    return Entry.of(
        "attention",
        Attention.class,
        "fused scaled dot product attention",
        v -> new Attention(v.flag("constant_weights"), v.get("stabilizer", Stabilizer.class)),
        Argument.of("constant_weights", Kind.FLAG, false),
        Arguments.STABILIZER);
  }
}
