/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.analyzers;

import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.zennit4j.attribution.Attributor;
import org.zennit4j.attribution.AttributorSettings;
import org.zennit4j.attribution.Baseline;
import org.zennit4j.attribution.DeepLift;
import org.zennit4j.attribution.GradCam;
import org.zennit4j.attribution.Gradient;
import org.zennit4j.attribution.IntegratedGradients;
import org.zennit4j.attribution.IntegratedGradients.Quadrature;
import org.zennit4j.attribution.Occlusion;
import org.zennit4j.attribution.RandomUniform;
import org.zennit4j.attribution.SmoothGrad;
import org.zennit4j.attribution.Target;
import org.zennit4j.bindings.Zennit4jException;
import org.zennit4j.composites.Composite;
import org.zennit4j.composites.EmptyComposite;
import org.zennit4j.composites.Plan;
import org.zennit4j.model.ScriptModel;

/**
 * A method on a model: a composite, an attributor, and where relevance starts.
 *
 * @param plan what runs
 * @param attributor makes the base map
 * @param start makes of a target the one with which relevance starts
 */
record PreparedMethod(Plan plan, Attributor attributor, UnaryOperator<Target> start)
    implements AutoCloseable {

  static PreparedMethod of(ScriptModel model, ResolvedMethod method) {
    MethodName name = method.name();
    if (!method.allowSoftmax() && !TrailingSoftmax.in(model.program()).isEmpty()) {
      throw new Zennit4jException(
          name
              + " explains logits, but the model ends in a softmax; use removeSoftmax(model), or"
              + " set allow_softmax = true");
    }
    AttributorSettings settings = settings(method);
    OwnedTensors owned = new OwnedTensors();
    Plan plan;
    try {
      plan = Plan.of(model, composite(model, method, owned)).owning(owned::close);
    } catch (Throwable e) {
      owned.close();
      throw e;
    }
    try {
      return new PreparedMethod(plan, settings.on(plan), start(method));
    } catch (Throwable e) {
      plan.close();
      throw e;
    }
  }

  private static Composite composite(ScriptModel model, ResolvedMethod method, OwnedTensors owned) {
    BaseMethod base = method.name().base();
    if (base.isLrp() || base.isDeepTaylor()) {
      int dimensions = InputReader.kernelDimensions(model.program());
      return MethodComposites.of(method, dimensions == 0 ? 0 : dimensions + 1, owned);
    }
    return switch (base) {
      case GUIDED_BACKPROP, DECONVNET, GUIDED_GRAD_CAM ->
          new RectifierComposite(
              method.name().toString(),
              base == BaseMethod.DECONVNET,
              method.allowOtherActivations());
      default -> new EmptyComposite();
    };
  }

  private static AttributorSettings settings(ResolvedMethod method) {
    return switch (method.name().base()) {
      case INTEGRATED_GRADIENTS ->
          new IntegratedGradients.Settings(
              method.steps(), baseline(method), method.batchSize(), Quadrature.TRAPEZOID);
      case SMOOTHGRAD -> noise(method, SmoothGrad.Statistic.MEAN);
      case VARGRAD -> noise(method, SmoothGrad.Statistic.VARIANCE);
      case OCCLUSION -> occlusion(method);
      case RANDOM_UNIFORM -> new RandomUniform.Settings(method.seed());
      case GRAD_CAM -> new GradCam.Settings(method.targetLayer(), /* guided= */ false);
      case GUIDED_GRAD_CAM -> new GradCam.Settings(method.targetLayer(), /* guided= */ true);
      case DEEPLIFT -> new DeepLift.Settings(baseline(method));
      default -> Gradient.settings();
    };
  }

  private static Baseline baseline(ResolvedMethod method) {
    Object value = method.baseline();
    return (input, index) -> OwnedTensors.like(value, input, "baseline");
  }

  /** Given noise is added as it is. */
  private static AttributorSettings noise(ResolvedMethod method, SmoothGrad.Statistic statistic) {
    Optional<Object> given = method.noise();
    if (given.isPresent() && !(given.get() instanceof Tensor open && !open.isNull())) {
      throw new Zennit4jException("option noise must be an open tensor (n, B, ...)");
    }
    List<Tensor> noise = given.map(tensor -> List.of((Tensor) tensor)).orElse(List.of());
    return new SmoothGrad.Settings(
        noise.isEmpty() ? method.noiseLevel() : 1,
        noise.isEmpty() ? method.numSamples() : copies(noise.get(0)),
        method.seed(),
        noise,
        method.batchSize(),
        SmoothGrad.Source.JAVA,
        noise.isEmpty() && method.isNoiseRelative(),
        statistic,
        /* cleanCopy= */ false);
  }

  private static int copies(Tensor noise) {
    return noise.dim() == 0 ? 0 : (int) noise.size(0);
  }

  private static AttributorSettings occlusion(ResolvedMethod method) {
    MethodOptions options = method.options();
    return new Occlusion.Settings(
        options.has(MethodOption.WINDOW) ? method.window() : List.of(),
        /* allDimensions= */ false,
        options.has(MethodOption.STRIDE) ? method.stride() : null,
        /* strideAllDimensions= */ false,
        Baseline.number(method.fill()),
        /* invert= */ true,
        method.batchSize(),
        Occlusion.Score.DROP,
        Occlusion.Border.CUT,
        /* spatial= */ true);
  }

  private static UnaryOperator<Target> start(ResolvedMethod method) {
    BaseMethod base = method.name().base();
    if (base.isDeepTaylor()) {
      return PreparedMethod::positive;
    }
    return base.isLrp() && !method.startsAtOne() ? Target::atLogit : UnaryOperator.identity();
  }

  /** The score where it is positive, unless the target says itself what relevance starts with. */
  private static Target positive(Target target) {
    Target scores = target.atLogit();
    return scores == target
        ? target
        : Target.function(output -> scores.apply(output).clamp_min(new Scalar(0)));
  }

  @Override
  public void close() {
    attributor.close();
    plan.close();
  }
}
