/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.analyzers;

import java.util.Optional;
import java.util.function.UnaryOperator;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.zennit4j.attribution.AttributionOptions;
import org.zennit4j.attribution.Target;
import org.zennit4j.composites.Plan;

/** One pass over a plan. */
final class PlanEngine implements Engine {
  /** What relevance starts with where the target does not say so itself. */
  enum Start {
    /** The score. */
    LOGIT {
      @Override
      UnaryOperator<Tensor> seed(Target target) {
        return target.atLogit()::apply;
      }
    },
    /** One. */
    ONE {
      @Override
      UnaryOperator<Tensor> seed(Target target) {
        return target::apply;
      }
    },
    /** The score where it is positive. */
    POSITIVE_LOGIT {
      @Override
      UnaryOperator<Tensor> seed(Target target) {
        Target scores = target.atLogit();
        return scores == target
            ? target::apply
            : output -> scores.apply(output).clamp_min(new Scalar(0));
      }
    };

    abstract UnaryOperator<Tensor> seed(Target target);
  }

  private final Plan plan;
  private final Start start;

  PlanEngine(Plan plan, Start start) {
    this.plan = plan;
    this.start = start;
  }

  @Override
  public Explanation explain(Tensor x, Target target, AttributionOptions options) {
    Explanation result = Explanation.pass(plan, x, start.seed(target), options);
    Explanation.progress(options, 1, 1);
    return result;
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
