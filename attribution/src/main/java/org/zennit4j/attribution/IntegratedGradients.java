/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.attribution;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.IntFunction;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.AutoGradMode;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.zennit4j.bindings.Natives;
import org.zennit4j.bindings.internal.Vectors;
import org.zennit4j.composites.Composite;
import org.zennit4j.composites.Plan;
import org.zennit4j.model.ScriptModel;
import org.zennit4j.registry.Argument;
import org.zennit4j.registry.Argument.Kind;
import org.zennit4j.registry.Entry;

/**
 * The mean gradient on the straight path from a baseline to the input, times the difference of the
 * two.
 *
 * <p>By default the integral is a sum over {@code nIter} equal steps, each taken at its end, so
 * that the last one is the input itself. As in Zennit, the positions on the path are then rounded
 * to float32 in any dtype. Relevances at hidden layers are refused: the method says nothing about
 * them.
 *
 * <p>M. Sundararajan et al., Axiomatic attribution for deep networks, 2017.
 */
public final class IntegratedGradients extends Attributor {
  /** How the integral is taken. */
  public enum Quadrature {
    /** Each step at its end, in the model's dtype, as in Zennit. */
    RIGHT,
    /**
     * By trapezoids, in float64: the point at the baseline and the input count half, which makes
     * one point more than there are steps.
     */
    TRAPEZOID
  }

  /**
   * How integrated gradients run.
   *
   * @param nIter number of steps
   * @param baseline where the path begins
   * @param batchSize how many steps run at once, 0 for as many as pay. More need more memory, and a
   *     model that treats samples apart; the result depends on it by rounding at most
   * @param quadrature how the integral is taken
   * @param convergenceDelta whether {@link Attribution#convergenceDelta()} is wanted, which takes
   *     one run of the baseline more
   */
  public record Settings(
      int nIter, Baseline baseline, int batchSize, Quadrature quadrature, boolean convergenceDelta)
      implements AttributorSettings {
    /**
     * Checks the numbers.
     *
     * @param nIter {@link #nIter()}
     * @param baseline {@link #baseline()}
     * @param batchSize {@link #batchSize()}
     * @param quadrature {@link #quadrature()}
     * @param convergenceDelta {@link #convergenceDelta()}
     */
    public Settings {
      SmoothGrad.check(nIter, batchSize);
    }

    /**
     * Without the convergence delta.
     *
     * @param nIter {@link #nIter()}
     * @param baseline {@link #baseline()}
     * @param batchSize {@link #batchSize()}
     * @param quadrature {@link #quadrature()}
     */
    public Settings(int nIter, Baseline baseline, int batchSize, Quadrature quadrature) {
      this(nIter, baseline, batchSize, quadrature, false);
    }

    /**
     * Zennit's way: each step at its end.
     *
     * @param nIter {@link #nIter()}
     * @param baseline {@link #baseline()}
     * @param batchSize {@link #batchSize()}
     */
    public Settings(int nIter, Baseline baseline, int batchSize) {
      this(nIter, baseline, batchSize, Quadrature.RIGHT);
    }

    /**
     * Zennit's defaults: 20 steps from zeros; as many of them at once as pay.
     *
     * @return the defaults
     */
    public static Settings defaults() {
      return new Settings(20, Baseline.zeros(), BatchChoice.AUTOMATIC);
    }

    /**
     * Changes {@link #nIter()}.
     *
     * @param value the new value
     * @return a copy
     */
    public Settings withNIter(int value) {
      return new Settings(value, baseline, batchSize, quadrature, convergenceDelta);
    }

    /**
     * Changes {@link #baseline()}.
     *
     * @param value the new value
     * @return a copy
     */
    public Settings withBaseline(Baseline value) {
      return new Settings(nIter, value, batchSize, quadrature, convergenceDelta);
    }

    /**
     * Changes {@link #batchSize()}.
     *
     * @param value the new value
     * @return a copy
     */
    public Settings withBatchSize(int value) {
      return new Settings(nIter, baseline, value, quadrature, convergenceDelta);
    }

    /**
     * Changes {@link #quadrature()}.
     *
     * @param value the new value
     * @return a copy
     */
    public Settings withQuadrature(Quadrature value) {
      return new Settings(nIter, baseline, batchSize, value, convergenceDelta);
    }

    /**
     * Changes {@link #convergenceDelta()}.
     *
     * @param value the new value
     * @return a copy
     */
    public Settings withConvergenceDelta(boolean value) {
      return new Settings(nIter, baseline, batchSize, quadrature, value);
    }

    @Override
    public String name() {
      return NAME;
    }

    @Override
    public Map<String, Object> arguments() {
      Map<String, Object> arguments = new LinkedHashMap<>();
      arguments.put("n_iter", nIter);
      arguments.put("baseline", Baselines.argument(baseline));
      arguments.put("quadrature", Choices.text(quadrature));
      arguments.put("batch_size", batchSize);
      if (convergenceDelta) {
        arguments.put("convergence_delta", true);
      }
      return Collections.unmodifiableMap(arguments);
    }

    @Override
    public Attributor on(Plan plan) {
      return new IntegratedGradients(plan, this);
    }
  }

  private static final String NAME = "integrated_gradients";

  private final Settings settings;

  /**
   * Uses a plan.
   *
   * @param plan what to run; the caller closes it
   */
  public IntegratedGradients(Plan plan) {
    this(plan, Settings.defaults());
  }

  /**
   * Uses a plan.
   *
   * @param plan what to run; the caller closes it
   * @param settings how to run
   */
  public IntegratedGradients(Plan plan, Settings settings) {
    super(plan);
    this.settings = settings;
  }

  /**
   * Makes a plan of its own, which it closes.
   *
   * @param model the model; stays open as long as the attributor
   * @param composite canonizers and rules
   */
  public IntegratedGradients(ScriptModel model, Composite composite) {
    this(model, composite, Settings.defaults());
  }

  /**
   * Makes a plan of its own, which it closes.
   *
   * @param model the model; stays open as long as the attributor
   * @param composite canonizers and rules
   * @param settings how to run
   */
  public IntegratedGradients(ScriptModel model, Composite composite, Settings settings) {
    super(model, composite);
    this.settings = settings;
  }

  /**
   * How the attributor runs.
   *
   * @return the settings
   */
  public Settings settings() {
    return settings;
  }

  @Override
  public Attribution attribute(List<Tensor> inputs, Target target, AttributionOptions options) {
    refuseLayers(options, "integrated gradients are defined at the inputs only");
    Pass result;
    List<Double> delta = List.of();
    try (PointerScope scope = new PointerScope();
        AutoGradMode mode = new AutoGradMode(options.createGraph())) {
      List<Tensor> clean = ChunkedPasses.prepared(inputs, options);
      List<Tensor> starts = new ArrayList<>();
      List<Tensor> differences = new ArrayList<>();
      for (int i = 0; i < clean.size(); i++) {
        Tensor input = clean.get(i);
        boolean floating = input.is_floating_point();
        starts.add(floating ? Baselines.like(settings.baseline(), input, i) : null);
        differences.add(floating ? input.sub(starts.get(i)) : null);
      }
      ChunkedPasses passes = new ChunkedPasses(this, clean, settings.batchSize(), target, options);
      result =
          settings.quadrature() == Quadrature.RIGHT
              ? right(passes, clean, starts, differences)
              : trapezoid(passes, clean, starts, differences);
      if (settings.convergenceDelta()) {
        delta = delta(passes.watchedOutput(), result, clean, starts, target, options);
      }
    }
    return result(result, inputs, options).withConvergenceDelta(delta);
  }

  /** The sum of the relevance of each sample minus what the output gained on the way. */
  private List<Double> delta(
      Tensor ofBeginning,
      Pass result,
      List<Tensor> clean,
      List<Tensor> starts,
      Target target,
      AttributionOptions options) {
    boolean done = false;
    try (PointerScope scope = new PointerScope();
        AutoGradMode mode = new AutoGradMode(false)) {
      Tensor end = result.output().detach();
      Tensor weights = target.resolve(end).apply(end).to(ScalarType.Double);
      List<Tensor> beginning = new ArrayList<>();
      for (int i = 0; i < clean.size(); i++) {
        beginning.add(starts.get(i) == null ? clean.get(i) : starts.get(i));
      }
      double[] gained = perSample(end.to(ScalarType.Double).mul(weights));
      Consumer<Tensor> less =
          output -> {
            double[] before = perSample(output.detach().to(ScalarType.Double).mul(weights));
            for (int b = 0; b < gained.length; b++) {
              gained[b] -= before[b];
            }
          };
      if (ofBeginning == null) {
        forward(beginning, options, deadline(options), less);
      } else {
        less.accept(ofBeginning);
      }
      List<Double> delta = new ArrayList<>();
      double[] sums = new double[gained.length];
      for (Tensor relevance : result.relevances()) {
        if (relevance != null) {
          double[] more = perSample(relevance.detach().to(ScalarType.Double));
          for (int b = 0; b < sums.length; b++) {
            sums[b] += more[b];
          }
        }
      }
      for (int b = 0; b < sums.length; b++) {
        delta.add(sums[b] - gained[b]);
      }
      done = true;
      return delta;
    } finally {
      Natives.release(ofBeginning);
      if (!done) {
        result.release();
      }
    }
  }

  private static double[] perSample(Tensor values) {
    return Vectors.doubles(values.reshape(values.size(0), -1).sum(1));
  }

  private Pass right(
      ChunkedPasses passes, List<Tensor> clean, List<Tensor> starts, List<Tensor> differences) {
    int steps = settings.nIter();
    double[] positions = positions(steps);
    Pass mean =
        passes.run(
            steps,
            index ->
                index == 0
                    ? clean
                    : points(
                        clean,
                        i -> {
                          Tensor way = differences.get(i).mul(new Scalar(positions[index - 1]));
                          return starts.get(i).add(way);
                        }),
            Accumulator.mean(steps));
    return mean.mapped((gradient, i) -> gradient.mul(differences.get(i)), false);
  }

  /** Copy 0 is the end of the path, the others follow from its beginning. */
  private Pass trapezoid(
      ChunkedPasses passes, List<Tensor> clean, List<Tensor> starts, List<Tensor> differences) {
    int steps = settings.nIter();
    double[] weights = new double[steps + 1];
    Arrays.fill(weights, 1);
    weights[0] = 0.5;
    weights[1] = 0.5;
    if (settings.convergenceDelta()) {
      passes.watch(1);
    }
    Pass mean =
        passes.run(
            steps + 1,
            index -> {
              Scalar position = new Scalar((double) (index - 1) / steps);
              return index == 0
                  ? clean
                  : points(clean, i -> starts.get(i).add(differences.get(i), position));
            },
            Accumulator.weighted(weights, steps));
    return mean.mapped(
        (gradient, i) ->
            gradient.mul(differences.get(i).to(ScalarType.Double)).to(clean.get(i).scalar_type()),
        false);
  }

  /** Inputs that hold no floating numbers stay as they are. */
  private static List<Tensor> points(List<Tensor> clean, IntFunction<Tensor> point) {
    List<Tensor> points = new ArrayList<>();
    for (int i = 0; i < clean.size(); i++) {
      points.add(clean.get(i).is_floating_point() ? point.apply(i) : clean.get(i));
    }
    return points;
  }

  /** All but the last, which is 1. */
  private static double[] positions(int count) {
    double[] positions = new double[count - 1];
    try (PointerScope scope = new PointerScope()) {
      Tensor all =
          torch.linspace(
              new Scalar(1.0 / count), new Scalar(1.0), count, new TensorOptions(ScalarType.Float));
      for (int i = 0; i < positions.length; i++) {
        positions[i] = all.select(0, i).item_double();
      }
    }
    return positions;
  }

  /** The attributor by name. */
  static Entry<AttributorSettings> entry() {
    Settings standard = Settings.defaults();
    return Entry.of(
        NAME,
        Settings.class,
        "mean gradient on the way from a baseline, times the way",
        v ->
            new Settings(
                v.whole("n_iter"),
                v.get("baseline", Baseline.class),
                v.whole("batch_size"),
                Choices.read(v, "quadrature", Quadrature.class),
                v.flag("convergence_delta")),
        Argument.of("n_iter", Kind.COUNT, standard.nIter()),
        Argument.of("baseline", Kind.BASELINE, standard.baseline()),
        Argument.of("quadrature", Kind.TEXT, Choices.text(standard.quadrature())),
        Attributors.BATCH_SIZE,
        Argument.of("convergence_delta", Kind.FLAG, standard.convergenceDelta()));
  }
}
