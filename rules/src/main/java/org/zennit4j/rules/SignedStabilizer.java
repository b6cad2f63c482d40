/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.rules;

import java.util.List;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Zennit's stabilizer: {@code z + epsilon sign(z)}, or with clip {@code sign(z) max(|z|, epsilon)};
 * sign(0) = +1.
 *
 * <p>With normScale, epsilon is multiplied by the root of the mean of z² over the dimensions {@code
 * dim}; a sample of zeros then gives 0 and, divided, NaN.
 *
 * @param epsilon the strength
 * @param clip whether only small values are changed
 * @param normScale whether epsilon is relative to the size of z
 * @param dim dimensions of the mean; null for all but the first
 */
public record SignedStabilizer(double epsilon, boolean clip, boolean normScale, List<Long> dim)
    implements Stabilizer {
  private static final double SMALLEST_HALF = 0x1p-24;

  /**
   * Copies the list.
   *
   * @param epsilon {@link #epsilon()}
   * @param clip {@link #clip()}
   * @param normScale {@link #normScale()}
   * @param dim {@link #dim()}
   * @throws RuleException if epsilon is negative or not finite
   */
  public SignedStabilizer {
    if (!(epsilon >= 0 && epsilon <= Double.MAX_VALUE)) {
      throw new RuleException(
          "epsilon must be a number from 0 on, not " + epsilon + ": a negative one draws to zero");
    }
    dim = dim == null ? null : List.copyOf(dim);
  }

  @Override
  public Tensor apply(Tensor z) {
    if (!normScale) {
      Scalar plus = new Scalar(representable(z));
      if (!clip) {
        // Both scalars would make a tensor of the default dtype.
        Tensor sign = sign(z);
        return z.add(sign.mul_(plus));
      }
      return sign(z).mul(z.abs().clamp_min(plus));
    }
    Tensor scaled = scale(z).mul(new Scalar(epsilon));
    return clip ? sign(z).mul(torch.maximum(z.abs(), scaled)) : z.add(sign(z).mul(scaled));
  }

  /** A half precision epsilon must not become zero: 0/0 would follow. */
  private double representable(Tensor z) {
    boolean half = z.scalar_type().intern() == ScalarType.Half;
    return half && epsilon > 0 ? Math.max(epsilon, SMALLEST_HALF) : epsilon;
  }

  private static Tensor sign(Tensor z) {
    Tensor detached = z.detach();
    return detached.ge(new Scalar(0)).to(z.scalar_type()).mul_(new Scalar(2)).sub_(new Scalar(1));
  }

  private Tensor scale(Tensor z) {
    long[] dims;
    if (dim != null) {
      dims = dim.stream().mapToLong(Long::longValue).toArray();
    } else {
      dims = java.util.stream.LongStream.range(1, z.dim()).toArray();
    }
    Tensor squares = z.mul(z);
    if (dims.length == 0) {
      return squares.sqrt();
    }
    return torch.mean(squares, dims, true, new org.bytedeco.pytorch.ScalarTypeOptional()).sqrt();
  }
}
