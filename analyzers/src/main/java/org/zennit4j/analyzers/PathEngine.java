/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.analyzers;

import java.util.Optional;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.zennit4j.attribution.AttributionOptions;
import org.zennit4j.attribution.Target;
import org.zennit4j.composites.Plan;

/** Integrated gradients: the trapezoid rule over the straight path from a baseline. */
final class PathEngine implements Engine {
  private final Plan plan;
  private final int steps;
  private final Object baseline;

  PathEngine(Plan plan, ResolvedMethod method) {
    this.plan = plan;
    this.steps = method.steps();
    this.baseline = method.baseline();
  }

  @Override
  public Explanation explain(Tensor x, Target target, AttributionOptions options) {
    Tensor from = OwnedTensors.like(baseline, x, "baseline");
    Tensor way = x.sub(from);
    Explanation clean = Explanation.pass(plan, x, target::apply, AttributionOptions.defaults());
    Explanation.progress(options, 1, steps + 1);
    Target fixed = target.resolve(clean.output());
    Tensor sum = clean.relevance().to(ScalarType.Double).mul(new Scalar(0.5));
    for (int k = 0; k < steps; k++) {
      try (PointerScope scope = new PointerScope()) {
        Tensor point = torch.add(from, way, new Scalar((double) k / steps));
        Tensor gradient =
            Explanation.pass(plan, point, fixed::apply, AttributionOptions.defaults()).relevance();
        sum.add_(gradient.to(ScalarType.Double), new Scalar(k == 0 ? 0.5 : 1));
      }
      Explanation.progress(options, k + 2, steps + 1);
    }
    Tensor mean = sum.div(new Scalar((double) steps));
    return clean.withRelevance(mean.mul(way.to(ScalarType.Double)).to(x.scalar_type()));
  }

  @Override
  public Optional<Plan> plan() {
    return Optional.of(plan);
  }

  @Override
  public void close() {
    plan.close();
  }
}
