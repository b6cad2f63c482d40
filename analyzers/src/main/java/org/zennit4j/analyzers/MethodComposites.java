/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.analyzers;

import org.bytedeco.pytorch.Tensor;
import org.zennit4j.bindings.Zennit4jException;
import org.zennit4j.composites.Composite;

/** Makes the composites of LRP and Deep Taylor methods. */
final class MethodComposites {
  private MethodComposites() {}

  /**
   * The composite of a method that has rules or a composite of the caller's own.
   *
   * @param sampleRank the rank of one sample at the input layers, 0 if unknown
   * @param owned keeps tensors of bounds and thresholds, so that the caller may close them
   */
  static Composite of(ResolvedMethod method, int sampleRank, OwnedTensors owned) {
    if (method.rules().isEmpty()) {
      return custom(method);
    }
    MethodOptions options = method.options();
    for (MethodOption option : method.options().options()) {
      if (options.get(option).orElseThrow() instanceof Tensor tensor) {
        if (option == MethodOption.LOW || option == MethodOption.HIGH) {
          options = options.with(option, batch(tensor, option, sampleRank, owned));
        } else if (option == MethodOption.MU) {
          options = options.with(option, owned.share(tensor, "option mu"));
        }
      }
    }
    ResolvedMethod own =
        options.equals(method.options()) ? method : ResolvedMethod.of(method.name(), options);
    return own.rules().orElseThrow();
  }

  /** A bound for one sample, or for the channels, serves all samples. */
  private static Tensor batch(
      Tensor bound, MethodOption option, int sampleRank, OwnedTensors owned) {
    Tensor shared = owned.share(bound, "option " + option.key());
    boolean sample = shared.dim() == 1 || (shared.dim() > 1 && shared.dim() == sampleRank);
    return sample ? owned.keep(() -> shared.unsqueeze(0)) : shared;
  }

  private static Composite custom(ResolvedMethod method) {
    Object value = method.composite().orElse(null);
    if (!(value instanceof Composite composite)) {
      throw new Zennit4jException(
          method.name() + ": option composite must be a composite, not " + Texts.show(value));
    }
    return method.options().has(MethodOption.CANONIZERS)
        ? composite.withCanonizers(MethodRules.canonizers(method.canonizers()))
        : composite;
  }
}
