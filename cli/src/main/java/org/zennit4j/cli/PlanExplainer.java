/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.cli;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.bytedeco.pytorch.Tensor;
import org.zennit4j.attribution.Attribution;
import org.zennit4j.attribution.AttributionOptions;
import org.zennit4j.attribution.Attributor;
import org.zennit4j.attribution.Target;
import org.zennit4j.composites.EmptyComposite;
import org.zennit4j.composites.Layout;
import org.zennit4j.composites.Plan;
import org.zennit4j.composites.PlanOptions;
import org.zennit4j.graph.Program;
import org.zennit4j.model.ScriptModel;

/** Explains with a composite and an attributor. */
final class PlanExplainer implements Explainer {
  private final CompositeChoice choice;
  private final AttributorChoice attributor;
  private final Plan plan;
  private final Attributor made;

  PlanExplainer(ScriptModel model, CompositeChoice choice, AttributorChoice attributor) {
    this(model, choice, attributor, PlanOptions.defaults());
  }

  PlanExplainer(
      ScriptModel model, CompositeChoice choice, AttributorChoice attributor, PlanOptions options) {
    this.choice = choice;
    this.attributor = attributor;
    this.plan = Plan.of(model, choice.composite(), options);
    try {
      this.made = attributor.create(plan);
    } catch (RuntimeException e) {
      plan.close();
      throw e;
    }
  }

  @Override
  public Attribution explain(List<Tensor> inputs, Target target, AttributionOptions options) {
    return made.attribute(inputs, target == null ? Target.top1() : target, options);
  }

  @Override
  public String title() {
    String title =
        attributor.isGradient() ? choice.title() : choice.title() + "\n" + attributor.name();
    // guided_backprop on a network without a ReLU, for instance.
    return isWithoutRules() ? title + "\n= plain gradient" : title;
  }

  @Override
  public Map<String, Object> request() {
    Map<String, Object> request = new LinkedHashMap<>();
    request.put("composite", choice.json());
    request.put("attributor", attributor.json());
    if (plan.layout() != Layout.CONTIGUOUS) {
      request.put("memory_format", plan.layout().label());
    }
    if (plan.savesMemory()) {
      request.put("save_memory", true);
    }
    if (!choice.arrays().isEmpty()) {
      request.put("arrays", choice.arrays());
    }
    return request;
  }

  private boolean isWithoutRules() {
    return plan.rules().isEmpty() && !(plan.composite() instanceof EmptyComposite);
  }

  @Override
  public Optional<Plan> plan() {
    return Optional.of(plan);
  }

  @Override
  public Program program() {
    return plan.program();
  }

  @Override
  public void close() {
    made.close();
    plan.close();
  }
}
