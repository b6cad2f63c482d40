/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.analyzers;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Random;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.zennit4j.bindings.ClosedException;
import org.zennit4j.model.ScriptModel;
import org.zennit4j.testing.ClosedUnderUse;
import org.zennit4j.testing.NativeLeaks;

/** Analyzers, and then their model, are closed while other threads use them. */
@ExtendWith(NativeLeaks.class)
class ClosingTests {
  private static final int ROUNDS = Integer.getInteger("zennit4j.rounds", 15);

  @ParameterizedTest
  @ValueSource(
      strings = {
        "gradient",
        "guided_backprop",
        "lrpz_epsilon_0_1",
        "zblrp_gamma",
        "lrpsign_epsilon_0_25_std_x_mu_neg_0_5",
        "smoothgrad",
        "integrated_gradients",
        "occlusion",
        "grad_cam",
        "guided_grad_cam",
        "deeplift",
        "deep_taylor"
      })
  @Timeout(300)
  void anAnalyzerIsClosedWhileFourThreadsUseIt(String name) throws Exception {
    Random random = new Random(name.hashCode());
    MethodOptions options =
        name.startsWith("zb")
            ? MethodOptions.of("low", List.of(-5, -6)).with("high", 7)
            : MethodOptions.none();
    for (int round = 0; round < ROUNDS; round++) {
      long before = Pointer.totalCount();
      try (PointerScope scope = new PointerScope()) {
        ScriptModel model = Networks.images(Networks.builder());
        MethodAnalyzer analyzer = new MethodAnalyzer(model, name, options);
        Tensor x = Networks.numbers(1, 2, 2, 8, 8);
        ClosedUnderUse.run(
            random, ClosedException.class, () -> analyzer.attribute(x).close(), analyzer, model);
      }
      assertThat(Pointer.totalCount()).isLessThanOrEqualTo(before);
    }
  }
}
