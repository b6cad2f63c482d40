/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.attribution;

import static org.assertj.core.api.Assertions.assertThat;
import static org.zennit4j.testing.TensorSubject.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.JitModule;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.zennit4j.composites.Canonizers;
import org.zennit4j.composites.Composite;
import org.zennit4j.composites.Composites;
import org.zennit4j.composites.Plan;
import org.zennit4j.model.ScriptModel;
import org.zennit4j.testing.ModelBuilder;
import org.zennit4j.testing.NativeLeaks;
import org.zennit4j.testing.SeededWeights;

/**
 * A normalisation behind a matrix product is merged for inputs of two dimensions, and stays for
 * others, with one plan for both: a file does not tell which of them will come.
 */
@ExtendWith(NativeLeaks.class)
class MergeByDimensionsTests {
  private final ModelBuilder b = new ModelBuilder(ScalarType.Double, 3);

  /** As many channels as features, so that nothing else tells the axes apart. */
  private JitModule net() {
    return b.sequential(
        b.linear(5, 4),
        b.batchNorm(1, 4),
        b.relu(),
        b.linear(4, 4),
        b.batchNorm(1, 4),
        b.relu(),
        b.linear(4, 3));
  }

  private static Tensor x(long... shape) {
    return SeededWeights.normal(7, ScalarType.Double, shape);
  }

  private static Composite composite(String canonizer) {
    return Composites.epsilonPlus()
        .withCanonizers(
            canonizer.equals("sequential")
                ? Canonizers.sequentialMergeBatchNorm()
                : Canonizers.mergeBatchNorm());
  }

  @ParameterizedTest
  @ValueSource(strings = {"merge", "sequential"})
  void eachInputGetsWhatIsRightForIt(String canonizer) {
    try (ScriptModel model = ScriptModel.of(net());
        Plan plan = Plan.of(model, composite(canonizer));
        Plan unmerged = Plan.of(model, Composites.epsilonPlus())) {
      for (int i = 0; i < 3; i++) {
        Tensor flat = x(2, 5);
        Tensor deep = x(2, 4, 5);
        try (Attribution merged = new Gradient(plan).attribute(flat, Target.all());
            Attribution other = new Gradient(unmerged).attribute(flat, Target.all())) {
          assertThat(merged.output()).within(1e-12, 1e-12).of(model.run(flat).get(0));
          assertThat(merged.warnings()).noneMatch(w -> w.contains("another axis"));
          assertThat(merged.relevance().sub(other.relevance()).abs().max().item_double())
              .isGreaterThan(1e-3);
        }
        try (Attribution stays = new Gradient(plan).attribute(deep, Target.all());
            Attribution other = new Gradient(unmerged).attribute(deep, Target.all())) {
          assertThat(stays.output()).isBitEqualTo(other.output());
          assertThat(stays.relevance()).isBitEqualTo(other.relevance());
          assertThat(stays.warnings()).anyMatch(w -> w.contains("another axis"));
        }
      }
    }
  }

  @Test
  void threadsShareWhatWasFound() throws Exception {
    try (ScriptModel model = ScriptModel.of(net());
        Plan plan = Plan.of(model, composite("merge"))) {
      ExecutorService pool = Executors.newFixedThreadPool(4);
      try {
        List<Future<double[]>> sums = new ArrayList<>();
        for (int i = 0; i < 40; i++) {
          boolean deep = i % 2 == 0;
          sums.add(
              pool.submit(
                  () -> {
                    try (PointerScope scope = new PointerScope();
                        Tensor x = deep ? x(2, 4, 5) : x(2, 5);
                        Attribution a = new Gradient(plan).attribute(x, Target.all())) {
                      return new double[] {a.relevance().sum().item_double()};
                    }
                  }));
        }
        for (int i = 2; i < sums.size(); i++) {
          assertThat(sums.get(i).get()).isEqualTo(sums.get(i % 2).get());
        }
      } finally {
        pool.shutdown();
      }
    }
  }
}
