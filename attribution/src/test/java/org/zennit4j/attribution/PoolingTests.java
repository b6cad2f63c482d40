/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.attribution;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.zennit4j.composites.Plan;
import org.zennit4j.model.ScriptModel;
import org.zennit4j.testing.ModelBuilder;
import org.zennit4j.testing.NativeLeaks;
import org.zennit4j.testing.SeededWeights;

/**
 * DeepLIFT through maximum pooling: where a window's maximum rises against the baseline, the winner
 * of the input gets the difference, where it falls the winner of the baseline; as in SHAP and
 * Captum, but also where windows overlap, in which Captum's sums are wrong.
 */
@ExtendWith(NativeLeaks.class)
class PoolingTests {
  private static final int LENGTH = 12;

  private static double at(Tensor tensor, int i) {
    try (PointerScope scope = new PointerScope()) {
      return tensor.reshape(-1).select(0, i).item_double();
    }
  }

  private static int winner(Tensor x, int from, int kernel) {
    int best = from;
    for (int i = from; i < from + kernel; i++) {
      best = at(x, i) > at(x, best) ? i : best;
    }
    return best;
  }

  @ParameterizedTest
  @CsvSource({"2,2", "3,3", "3,2", "4,1"})
  void theWinnerOfTheLargerMaximumGetsTheDifference(int kernel, int stride) {
    ModelBuilder b = new ModelBuilder(ScalarType.Double, 6);
    int windows = (LENGTH - kernel) / stride + 1;
    try (PointerScope scope = new PointerScope();
        ScriptModel model =
            ScriptModel.of(
                b.sequential(b.maxPool(1, kernel, stride), b.flatten(), b.linear(windows, 1)));
        Plan plan = Plan.gradient(model)) {
      Tensor x = SeededWeights.normal(1, ScalarType.Double, 1, 1, LENGTH);
      Tensor x0 = SeededWeights.normal(2, ScalarType.Double, 1, 1, LENGTH);
      Tensor one = model.run(x).get(0);
      Tensor weight =
          model
              .program()
              .layer("2")
              .map(l -> plan.program().regions(l).get(0))
              .orElseThrow()
              .linearMap()
              .orElseThrow()
              .weight();
      double[] wanted = new double[LENGTH];
      for (int k = 0; k < windows; k++) {
        int here = winner(x, k * stride, kernel);
        int there = winner(x0, k * stride, kernel);
        double difference = at(x, here) - at(x0, there);
        wanted[difference >= 0 ? here : there] += at(weight, k) * difference;
      }
      DeepLift.Settings settings = new DeepLift.Settings(Baseline.tensors(x0));
      try (Attribution found = settings.on(plan).attribute(x, Target.all())) {
        for (int i = 0; i < LENGTH; i++) {
          assertThat(at(found.relevance(), i)).isCloseTo(wanted[i], within(1e-12));
        }
        assertThat(found.relevance().sum().item_double())
            .isCloseTo(one.sub(model.run(x0).get(0)).item_double(), within(1e-12));
      }
    }
  }
}
