/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.analyzers;

import org.zennit4j.bindings.Zennit4jException;
import org.zennit4j.composites.Plan;
import org.zennit4j.model.ScriptModel;

/** Chooses how a method makes its base map. */
final class Engines {
  private Engines() {}

  static Engine of(ScriptModel model, ResolvedMethod method) {
    MethodName name = method.name();
    if (!method.allowSoftmax() && !TrailingSoftmax.in(model.program()).isEmpty()) {
      throw new Zennit4jException(
          name
              + " explains logits, but the model ends in a softmax; use removeSoftmax(model), or"
              + " set allow_softmax = true");
    }
    return switch (name.base()) {
      case GRADIENT -> gradient(model);
      case GUIDED_BACKPROP, DECONVNET ->
          rectifiers(
              model,
              name.toString(),
              name.base() == BaseMethod.DECONVNET,
              method.allowOtherActivations());
      case DEEP_TAYLOR, DEEP_TAYLOR_BOUNDED -> lrp(model, method, PlanEngine.Start.POSITIVE_LOGIT);
      case LRP_RULES, LRP, LRP_ALPHABETA, LRP_ADVANCED, LRP_SEQUENTIAL ->
          lrp(model, method, method.startsAtOne() ? PlanEngine.Start.ONE : PlanEngine.Start.LOGIT);
      case INTEGRATED_GRADIENTS -> new PathEngine(Plan.gradient(model), method);
      case SMOOTHGRAD, VARGRAD -> new NoiseEngine(Plan.gradient(model), method);
      case OCCLUSION -> new OcclusionEngine(model, method);
      case RANDOM_UNIFORM -> new RandomEngine(model, method.seed());
      case GRAD_CAM -> new CamEngine(model, method.targetLayer());
      case GUIDED_GRAD_CAM -> guidedCam(model, method);
      case DEEPLIFT -> new DeepLiftEngine(model, method.baseline());
    };
  }

  private static Engine gradient(ScriptModel model) {
    return new PlanEngine(Plan.gradient(model), PlanEngine.Start.ONE);
  }

  private static PlanEngine rectifiers(
      ScriptModel model, String method, boolean deconvNet, boolean allowOthers) {
    Plan plan = Plan.of(model, new RectifierComposite(method, deconvNet, allowOthers));
    return new PlanEngine(plan, PlanEngine.Start.ONE);
  }

  private static Engine guidedCam(ScriptModel model, ResolvedMethod method) {
    CamEngine cam = new CamEngine(model, method.targetLayer());
    try {
      return new GuidedCamEngine(
          cam, rectifiers(model, method.name().toString(), false, method.allowOtherActivations()));
    } catch (Throwable e) {
      cam.close();
      throw e;
    }
  }

  private static Engine lrp(ScriptModel model, ResolvedMethod method, PlanEngine.Start start) {
    OwnedTensors owned = new OwnedTensors();
    try {
      int dimensions = InputReader.kernelDimensions(model.program());
      int sampleRank = dimensions == 0 ? 0 : dimensions + 1;
      Plan plan = Plan.of(model, MethodComposites.of(method, sampleRank, owned));
      return new PlanEngine(plan.owning(owned::close), start);
    } catch (Throwable e) {
      owned.close();
      throw e;
    }
  }
}
