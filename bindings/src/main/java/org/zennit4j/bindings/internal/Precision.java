/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.bindings.internal;

import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.AutoGradMode;
import org.bytedeco.pytorch.ScalarTypeOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Whether relevance can be told from rounding errors.
 *
 * <p>Rules hand on sums, so that the absolute values of a good map add up to a share of those at
 * the output. Each layer adds errors of about one unit in the last place of what passes it. Where
 * the rest is smaller than that many units, relevance cancelled itself on the way (behind
 * normalisations that have no rule) and rounding is left; where it is larger by the inverse, it
 * grew by factors that cancel as well. Both were a map of noise in each network tried: 1e-8 or less
 * of it agreed with the same map in double precision.
 */
public final class Precision {
  private static final int FEWEST_LAYERS = 16;

  private Precision() {}

  /**
   * Looks at a pass whose tensors are on the CPU; of any other nothing is known.
   *
   * @param starts the relevances at the outputs; some may be null
   * @param relevances those at the inputs; some may be null
   * @param rules how many layers have a rule; without any only what is not finite or zero is found,
   *     since gradients may have any size
   * @return a sentence, or empty
   */
  public static Optional<String> finding(List<Tensor> starts, List<Tensor> relevances, int rules) {
    if (!onHost(starts) || !onHost(relevances)) {
      return Optional.empty();
    }
    double end = size(relevances);
    if (!Double.isFinite(end)) {
      return Optional.of(
          "the relevance holds NaN or infinity; the check for finite values names the layer");
    }
    if (end > 0 && rules == 0) {
      return Optional.empty();
    }
    double start = size(starts);
    if (start == 0) {
      return Optional.empty();
    }
    if (end == 0) {
      return Optional.of("the relevance is zero everywhere");
    }
    double unit = unit(relevances);
    double share = end / start;
    double least = unit * Math.max(rules, FEWEST_LAYERS);
    if (share >= least && share <= 1 / least) {
      return Optional.empty();
    }
    return Optional.of(
        String.format(
            Locale.ROOT,
            "the relevance is probably noise: its absolute values add up to %.0e of those at the output, and rounding"
                + " alone makes so much; compare with float64, and look which layers have no rule",
            share));
  }

  /** On another device a look at the values would make the host wait for it. */
  private static boolean onHost(List<Tensor> tensors) {
    return tensors.stream().allMatch(t -> t == null || !t.defined() || t.is_cpu());
  }

  private static double size(List<Tensor> tensors) {
    double sum = 0;
    try (PointerScope scope = new PointerScope();
        AutoGradMode off = new AutoGradMode(false)) {
      for (Tensor tensor : tensors) {
        if (tensor != null && tensor.defined()) {
          sum += tensor.abs().sum(new ScalarTypeOptional(ScalarType.Double)).item_double();
        }
      }
    }
    return sum;
  }

  private static double unit(List<Tensor> relevances) {
    return relevances.stream()
        .filter(Objects::nonNull)
        .mapToDouble(
            t ->
                switch (t.scalar_type().intern()) {
                  case Double -> Math.ulp(1.0);
                  case Half -> 0x1p-10;
                  case BFloat16 -> 0x1p-7;
                  default -> Math.ulp(1.0f);
                })
        .max()
        .orElse(0);
  }
}
