/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.graph.ir;

import java.util.Map;
import java.util.function.Function;
import org.bytedeco.pytorch.IValue;
import org.zennit4j.graph.Operators;

/**
 * What a call of an operator does only in training, or by chance: it is written into a model that
 * was traced before {@code eval()}, or whose forward method asks for it, and no mode of a module
 * tells of it.
 */
public final class TrainingBehaviour {

  /** The name of the argument that says whether to drop, and the one with the probability. */
  private static final Map<String, String> DROPOUTS =
      Map.of(
          "dropout", "p",
          "feature_dropout", "p",
          "alpha_dropout", "p",
          "feature_alpha_dropout", "p",
          "native_dropout", "p",
          "lstm", "dropout",
          "gru", "dropout",
          "rnn_tanh", "dropout",
          "rnn_relu", "dropout");

  private TrainingBehaviour() {}

  /**
   * Looks at one call.
   *
   * @param operator the qualified name, such as {@code aten::dropout}; in-place ones included
   * @param literals the value of an argument of that name, or null where it is computed or absent
   * @return what it does, for a message, or null for nothing of that kind
   */
  public static String of(String operator, Function<String, IValue> literals) {
    if (!operator.startsWith("aten::")) {
      return null;
    }
    Operators.Info info = Operators.of(operator);
    String name = info.name();
    if (info.is(Operators.Trait.RANDOM)) {
      return "draws random numbers (" + operator + ")";
    }
    if (DROPOUTS.containsKey(name)) {
      return isTrue(literals.apply("train")) && isPositive(literals.apply(DROPOUTS.get(name)))
          ? "always drops values at random (" + operator + " with train = True)"
          : null;
    }
    if (info.is(Operators.Trait.BATCH_STATISTICS)) {
      if (isTrue(literals.apply("training"))) {
        return "normalises with the statistics of the batch ("
            + operator
            + " with training = True)";
      }
      return isNone(literals.apply("running_mean"))
          ? "normalises with the statistics of the batch (" + operator + " has no running ones)"
          : null;
    }
    return switch (name) {
      case "instance_norm" ->
          isTrue(literals.apply("use_input_stats")) && isTensor(literals.apply("running_mean"))
              ? "updates its running statistics (" + operator + " with use_input_stats = True)"
              : null;
      case "rrelu", "rrelu_with_noise" ->
          isTrue(literals.apply("training"))
              ? "draws its slopes at random (" + operator + " with training = True)"
              : null;
      case "scaled_dot_product_attention" ->
          literals.apply("dropout_p") != null && isPositive(literals.apply("dropout_p"))
              ? "always drops values at random (" + operator + " with dropout_p > 0)"
              : null;
      default -> null;
    };
  }

  private static boolean isTrue(IValue value) {
    return value != null && value.isBool() && value.toBool();
  }

  private static boolean isPositive(IValue value) {
    return value == null || !value.isDouble() || value.toDouble() > 0;
  }

  private static boolean isNone(IValue value) {
    return value != null && value.isNone();
  }

  private static boolean isTensor(IValue value) {
    return value != null && value.isTensor();
  }
}
