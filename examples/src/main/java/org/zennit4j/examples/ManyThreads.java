/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.examples;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.zennit4j.attribution.Attribution;
import org.zennit4j.attribution.Gradient;
import org.zennit4j.attribution.Target;
import org.zennit4j.bindings.LibTorch;
import org.zennit4j.composites.Canonizers;
import org.zennit4j.composites.Composites;
import org.zennit4j.composites.Plan;
import org.zennit4j.model.ScriptModel;

/** One plan, many threads: what a service does. */
public final class ManyThreads {
  private ManyThreads() {}

  static double explain(Plan plan, long seed) {
    // One scope for each task, opened and closed in the task's own thread.
    try (PointerScope scope = new PointerScope()) {
      Tensor image = torch.full(new long[] {1, 1, 28, 28}, new Scalar(0.1 * seed));
      try (Attribution a = new Gradient(plan).attribute(image, Target.top1())) {
        // Only Java values leave the scope.
        return a.relevance().sum().item_double();
      }
    }
  }

  /**
   * Explains several images at once.
   *
   * @param args the Fashion-MNIST network, the number of images
   * @throws Exception if a task fails
   */
  public static void main(String[] args) throws Exception {
    LibTorch.load();
    ExecutorService pool = Executors.newFixedThreadPool(2);
    try (ScriptModel model = ScriptModel.load(Path.of(args[0]));
        Plan plan =
            Plan.of(model, Composites.epsilonPlus().withCanonizers(Canonizers.mergeBatchNorm()))) {
      List<Future<Double>> sums = new ArrayList<>();
      for (int i = 0; i < Integer.parseInt(args[1]); i++) {
        long seed = i;
        sums.add(pool.submit(() -> explain(plan, seed)));
      }
      for (Future<Double> sum : sums) {
        System.out.println("sum " + sum.get());
      }
    } finally {
      pool.shutdown();
    }
  }
}
