/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.analyzers;

import java.util.LinkedHashMap;
import java.util.Map;
import org.bytedeco.pytorch.JitModule;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.zennit4j.model.ScriptModel;
import org.zennit4j.testing.ModelBuilder;
import org.zennit4j.testing.ModelBuilder.Conv;
import org.zennit4j.testing.SeededWeights;

/** Small networks in float64, and the options that names need. */
final class Networks {
  private Networks() {}

  static ModelBuilder builder() {
    return new ModelBuilder(ScalarType.Double, 11);
  }

  static Tensor numbers(long seed, long... shape) {
    return SeededWeights.normal(seed, ScalarType.Double, shape);
  }

  /** A model over a module that the test's scope owns. */
  static ScriptModel model(JitModule module) {
    return ScriptModel.of(module);
  }

  /** Convolutions, ReLUs, a maximum pooling and linear layers for inputs (B, 2, 8, 8). */
  static ScriptModel images(ModelBuilder b) {
    Conv same = Conv.PLAIN.withPadding(1);
    return model(
        b.sequential(
            b.conv(2, 2, 4, 3, same),
            b.relu(),
            b.maxPool(2, 2, 2),
            b.conv(2, 4, 5, 3, same),
            b.relu(),
            b.flatten(),
            b.linear(80, 6),
            b.relu(),
            b.linear(6, 3)));
  }

  /** The same for series (B, 2, 16). */
  static ScriptModel series(ModelBuilder b) {
    Conv same = Conv.PLAIN.withPadding(1);
    return model(
        b.sequential(
            b.conv(1, 2, 4, 3, same),
            b.relu(),
            b.maxPool(1, 2, 2),
            b.conv(1, 4, 5, 3, same),
            b.relu(),
            b.flatten(),
            b.linear(40, 6),
            b.relu(),
            b.linear(6, 3)));
  }

  /** Linear layers and ReLUs for inputs (B, 6). */
  static ScriptModel dense(ModelBuilder b, boolean bias) {
    return model(
        b.sequential(
            b.linear(6, 8, bias), b.relu(), b.linear(8, 5, bias), b.relu(), b.linear(5, 3, bias)));
  }

  /** A root with named children and a forward of one's own. */
  static JitModule network(ModelBuilder b, Map<String, JitModule> children, String... lines) {
    StringBuilder text = new StringBuilder("def forward(self, x):\n");
    for (String line : lines) {
      text.append("    ").append(line).append('\n');
    }
    return b.module("nets.Net", new LinkedHashMap<>(children), text.toString());
  }

  /** Numbers of both signs, scaled. */
  static Tensor scaled(double factor, long seed, long... shape) {
    return numbers(seed, shape).mul(new Scalar(factor));
  }

  /** What a listed name needs, and less work where it would take long. */
  static MethodOptions options(String text) {
    MethodName name = MethodName.parse(text);
    MethodOptions options = MethodOptions.none();
    if (name.needsBounds() && name.suffixLow().isEmpty()) {
      options = options.with("low", -6).with("high", 6);
    }
    return switch (name.base()) {
      case SMOOTHGRAD, VARGRAD -> options.with("num_samples", 3);
      case INTEGRATED_GRADIENTS -> options.with("steps", 4);
      case OCCLUSION -> options.with("window", 3).with("stride", 2);
      case LRP_ADVANCED -> options.with("rule_type", "gamma").with("gamma", 0.7);
      case LRP_SEQUENTIAL -> options.with("low", -6).with("high", 6);
      default -> options;
    };
  }
}
