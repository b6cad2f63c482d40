/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.rules;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.AutoGradMode;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.zennit4j.graph.Region;
import org.zennit4j.registry.Argument;
import org.zennit4j.registry.Argument.Kind;
import org.zennit4j.registry.Entry;
import org.zennit4j.runtime.LayerCall;
import org.zennit4j.runtime.LayerFunction;

/**
 * Local response normalisation, by its first-order expansion. For {@code y_k = x_k / d_k^beta} with
 * {@code d_k = k + alpha / size * sum of x_i^2} over the {@code size} channels around k, expanded
 * at x and read at the point where channel k stands alone, each channel contributes
 *
 * <pre>
 *   z_kk = x_k / (k + alpha / size * x_k^2)^beta
 *   z_ik = -2 beta alpha / size * x_k * x_i^2 / d_k^(beta + 1)    for the other channels i
 * </pre>
 *
 * <p>and gets {@code R_i = sum_k z_ik * R_k / s(sum_j z_jk)}. Sums are kept but for the stabilizer.
 *
 * <p>For torch.nn.LocalResponseNorm, (batch, channels, space...): a traced file does not say how a
 * layer was made, so that its numbers are given here, as PyTorch's arguments are; they are compared
 * with what the layer computes. A. Binder et al., Layer-wise relevance propagation for neural
 * networks with local renormalization layers, ICANN 2016.
 *
 * @param size channels that take part
 * @param alpha factor of the mean square; default 1e-4 (PyTorch)
 * @param beta exponent; default 0.75 (PyTorch)
 * @param k constant; default 1 (PyTorch)
 * @param stabilizer of the denominator; default 1e-6
 */
public record LocalResponseNormalization(
    int size, double alpha, double beta, double k, Stabilizer stabilizer) implements Rule {
  /**
   * Checks the numbers.
   *
   * @param size {@link #size()}
   * @param alpha {@link #alpha()}
   * @param beta {@link #beta()}
   * @param k {@link #k()}
   * @param stabilizer {@link #stabilizer()}
   */
  public LocalResponseNormalization {
    if (size < 1) {
      throw new RuleException("local_response_norm: size must be at least 1, not " + size);
    }
    if (!(alpha >= 0) || !(k > 0) || !Double.isFinite(alpha + beta + k)) {
      throw new RuleException(
          "local_response_norm: alpha must be at least 0, k above 0 and beta a number, not "
              + alpha
              + ", "
              + k
              + " and "
              + beta);
    }
  }

  /**
   * PyTorch's defaults.
   *
   * @param size {@link #size()}
   */
  public LocalResponseNormalization(int size) {
    this(size, 1e-4, 0.75, 1, Stabilizer.standard());
  }

  @Override
  public String name() {
    return "local_response_norm";
  }

  @Override
  public Map<String, Object> arguments() {
    return new Arguments()
        .with("size", size)
        .with("alpha", alpha)
        .with("beta", beta)
        .with("k", k)
        .with("stabilizer", stabilizer)
        .map();
  }

  @Override
  public boolean keepsSums() {
    return true;
  }

  @Override
  public LayerFunction bind(Region region) {
    return (call, relevance) -> {
      List<Tensor> result = Calls.nothing(call);
      if (relevance.get(0) != null) {
        result.set(0, backward(region, call, relevance.get(0)));
      }
      return result;
    };
  }

  private Tensor backward(Region region, LayerCall call, Tensor relevance) {
    Tensor x = call.inputs().get(0);
    Tensor y = Calls.output(call);
    if (x.dim() < 2 || !Arrays.equals(x.shape(), y.shape())) {
      throw new RuleException(
          "local_response_norm cannot explain layer '"
              + region.name()
              + "', whose output "
              + Arrays.toString(y.shape())
              + " has not the shape of its input "
              + Arrays.toString(x.shape()));
    }
    Tensor square = x.mul(x);
    Tensor sum = overNeighbours(square, -(size / 2));
    double rate = alpha / size;
    Tensor d = sum.mul(new Scalar(rate)).add(new Scalar(k));
    check(region, x.div(d.pow(new Scalar(beta))), y);
    Tensor alone = x.div(square.mul(new Scalar(rate)).add(new Scalar(k)).pow(new Scalar(beta)));
    // All channels' share of x_k, and what is left of it without k's own.
    Tensor slope = x.mul(new Scalar(-2 * beta * rate)).div(d.pow(new Scalar(beta + 1)));
    Tensor whole = alone.add(slope.mul(sum.sub(square)));
    Tensor q = relevance.div(stabilizer.apply(whole));
    Tensor given = q.mul(slope);
    Tensor taken = overNeighbours(given, -((size - 1) / 2)).sub(given).mul(square);
    return alone.mul(q).add(taken).to(x.scalar_type());
  }

  /** The sum over {@link #size} channels from an offset on. */
  private Tensor overNeighbours(Tensor x, int offset) {
    Tensor result = null;
    long channels = x.size(1);
    for (long shift = offset; shift < offset + size; shift++) {
      if (Math.abs(shift) >= channels) {
        continue;
      }
      long[] none = x.shape();
      none[1] = Math.abs(shift);
      Tensor gap = torch.zeros(none, x.options());
      Tensor rest = x.narrow(1, Math.max(shift, 0), channels - Math.abs(shift));
      Tensor shifted =
          shift == 0
              ? x
              : torch.cat(shift > 0 ? new TensorVector(rest, gap) : new TensorVector(gap, rest), 1);
      result = result == null ? shifted : result.add(shifted);
    }
    return result;
  }

  /** How far what these numbers give may be from what the layer gave, relative to its maximum. */
  private static double tolerance(ScalarType dtype) {
    return switch (dtype) {
      case Double -> 1e-12;
      case Float -> 1e-5;
      default -> 2e-2;
    };
  }

  private void check(Region region, Tensor expected, Tensor y) {
    try (PointerScope scope = new PointerScope();
        AutoGradMode mode = new AutoGradMode(false)) {
      double tolerance = tolerance(y.scalar_type().intern());
      double largest = y.detach().abs().max().item_double();
      double gap = expected.detach().sub(y.detach()).abs().max().item_double();
      if (gap > tolerance * largest) {
        throw new RuleException(
            "local_response_norm cannot explain layer '"
                + region.name()
                + "': with size "
                + size
                + ", alpha "
                + alpha
                + ", beta "
                + beta
                + " and k "
                + k
                + " it would give other values; give the layer's own numbers");
      }
    }
  }

  /** The rule by name. */
  static Entry<Rule> entry() {
    return Entry.of(
        "local_response_norm",
        LocalResponseNormalization.class,
        "local response normalisation, first-order expansion",
        v ->
            new LocalResponseNormalization(
                v.whole("size"),
                v.number("alpha"),
                v.number("beta"),
                v.number("k"),
                v.get("stabilizer", Stabilizer.class)),
        Argument.needed("size", Kind.COUNT),
        Argument.of("alpha", Kind.NUMBER, 1e-4),
        Argument.of("beta", Kind.NUMBER, 0.75),
        Argument.of("k", Kind.NUMBER, 1.0),
        Arguments.STABILIZER);
  }
}
