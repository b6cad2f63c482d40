/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.rules;

import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.ScalarTypeOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.zennit4j.graph.Operators;
import org.zennit4j.graph.Region;
import org.zennit4j.registry.Argument;
import org.zennit4j.registry.Argument.Kind;
import org.zennit4j.registry.Entry;
import org.zennit4j.runtime.LayerCall;
import org.zennit4j.runtime.LayerFunction;

/**
 * Normalisations with their scale taken as constant: layer, group, instance and batch
 * normalisation, RMS normalisation.
 *
 * <p>With {@code y = (x - m(x)) / d * w + b}, where d, the standard deviation, counts as a number:
 * {@code c = w * R / s(y)}, {@code R_x = x * (c - m(c)) / d}. The mean is differentiated where the
 * normalisation takes it from x itself; the bias b keeps its share, as by Epsilon, and without bias
 * sums are kept. RMS normalisation, which has neither mean nor bias, and every normalisation with
 * {@code identity} pass the relevance on as it is.
 *
 * <p>With {@code zeroParams} that match the bias nothing stays there: what it would take goes to
 * the values that the output was made of, by their sizes, as in {@link EpsilonWithoutBias}. To
 * divide by y without b would not do, since that may be next to nothing where y is not. The running
 * mean of a batch normalisation counts as a part of its bias, and since each of its outputs is made
 * of one value, what it would take goes to all values of the sample.
 *
 * <p>R. Achtibat et al., AttnLRP, ICML 2024, proposition 3.4; A. Ali et al., XAI for Transformers,
 * ICML 2022.
 *
 * @param identity whether the relevance passes unchanged, mean and bias included
 * @param stabilizer of the denominator; default 1e-6
 * @param zeroParams whether the bias gets nothing, so that all relevance goes to x
 */
public record Normalization(boolean identity, Stabilizer stabilizer, ZeroParams zeroParams)
    implements Rule {
  /** The mean differentiated, with the default stabilizer. */
  public Normalization() {
    this(false, Stabilizer.standard());
  }

  /**
   * All parameters as they are.
   *
   * @param identity {@link #identity()}
   * @param stabilizer {@link #stabilizer()}
   */
  public Normalization(boolean identity, Stabilizer stabilizer) {
    this(identity, stabilizer, ZeroParams.none());
  }

  @Override
  public String name() {
    return "normalization";
  }

  @Override
  public Map<String, Object> arguments() {
    Arguments arguments = new Arguments();
    if (identity) {
      arguments.with("identity", true);
    }
    return arguments.with("stabilizer", stabilizer).with(zeroParams).map();
  }

  @Override
  public Normalization withoutBias() {
    return new Normalization(identity, stabilizer, zeroParams.withBias());
  }

  @Override
  public boolean keepsSums() {
    return true;
  }

  @Override
  public LayerFunction bind(Region region) {
    String operator = region.isOperator() ? Operators.of(region).name() : "";
    if (!operator.endsWith("norm")) {
      throw new RuleException(
          "normalization cannot explain layer '"
              + region.name()
              + "', which is no normalisation operator");
    }
    return (call, relevance) -> {
      List<Tensor> result = Calls.nothing(call);
      if (relevance.get(0) != null) {
        result.set(0, backward(call, relevance.get(0), operator));
      }
      return result;
    };
  }

  private Tensor backward(LayerCall call, Tensor relevance, String operator) {
    Tensor x = call.inputs().get(0);
    if (identity || operator.contains("rms_norm")) {
      return relevance.to(x.scalar_type());
    }
    Statistics statistics = Statistics.of(call, operator, x);
    Tensor q = relevance.div(stabilizer.apply(Calls.output(call)));
    Tensor weight = call.tensor("weight").orElse(null);
    Tensor scale = statistics.rate;
    if (weight != null) {
      scale = scale.mul(statistics.perChannel ? channels(weight, x) : weight);
    }
    Tensor result = x.mul(statistics.centred(weighted(q, weight, statistics)).mul(statistics.rate));
    if (zeroParams.matches("bias")) {
      result = result.add(ofBias(call, x, q, scale, statistics));
    }
    return result.to(x.scalar_type());
  }

  private static Tensor weighted(Tensor q, Tensor weight, Statistics statistics) {
    return weight == null ? q : q.mul(statistics.perChannel ? channels(weight, q) : weight);
  }

  /** What the bias would take, shared out by the sizes of what the output is a sum of. */
  private Tensor ofBias(LayerCall call, Tensor x, Tensor q, Tensor scale, Statistics statistics) {
    Tensor size = x.abs();
    Tensor absolute = scale.abs();
    if (statistics.grouped == null) {
      Tensor taken = q.mul(Calls.output(call).sub(x.mul(scale)));
      long[] places = LongStream.range(1, x.dim()).toArray();
      Tensor sizes = size.mul(absolute);
      Tensor whole = sizes.sum(places, true, new ScalarTypeOptional());
      Tensor share = taken.sum(places, true, new ScalarTypeOptional());
      return sizes.mul(share.div(stabilizer.apply(whole)));
    }
    Tensor bias = call.tensor("bias").orElse(null);
    if (bias == null) {
      return torch.zeros_like(x);
    }
    Tensor taken = q.mul(statistics.perChannel ? channels(bias, x) : bias);
    Tensor share = taken.div(stabilizer.apply(absolute.mul(statistics.spread(size))));
    return size.mul(statistics.spread(absolute.mul(share)));
  }

  private static Tensor channels(Tensor perChannel, Tensor x) {
    long[] shape = LongStream.generate(() -> 1).limit(x.dim()).toArray();
    shape[1] = -1;
    return perChannel.view(shape);
  }

  /** What a normalisation divides by, and what it takes the mean of. */
  private static final class Statistics {
    /** 1 / d, of a shape that broadcasts with x. */
    private final Tensor rate;

    /** The shape in which the mean is taken; null where it is not taken from x. */
    private final long[] grouped;

    private final long[] axes;

    /** Whether weight and bias belong to axis 1. */
    private final boolean perChannel;

    private Statistics(Tensor rate, long[] grouped, long[] axes, boolean perChannel) {
      this.rate = rate;
      this.grouped = grouped;
      this.axes = axes;
      this.perChannel = perChannel;
    }

    static Statistics of(LayerCall call, String operator, Tensor x) {
      double eps = call.number("eps").orElse(1e-5);
      if (operator.contains("layer_norm")) {
        int axes = call.integers("normalized_shape").length;
        long[] last = LongStream.range(x.dim() - axes, x.dim()).toArray();
        return new Statistics(rate(x, last, eps), x.shape(), last, false);
      }
      boolean own =
          call.number("use_input_stats").orElse(call.number("training").orElse(0)) == 1
              || operator.contains("group_norm");
      if (!own) {
        Tensor variance = call.tensor("running_var").orElseThrow();
        return new Statistics(channels(variance.add(new Scalar(eps)).rsqrt(), x), null, null, true);
      }
      long n = x.size(0);
      long groups =
          operator.contains("group_norm")
              ? (long) call.number("num_groups").orElse(call.number("group").orElse(1))
              : x.size(1);
      long[] grouped = {n, groups, -1};
      Tensor rate = rate(x.reshape(grouped), new long[] {2}, eps);
      long[] spread = LongStream.generate(() -> 1).limit(x.dim()).toArray();
      spread[0] = n;
      spread[1] = x.size(1);
      Tensor perChannel = rate.expand(n, groups, x.size(1) / groups).reshape(spread);
      return new Statistics(perChannel, grouped, new long[] {2}, true);
    }

    private static Tensor rate(Tensor x, long[] axes, double eps) {
      return x.detach().var(axes, false, true).add(new Scalar(eps)).rsqrt();
    }

    /** Subtracts the mean, where the normalisation subtracts it. */
    Tensor centred(Tensor c) {
      if (grouped == null) {
        return c;
      }
      Tensor parts = c.reshape(grouped);
      return parts.sub(parts.mean(axes, true, new ScalarTypeOptional())).reshape(c.shape());
    }

    /** The same with the sizes of all factors. */
    Tensor spread(Tensor c) {
      Tensor parts = c.reshape(grouped);
      long n = 1;
      for (long axis : axes) {
        n *= parts.size(axis);
      }
      Tensor own = parts.mul(new Scalar(1 - 2.0 / n));
      return own.add(parts.mean(axes, true, new ScalarTypeOptional())).reshape(c.shape());
    }
  }

  /** The rule by name. */
  static Entry<Rule> entry() {
    return Entry.of(
        "normalization",
        Normalization.class,
        "layer norm and the like, scale constant",
        v ->
            new Normalization(
                v.flag("identity"),
                v.get("stabilizer", Stabilizer.class),
                v.get("zero_params", ZeroParams.class)),
        Argument.of("identity", Kind.FLAG, false),
        Arguments.STABILIZER,
        Arguments.ZERO_PARAMS);
  }
}
