/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.analyzers;

import static org.zennit4j.testing.TensorSubject.assertThat;

import java.util.LinkedHashMap;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;
import org.zennit4j.model.ScriptModel;
import org.zennit4j.testing.ModelBuilder;
import org.zennit4j.testing.ModelBuilder.Conv;
import org.zennit4j.testing.SeededWeights;

/** Arguments at the end may be left out, as in Python: what is left out has its default. */
class ShortConstructorTests {
  @Test
  void whatIsLeftOutHasItsDefault() {
    ModelBuilder b = new ModelBuilder(ScalarType.Double, 3);
    try (PointerScope scope = new PointerScope();
        ScriptModel m =
            ScriptModel.of(
                b.sequential(
                    b.conv(2, 2, 3, 3, Conv.PLAIN),
                    b.relu(),
                    b.flatten(),
                    b.linear(108, 6),
                    b.relu(),
                    b.linear(6, 3)))) {
      Tensor x = SeededWeights.normal(4, ScalarType.Double, 1, 2, 8, 8);
      Map<Analyzer, Analyzer> pairs = new LinkedHashMap<>();
      pairs.put(
          new LRPAnalyzer(m, "alphabeta"),
          new LRPAnalyzer(m, MethodOptions.of("rule", "alphabeta")));
      pairs.put(new LRPAnalyzer(m, "epsilon"), new LRPAnalyzer(m, "epsilon", 1e-6));
      pairs.put(new IntegratedGradientsAnalyzer(m, 7), new IntegratedGradientsAnalyzer(m, 7, null));
      pairs.put(new SmoothGradAnalyzer(m, 0.3), new SmoothGradAnalyzer(m, 0.3, 50));
      pairs.put(new VarGradAnalyzer(m, 9), new VarGradAnalyzer(m, 9, 0.2));
      pairs.put(new LRPSequential(m, "flat"), new LRPSequential(m, "flat", "alphabeta", "epsilon"));
      pairs.put(
          new LRPSequential(m, "wsquare", "epsilon"),
          new LRPSequential(m, "wsquare", "epsilon", "epsilon"));
      pairs.put(
          new BoundedLRPAnalyzer(m, -1.0, 2.0), new BoundedLRPAnalyzer(m, -1.0, 2.0, "epsilon"));
      pairs.put(new OcclusionAnalyzer(m, 4), new OcclusionAnalyzer(m, 4, 4, 0));
      pairs.put(new OcclusionAnalyzer(m, 4, 2), new OcclusionAnalyzer(m, 4, 2, 0));
      pairs.forEach(
          (brief, whole) -> {
            try (brief;
                whole) {
              assertThat(brief.analyze(x)).isBitEqualTo(whole.analyze(x));
            }
          });
    }
  }
}
