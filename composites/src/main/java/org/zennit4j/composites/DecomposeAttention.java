/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.composites;

import java.util.List;
import java.util.Map;
import java.util.Set;
import org.zennit4j.graph.OperatorCall;
import org.zennit4j.graph.OperatorWriter;
import org.zennit4j.graph.OperatorWriter.Value;
import org.zennit4j.graph.Operators;
import org.zennit4j.graph.Program;
import org.zennit4j.graph.ProgramEditor;
import org.zennit4j.graph.Region;
import org.zennit4j.registry.Argument;
import org.zennit4j.registry.Argument.Kind;
import org.zennit4j.registry.Entry;

/**
 * Takes fused attention apart into matrix products, mask and softmax, so that rules, layers and
 * hooks reach inside: {@code scaled_dot_product_attention} with its boolean, floating and causal
 * masks, scale and grouped-query heads; {@code _native_multi_head_attention} and {@code
 * _transformer_encoder_layer_fwd}, as a model has them that was traced with gradients off.
 *
 * <p>The new operators stand inside of the old one: {@code attn/scaled_dot_product_attention#0} has
 * the layer {@code attn/scaled_dot_product_attention#0/softmax#0}, whose output is the attention
 * weights (batch, heads, queries, keys). The result is the same up to rounding. A call that drops
 * weights at random, or whose flags are only known in the run, stays as it is.
 *
 * @param underivable whether only operators are taken apart that have no derivative and no rule:
 *     whole encoder layers
 */
public record DecomposeAttention(boolean underivable) implements Canonizer {
  private static final String ATTENTION = "scaled_dot_product_attention";
  private static final String MULTI_HEAD = "_native_multi_head_attention";
  private static final String ENCODER = "_transformer_encoder_layer_fwd";
  private static final Set<String> FUSED = Set.of(ATTENTION, MULTI_HEAD, ENCODER);

  /** LibTorch's number of torch.bool. */
  private static final int BOOL = 11;

  /** Of {@code mask_type}: one row for each sample, over the keys. */
  private static final int KEY_PADDING = 1;

  /** Takes all apart. */
  public DecomposeAttention() {
    this(false);
  }

  @Override
  public Program apply(Program program) {
    try (ProgramEditor editor = program.edit()) {
      for (Region region : program.regions()) {
        String name = region.isOperator() ? Operators.of(region).name() : "";
        if (!FUSED.contains(name) || (underivable && !name.equals(ENCODER))) {
          continue;
        }
        OperatorCall call = (OperatorCall) region;
        switch (name) {
          case ATTENTION -> {
            if (isKnown(call, "is_causal", "enable_gqa") && isZero(call, "dropout_p")) {
              editor.replace(region, w -> new Writer(w).attention());
            }
          }
          case MULTI_HEAD -> {
            if (isKnown(call, "need_weights", "average_attn_weights") && isMaskKnown(call)) {
              editor.replaceAll(region, w -> new Writer(w).multiHead());
            }
          }
          default -> {
            if (isKnown(call, "use_gelu", "norm_first") && isMaskKnown(call)) {
              editor.replace(region, w -> new Writer(w).encoder());
            }
          }
        }
      }
      return editor.isEmpty() ? program : editor.apply();
    }
  }

  private static boolean isKnown(OperatorCall call, String... flags) {
    return List.of(flags).stream()
        .allMatch(flag -> !call.arguments().contains(flag) || call.constant(flag).isPresent());
  }

  private static boolean isZero(OperatorCall call, String argument) {
    return call.number(argument).orElse(1) == 0;
  }

  private static boolean isMaskKnown(OperatorCall call) {
    boolean none = call.constant("mask").filter(value -> value.isNone()).isPresent();
    return none || call.constant("mask_type").isPresent();
  }

  /** Writes the operators of one call. */
  private static final class Writer {
    private final OperatorWriter w;

    Writer(OperatorWriter w) {
      this.w = w;
    }

    Value attention() {
      Value query = w.argument("query");
      Value key = repeated(query, w.argument("key"));
      Value value = repeated(query, w.argument("value"));
      Value products = w.call("aten::matmul", query, transposed(key));
      Value scores = scaled(products, query);
      if (flag("is_causal")) {
        Value sizes = w.call("aten::ones_like", scores);
        Value later = w.call("aten::triu", sizes, 1);
        scores = hidden(scores, w.call("aten::to.dtype", later, BOOL));
      }
      Value mask = w.argument("attn_mask");
      Value weights = weights(w.isNone(mask) ? scores : optionallyMasked(scores, mask));
      return w.call("aten::matmul", weights, value);
    }

    private boolean flag(String name) {
      return w.number(name).orElse(0) == 1;
    }

    private Value transposed(Value matrices) {
      return w.call("aten::transpose.int", matrices, -2, -1);
    }

    private Value scaled(Value products, Value query) {
      Value scale = w.argument("scale");
      if (w.number("scale").isPresent()) {
        return w.call("aten::mul.Scalar", products, w.number("scale").getAsDouble());
      }
      if (w.isNone(scale)) {
        return overRoot(products, query);
      }
      return w.branch(
          isNone(scale),
          () -> overRoot(products, query),
          () -> w.call("aten::mul.Scalar", products, scale));
    }

    private Value overRoot(Value products, Value query) {
      Value width = w.call("aten::size.int", query, -1);
      return w.call("aten::div.Scalar", products, w.call("aten::sqrt.int", width));
    }

    /** Keys and values for each head of the queries. */
    private Value repeated(Value query, Value shared) {
      if (!flag("enable_gqa")) {
        return shared;
      }
      Value heads = w.call("aten::size.int", query, -3);
      Value own = w.call("aten::size.int", shared, -3);
      Value copies = w.call("aten::floordiv.int", heads, own);
      return w.call("aten::repeat_interleave.self_int", shared, copies, -3);
    }

    private Value isNone(Value value) {
      return w.call("aten::__is__", value, null);
    }

    private Value optionallyMasked(Value scores, Value mask) {
      if (!w.isComputed(mask)) {
        return masked(scores, mask);
      }
      return w.branch(isNone(mask), () -> scores, () -> masked(scores, mask));
    }

    /** A boolean mask says what is seen, a floating one is added. */
    private Value masked(Value scores, Value mask) {
      Value isBoolean = w.call("aten::eq.int", w.call("prim::dtype", mask), BOOL);
      return w.branch(
          isBoolean,
          () -> hidden(scores, w.call("aten::logical_not", mask)),
          () -> w.call("aten::add.Tensor", scores, mask));
    }

    private Value hidden(Value scores, Value where) {
      return w.call("aten::masked_fill.Scalar", scores, where, Double.NEGATIVE_INFINITY);
    }

    /** Where everything is masked, nothing is seen. */
    private Value weights(Value scores) {
      return w.call("aten::_safe_softmax", scores, -1);
    }

    List<Value> multiHead() {
      long heads = (long) w.number("num_head").orElseThrow();
      Value x = w.argument("query");
      Value[] weights = new Value[1];
      Value result = selfAttention(x, heads, weights);
      Value shown = weights[0];
      if (!flag("need_weights")) {
        // Nobody looks at what the fused operator leaves undefined.
        shown = result;
      } else if (flag("average_attn_weights")) {
        shown = w.call("aten::mean.dim", shown, new long[] {1}, false);
      }
      return List.of(result, shown);
    }

    private Value selfAttention(Value x, long heads, Value[] weights) {
      long width = (long) w.number("embed_dim").orElseThrow();
      Value all = w.call("aten::linear", x, w.argument("qkv_weight"), w.argument("qkv_bias"));
      Value query = part(all, 0, width, heads);
      Value key = part(all, width, width, heads);
      Value value = part(all, 2 * width, width, heads);
      Value products = w.call("aten::matmul", query, transposed(key));
      double scale = 1 / Math.sqrt((double) width / heads);
      Value scores = w.call("aten::mul.Scalar", products, scale);
      Value mask = w.argument("mask");
      if (!w.isNone(mask)) {
        boolean padding = w.number("mask_type").orElse(0) == KEY_PADDING;
        Value wide =
            padding ? w.call("aten::unsqueeze", w.call("aten::unsqueeze", mask, 1), 1) : mask;
        scores = hidden(scores, w.call("aten::to.dtype", wide, BOOL));
      }
      weights[0] = w.call("aten::softmax.int", scores, -1);
      Value seen = w.call("aten::matmul", weights[0], value);
      Value joined = w.call("aten::flatten.using_ints", swapped(seen), 2, 3);
      return w.call("aten::linear", joined, w.argument("proj_weight"), w.argument("proj_bias"));
    }

    /** Samples, heads, tokens, width of a part of the projections. */
    private Value part(Value all, long start, long width, long heads) {
      Value own = w.call("aten::narrow", all, -1, start, width);
      return swapped(w.call("aten::unflatten.int", own, -1, new long[] {heads, width / heads}));
    }

    private Value swapped(Value t) {
      return w.call("aten::transpose.int", t, 1, 2);
    }

    Value encoder() {
      Value x = w.argument("src");
      boolean normFirst = flag("norm_first");
      long heads = (long) w.number("num_heads").orElseThrow();
      Value seen = selfAttention(normFirst ? norm(x, 1) : x, heads, new Value[1]);
      Value middle = w.call("aten::add.Tensor", x, seen);
      middle = normFirst ? middle : norm(middle, 1);
      Value made = feedForward(normFirst ? norm(middle, 2) : middle);
      Value end = w.call("aten::add.Tensor", middle, made);
      return normFirst ? end : norm(end, 2);
    }

    private Value norm(Value x, int number) {
      long width = (long) w.number("embed_dim").orElseThrow();
      return w.call(
          "aten::layer_norm",
          x,
          new long[] {width},
          w.argument("norm_weight_" + number),
          w.argument("norm_bias_" + number),
          w.argument("eps"));
    }

    private Value feedForward(Value x) {
      Value wide = w.call("aten::linear", x, w.argument("ffn_weight_1"), w.argument("ffn_bias_1"));
      Value active = w.call(flag("use_gelu") ? "aten::gelu" : "aten::relu", wide);
      return w.call("aten::linear", active, w.argument("ffn_weight_2"), w.argument("ffn_bias_2"));
    }
  }

  @Override
  public String name() {
    return "decompose_attention";
  }

  @Override
  public Map<String, Object> arguments() {
    return underivable ? Map.of("underivable", true) : Map.of();
  }

  /** The canonizer by name. */
  static Entry<Canonizer> entry() {
    return Entry.of(
        "decompose_attention",
        DecomposeAttention.class,
        "takes fused attention apart",
        v -> new DecomposeAttention(v.flag("underivable")),
        Argument.of("underivable", Kind.FLAG, false));
  }
}
