/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.attribution;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.AutoGradMode;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.zennit4j.composites.Composite;
import org.zennit4j.composites.Plan;
import org.zennit4j.model.ScriptModel;

/**
 * The mean gradient on the straight path from a baseline to the input, times the difference of the
 * two.
 *
 * <p>The integral is a sum over {@code nIter} equal steps, each taken at its end, so that the last
 * one is the input itself. As in Zennit, the positions on the path are rounded to float32 in any
 * dtype. Relevances at hidden layers are refused: the method says nothing about them.
 *
 * <p>M. Sundararajan et al., Axiomatic attribution for deep networks, 2017.
 */
public final class IntegratedGradients extends Attributor {
  /**
   * How integrated gradients run.
   *
   * @param nIter number of steps
   * @param baseline where the path begins
   * @param batchSize how many steps run at once; more need more memory, and a model that treats
   *     samples apart. The result does not depend on it
   */
  public record Settings(int nIter, Baseline baseline, int batchSize) {
    /**
     * Checks the numbers.
     *
     * @param nIter {@link #nIter()}
     * @param baseline {@link #baseline()}
     * @param batchSize {@link #batchSize()}
     */
    public Settings {
      SmoothGrad.check(nIter, batchSize);
    }

    /**
     * Zennit's defaults: 20 steps from zeros; one step at a time.
     *
     * @return the defaults
     */
    public static Settings defaults() {
      return new Settings(20, Baseline.zeros(), 1);
    }

    /**
     * Changes {@link #nIter()}.
     *
     * @param value the new value
     * @return a copy
     */
    public Settings withNIter(int value) {
      return new Settings(value, baseline, batchSize);
    }

    /**
     * Changes {@link #baseline()}.
     *
     * @param value the new value
     * @return a copy
     */
    public Settings withBaseline(Baseline value) {
      return new Settings(nIter, value, batchSize);
    }

    /**
     * Changes {@link #batchSize()}.
     *
     * @param value the new value
     * @return a copy
     */
    public Settings withBatchSize(int value) {
      return new Settings(nIter, baseline, value);
    }
  }

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
      double[] positions = positions(settings.nIter());
      ChunkedPasses passes = new ChunkedPasses(this, clean, settings.batchSize(), target, options);
      Pass sum =
          passes.run(
              settings.nIter(),
              index -> index == 0 ? clean : step(clean, starts, differences, positions[index - 1]));
      result =
          sum.mapped(
              (gradient, i) ->
                  gradient.div(new Scalar((double) settings.nIter())).mul(differences.get(i)),
              false);
    }
    return result(result, inputs, options);
  }

  private static List<Tensor> step(
      List<Tensor> clean, List<Tensor> starts, List<Tensor> differences, double position) {
    List<Tensor> point = new ArrayList<>();
    for (int i = 0; i < clean.size(); i++) {
      point.add(
          starts.get(i) == null
              ? clean.get(i)
              : starts.get(i).add(differences.get(i).mul(new Scalar(position))));
    }
    return point;
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
}
