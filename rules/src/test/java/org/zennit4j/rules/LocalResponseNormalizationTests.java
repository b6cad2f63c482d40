/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.rules;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Map;
import org.bytedeco.pytorch.JitModule;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.zennit4j.bindings.internal.Vectors;
import org.zennit4j.model.ScriptModel;
import org.zennit4j.testing.ModelBuilder;
import org.zennit4j.testing.NativeLeaks;
import org.zennit4j.testing.SeededWeights;

/** Binder et al. 2016 written out, on the layer as PyTorch computes it. */
@ExtendWith(NativeLeaks.class)
class LocalResponseNormalizationTests {
  private static final double ALPHA = 0.9;
  private static final double BETA = 0.75;
  private static final double K = 1.5;
  private static final double EPSILON = 1e-6;

  /** The layer, as torch.nn.functional writes it for two axes of space. */
  private static ScriptModel model(int size) {
    ModelBuilder b = new ModelBuilder(ScalarType.Double, 1);
    JitModule layer =
        b.module(
            "torch.nn.modules.normalization.LocalResponseNorm",
            Map.of(),
            """
            def forward(self, x):
                square = (x * x).unsqueeze(1)
                padded = torch.constant_pad_nd(square, [0, 0, 0, 0, %d, %d], 0)
                mean = torch.avg_pool3d(padded, [%d, 1, 1], [1, 1, 1], [0, 0, 0]).squeeze(1)
                return x / (mean * %s + %s).pow(%s)
            """
                .formatted(size / 2, (size - 1) / 2, size, ALPHA, K, BETA));
    return ScriptModel.of(b.sequential(layer));
  }

  private static LocalResponseNormalization rule(int size) {
    return new LocalResponseNormalization(size, ALPHA, BETA, K, Stabilizer.of(EPSILON));
  }

  /** The relevances, and behind them what the stabilizer takes. */
  private static double[] textbook(int size, double[] x, double[] r) {
    int channels = x.length;
    double[] result = new double[channels + 1];
    for (int k = 0; k < channels; k++) {
      double sum = 0;
      int first = Math.max(0, k - size / 2);
      int last = Math.min(channels - 1, k + (size - 1) / 2);
      for (int i = first; i <= last; i++) {
        sum += x[i] * x[i];
      }
      double[] z = new double[channels];
      double whole = 0;
      for (int i = first; i <= last; i++) {
        z[i] =
            i == k
                ? x[k] / Math.pow(K + ALPHA / size * x[k] * x[k], BETA)
                : -2
                    * BETA
                    * ALPHA
                    / size
                    * x[k]
                    * x[i]
                    * x[i]
                    / Math.pow(K + ALPHA / size * sum, BETA + 1);
        whole += z[i];
      }
      for (int i = first; i <= last; i++) {
        result[i] += z[i] * r[k] / (whole + (whole >= 0 ? EPSILON : -EPSILON));
      }
      result[channels] += EPSILON * r[k] / (Math.abs(whole) + EPSILON);
    }
    return result;
  }

  @ParameterizedTest
  @CsvSource({"1, 4", "2, 4", "3, 6", "4, 6", "5, 3", "9, 2"})
  void itIsTheFormula(int size, int channels) {
    Tensor x = SeededWeights.normal(1, ScalarType.Double, 2, channels, 3, 2);
    Tensor r = SeededWeights.normal(2, ScalarType.Double, 2, channels, 3, 2);
    try (ScriptModel model = model(size)) {
      Tensor found = Explainer.once(model, rule(size), r, x);
      Tensor moved = found.permute(0, 2, 3, 1).contiguous();
      double[] values = Vectors.doubles(moved.reshape(-1));
      double[] inputs = Vectors.doubles(x.permute(0, 2, 3, 1).contiguous().reshape(-1));
      double[] relevances = Vectors.doubles(r.permute(0, 2, 3, 1).contiguous().reshape(-1));
      for (int place = 0; place < 12; place++) {
        int from = place * channels;
        double[] expected =
            textbook(
                size,
                java.util.Arrays.copyOfRange(inputs, from, from + channels),
                java.util.Arrays.copyOfRange(relevances, from, from + channels));
        double sum = expected[channels];
        double given = 0;
        double absolute = 1;
        for (int c = 0; c < channels; c++) {
          double tolerance = 1e-11 * (1 + Math.abs(expected[c]));
          assertThat(Math.abs(values[from + c] - expected[c])).isLessThan(tolerance);
          sum += values[from + c];
          absolute += Math.abs(values[from + c]);
          given += relevances[from + c];
        }
        assertThat(Math.abs(sum - given)).isLessThan(1e-13 * absolute);
      }
    }
  }

  @Test
  void otherNumbersThanTheLayersAreRefused() {
    Tensor x = SeededWeights.normal(1, ScalarType.Double, 1, 6, 3, 2);
    try (ScriptModel model = model(3)) {
      assertThatThrownBy(() -> Explainer.once(model, rule(5), x, x))
          .isInstanceOf(RuleException.class)
          .hasMessageContaining("layer '0'")
          .hasMessageContaining("the layer's own numbers");
      // A slip in the fourth digit shows too.
      LocalResponseNormalization near =
          new LocalResponseNormalization(3, ALPHA + 1e-4, BETA, K, Stabilizer.of(EPSILON));
      assertThatThrownBy(() -> Explainer.once(model, near, x, x)).isInstanceOf(RuleException.class);
      assertThatThrownBy(() -> Explainer.once(model, new LocalResponseNormalization(3), x, x))
          .isInstanceOf(RuleException.class);
    }
    assertThatThrownBy(() -> new LocalResponseNormalization(0)).hasMessageContaining("size");
    assertThatThrownBy(() -> new LocalResponseNormalization(3, -1, BETA, K, Stabilizer.standard()))
        .hasMessageContaining("alpha");
  }
}
