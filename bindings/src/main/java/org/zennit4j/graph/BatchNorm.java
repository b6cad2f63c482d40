/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.graph;

import java.util.Optional;
import java.util.OptionalDouble;
import org.bytedeco.pytorch.Tensor;
import org.zennit4j.graph.ir.Code;
import org.zennit4j.graph.ir.Constant;
import org.zennit4j.graph.ir.Instruction;

/**
 * A batch normalisation in evaluation mode: {@code y = (x - mean) / sqrt(variance + eps) * weight +
 * bias} per channel, channels on axis 1. The tensors, of shape (channels), belong to the program.
 *
 * @param weight empty for 1
 * @param bias empty for 0
 * @param mean the running mean
 * @param variance the running variance
 * @param eps added to the variance
 */
public record BatchNorm(
    Optional<Tensor> weight, Optional<Tensor> bias, Tensor mean, Tensor variance, double eps) {

  /** The normalisation that an operator is, or null. */
  static BatchNorm of(Instruction.Operate operate, Code code) {
    if (!operate.operator.name().equals("aten::batch_norm")) {
      return null;
    }
    Constant training = code.constant(operate, "training");
    Constant mean = code.constant(operate, "running_mean");
    Constant variance = code.constant(operate, "running_var");
    Constant weight = code.constant(operate, "weight");
    Constant bias = code.constant(operate, "bias");
    Constant eps = code.constant(operate, "eps");
    boolean known =
        training != null
            && mean != null
            && variance != null
            && weight != null
            && bias != null
            && eps != null;
    if (!known || training.value().toBool() || !mean.isTensor() || !variance.isTensor()) {
      return null;
    }
    return new BatchNorm(
        weight.isTensor() ? Optional.of(weight.tensor()) : Optional.empty(),
        bias.isTensor() ? Optional.of(bias.tensor()) : Optional.empty(),
        mean.tensor(),
        variance.tensor(),
        eps.value().toDouble());
  }

  /** The normalisation that a call of a module is, or null. */
  static BatchNorm of(Instruction.Invoke invoke, String className) {
    if (className.equals("torchvision.ops.misc.FrozenBatchNorm2d")) {
      return frozen(invoke.callee);
    }
    Instruction.Operate sole = LinearMaps.sole(invoke.callee);
    return sole == null ? null : of(sole, invoke.callee);
  }

  /**
   * Torchvision writes the same formula with single operators; its eps is the only number that it
   * adds.
   */
  private static BatchNorm frozen(Code code) {
    Tensor weight = own(code, "weight");
    Tensor bias = own(code, "bias");
    Tensor mean = own(code, "running_mean");
    Tensor variance = own(code, "running_var");
    OptionalDouble eps = addedNumber(code);
    return weight == null || bias == null || mean == null || variance == null || eps.isEmpty()
        ? null
        : new BatchNorm(Optional.of(weight), Optional.of(bias), mean, variance, eps.getAsDouble());
  }

  private static OptionalDouble addedNumber(Code code) {
    return code.body().instructions.stream()
        .map(
            instruction ->
                instruction.accept(
                    new Instruction.Visitor<OptionalDouble>() {
                      @Override
                      public OptionalDouble operate(Instruction.Operate operate) {
                        return operate.operator.name().equals("aten::add")
                            ? number(code.constant(operate, "other"))
                            : OptionalDouble.empty();
                      }

                      @Override
                      public OptionalDouble other(Instruction any) {
                        return OptionalDouble.empty();
                      }
                    }))
        .filter(OptionalDouble::isPresent)
        .reduce((first, last) -> last)
        .orElse(OptionalDouble.empty());
  }

  private static OptionalDouble number(Constant constant) {
    if (constant != null && constant.value().isDouble()) {
      return OptionalDouble.of(constant.value().toDouble());
    }
    return constant != null && constant.isTensor() && constant.tensor().numel() == 1
        ? OptionalDouble.of(constant.tensor().item_double())
        : OptionalDouble.empty();
  }

  private static Tensor own(Code code, String name) {
    for (Constant constant : code.constants()) {
      if (name.equals(constant.name())
          && code.path().equals(constant.owner())
          && constant.isTensor()) {
        return constant.tensor();
      }
    }
    return null;
  }
}
