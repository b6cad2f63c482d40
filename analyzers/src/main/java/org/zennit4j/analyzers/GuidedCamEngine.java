/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.analyzers;

import java.util.Optional;
import org.bytedeco.pytorch.Tensor;
import org.zennit4j.attribution.AttributionOptions;
import org.zennit4j.attribution.Target;
import org.zennit4j.composites.Plan;

/** Grad-CAM times guided backpropagation. */
record GuidedCamEngine(CamEngine cam, PlanEngine guided) implements Engine {
  @Override
  public Explanation explain(Tensor x, Target target, AttributionOptions options) {
    AttributionOptions silent = options.withListener((done, total) -> true);
    Explanation map = cam.explain(x, target, silent);
    Explanation backprop = guided.explain(x, target, silent);
    Explanation.progress(options, 1, 1);
    return backprop.withRelevance(backprop.relevance().mul(map.relevance()));
  }

  @Override
  public Optional<Plan> plan() {
    return guided.plan();
  }

  @Override
  public void close() {
    cam.close();
    guided.close();
  }
}
