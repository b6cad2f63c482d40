/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.benchmarks;

import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.zennit4j.attribution.Attribution;
import org.zennit4j.attribution.Attributor;
import org.zennit4j.attribution.Gradient;
import org.zennit4j.attribution.Target;
import org.zennit4j.composites.Plan;
import org.zennit4j.model.ScriptModel;

/** A network, a plan for it and an input. Used by one thread; the benchmark closes it. */
final class Explaining implements AutoCloseable {
  /** Makes a plan. */
  interface Planning {
    Plan of(ScriptModel model);
  }

  private final ScriptModel model;
  private final Plan plan;
  private final Tensor input;

  Explaining(String network, int batch, Planning planning) {
    model = ScriptModel.load(Models.file(network));
    plan = planning.of(model);
    torch.manual_seed(1);
    long[] shape = Models.shape(network);
    long[] whole = new long[shape.length + 1];
    whole[0] = batch;
    System.arraycopy(shape, 0, whole, 1, shape.length);
    input = torch.rand(whole);
  }

  /** Forward and back, once. */
  long relevance() {
    try (PointerScope scope = new PointerScope();
        Attributor attributor = new Gradient(plan);
        Attribution attribution = attributor.attribute(input, Target.output())) {
      return attribution.relevance().numel();
    }
  }

  @Override
  public void close() {
    input.close();
    plan.close();
    model.close();
  }
}
