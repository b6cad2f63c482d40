/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.graph;

import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.IValue;
import org.bytedeco.pytorch.Tensor;
import org.zennit4j.graph.ir.Code;
import org.zennit4j.graph.ir.Constant;
import org.zennit4j.graph.ir.Instruction;
import org.zennit4j.graph.ir.Operator;

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
    int result = code.body().results[0];
    return code.body().instructions.stream()
        .filter(instruction -> instruction.out.length == 1 && instruction.out[0] == result)
        .findFirst()
        .map(instruction -> instruction.accept(SOLE))
        .orElse(null);
  }

  /** The constant weight of a code's first linear operator, or null. */
  static Constant weight(Code code) {
    for (Instruction instruction : code.body().instructions) {
      Constant found =
          instruction.accept(
              new Instruction.Visitor<Constant>() {
                @Override
                public Constant operate(Instruction.Operate operate) {
                  boolean linear =
                      Operators.of(operate.operator.name())
                          .is(Operators.Kind.CONVOLUTION, Operators.Kind.LINEAR);
                  return linear ? code.constant(operate, "weight") : null;
                }

                @Override
                public Constant other(Instruction any) {
                  return null;
                }
              });
      if (found != null) {
        return found;
      }
    }
    return null;
  }

  private static final Instruction.Visitor<Instruction.Operate> SOLE =
      new Instruction.Visitor<>() {
        @Override
        public Instruction.Operate operate(Instruction.Operate operate) {
          return operate.in.length > 0 && inputOf(operate) == 0 ? operate : null;
        }

        @Override
        public Instruction.Operate other(Instruction instruction) {
          return null;
        }
      };

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
    Constant w = code.constant(operate, "weight");
    Constant b = code.constant(operate, "bias");
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
                code.constant(operate, "transposed").value().toBool(),
                longs(operate, code, "output_padding"),
                integer(operate, code, "groups"));
        default -> null;
      };
    }
  }

  private static Tensor keep(Constant constant) {
    return constant.tensor();
  }

  private static long integer(Instruction.Operate operate, Code code, String argument) {
    return code.constant(operate, argument).value().toInt();
  }

  private static long[] longs(Instruction.Operate operate, Code code, String argument) {
    IValue value = code.constant(operate, argument).value();
    if (value.isInt()) {
      return new long[] {value.toInt()};
    }
    return Constant.integers(value);
  }

  private static boolean isSame(Instruction.Operate operate, Code code) {
    IValue value = code.constant(operate, "padding").value();
    return value.isString() && value.toStringRef().getString().equals("same");
  }

  /** The zeros on both sides, in numbers. */
  private static long[] padding(
      Instruction.Operate operate, Code code, Tensor weight, long[] dilation) {
    if (!code.constant(operate, "padding").value().isString()) {
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
