/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.bindings;

import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.GenericList;
import org.bytedeco.pytorch.IValue;
import org.bytedeco.pytorch.IValueArrayRef;
import org.bytedeco.pytorch.Tensor;

/** Recognises calls that are exactly one linear map with constant parameters. */
final class LinearMaps {
  private LinearMaps() {}

  /**
   * The operator that computes a code's only result, if there is nothing else on the way from its
   * only parameter.
   */
  static Instruction.Operate sole(Code code) {
    if (code.parameters() != 1 || code.body().results.length != 1) {
      return null;
    }
    for (Instruction instruction : code.body().instructions) {
      if (instruction.out.length == 1 && instruction.out[0] == code.body().results[0]) {
        return instruction instanceof Instruction.Operate operate
                && operate.in.length > 0
                && inputOf(operate) == 0
            ? operate
            : null;
      }
    }
    return null;
  }

  private static int inputOf(Instruction.Operate operate) {
    int k = operate.operator.argument("input");
    return operate.in[Math.max(k, 0)];
  }

  /** The linear map that an operator is, or null. */
  static LinearMap of(Instruction.Operate operate, Code code) {
    Operator operator = operate.operator;
    int weight = operator.argument("weight");
    int input = operator.argument("input");
    if (weight < 0 || input < 0 || operate.in[input] < 0 || operate.in[weight] >= 0) {
      return null;
    }
    for (int i = 0; i < operate.in.length; i++) {
      if (i != input && operate.in[i] >= 0) {
        return null;
      }
    }
    Constant w = constant(operate, code, "weight");
    Constant b = constant(operate, code, "bias");
    if (w == null || !w.isTensor() || b == null) {
      return null;
    }
    Tensor bias = b.isNone() ? null : b.tensor();
    try (PointerScope scope = new PointerScope()) {
      return switch (operator.shortName()) {
        case "linear" -> LinearMap.dense(keep(w), bias);
        case "conv1d", "conv2d", "conv3d", "_convolution_mode" -> {
          long[] dilation = longs(operate, code, "dilation");
          long[] padding = padding(operate, code, w.tensor(), dilation);
          LinearMap map =
              LinearMap.convolution(
                  keep(w),
                  bias,
                  longs(operate, code, "stride"),
                  padding,
                  dilation,
                  false,
                  new long[] {0},
                  integer(operate, code, "groups"));
          yield isSame(operate, code) ? map.withTrailing(odd(w.tensor(), dilation)) : map;
        }
        case "conv_transpose1d", "conv_transpose2d", "conv_transpose3d" ->
            LinearMap.convolution(
                keep(w),
                bias,
                longs(operate, code, "stride"),
                longs(operate, code, "padding"),
                longs(operate, code, "dilation"),
                true,
                longs(operate, code, "output_padding"),
                integer(operate, code, "groups"));
        case "_convolution", "convolution" ->
            LinearMap.convolution(
                keep(w),
                bias,
                longs(operate, code, "stride"),
                longs(operate, code, "padding"),
                longs(operate, code, "dilation"),
                constant(operate, code, "transposed").value().toBool(),
                longs(operate, code, "output_padding"),
                integer(operate, code, "groups"));
        default -> null;
      };
    }
  }

  private static Tensor keep(Constant constant) {
    return constant.tensor();
  }

  static Constant constant(Instruction.Operate operate, Code code, String argument) {
    int k = operate.operator.argument(argument);
    return k < 0 || operate.in[k] >= 0 ? null : code.constant(operate.in[k]);
  }

  private static long integer(Instruction.Operate operate, Code code, String argument) {
    return constant(operate, code, argument).value().toInt();
  }

  private static long[] longs(Instruction.Operate operate, Code code, String argument) {
    IValue value = constant(operate, code, argument).value();
    if (value.isInt()) {
      return new long[] {value.toInt()};
    }
    return longs(value);
  }

  static long[] longs(IValue value) {
    IValueArrayRef elements = value.toListRef();
    long[] result = new long[(int) elements.size()];
    for (int i = 0; i < result.length; i++) {
      result[i] = elements.at(i).toInt();
    }
    return result;
  }

  /** Whether a value is a list of integers with elements. */
  static boolean isIntegers(IValue value) {
    if (!value.isList()) {
      return false;
    }
    GenericList list = value.toList();
    return list.size() > 0 && list.get(0).isInt();
  }

  private static boolean isSame(Instruction.Operate operate, Code code) {
    IValue value = constant(operate, code, "padding").value();
    return value.isString() && value.toStringRef().getString().equals("same");
  }

  /** The zeros on both sides, in numbers. */
  private static long[] padding(
      Instruction.Operate operate, Code code, Tensor weight, long[] dilation) {
    if (!constant(operate, code, "padding").value().isString()) {
      return longs(operate, code, "padding");
    }
    long[] result = new long[(int) weight.dim() - 2];
    if (isSame(operate, code)) {
      for (int i = 0; i < result.length; i++) {
        result[i] = total(weight, dilation, i) / 2;
      }
    }
    return result;
  }

  /** The zeros that the padding {@code same} adds at the end beyond those on both sides. */
  private static long[] odd(Tensor weight, long[] dilation) {
    long[] result = new long[(int) weight.dim() - 2];
    for (int i = 0; i < result.length; i++) {
      result[i] = total(weight, dilation, i) % 2;
    }
    return result;
  }

  private static long total(Tensor weight, long[] dilation, int dimension) {
    return dilation[dilation.length == 1 ? 0 : dimension] * (weight.size(dimension + 2L) - 1);
  }

  static List<String> parameterNames() {
    return List.of("weight", "bias");
  }
}
