/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.attribution;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.AutoGradMode;
import org.bytedeco.pytorch.Tensor;
import org.zennit4j.bindings.Natives;
import org.zennit4j.bindings.internal.Vectors;
import org.zennit4j.composites.Plan;
import org.zennit4j.registry.Argument;
import org.zennit4j.registry.Argument.Kind;
import org.zennit4j.registry.Entry;

/**
 * Uniform noise between -1 and 1 that looks like relevance, a control for comparisons: the same for
 * all channels and samples, whatever the model. The generator is MT19937.
 */
public final class RandomUniform extends Attributor {
  private static final String NAME = "random_uniform";

  /**
   * How the noise is drawn.
   *
   * @param seed of the generator; its lowest 32 bits count
   */
  public record Settings(long seed) implements AttributorSettings {
    /**
     * Seed 1.
     *
     * @return the defaults
     */
    public static Settings defaults() {
      return new Settings(1);
    }

    @Override
    public String name() {
      return NAME;
    }

    @Override
    public Map<String, Object> arguments() {
      return Map.of("seed", seed);
    }

    @Override
    public Attributor on(Plan plan) {
      return new RandomUniform(plan, this);
    }
  }

  private final Settings settings;

  /**
   * Uses a plan.
   *
   * @param plan what to run; the caller closes it
   * @param settings how to run
   */
  public RandomUniform(Plan plan, Settings settings) {
    super(plan);
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
    String why = "random numbers come from no layer";
    refuseLayers(options, why);
    refuseGraph(options, why);
    List<Tensor> kept = new ArrayList<>();
    boolean done = false;
    try (PointerScope scope = new PointerScope();
        AutoGradMode mode = new AutoGradMode(false)) {
      List<Tensor> clean = ChunkedPasses.prepared(inputs, options);
      forward(
          clean,
          options,
          deadline(options),
          result -> {
            // A target that does not fit is an error here as everywhere.
            Tensor unused = target.apply(result);
            unused.close();
            kept.add(Natives.keep(new Tensor(result)));
          });
      for (Tensor input : clean) {
        boolean noisy = input.is_floating_point() && input.dim() > 0;
        kept.add(noisy ? Natives.keep(noise(input)) : null);
      }
      progress(options, 1, 1);
      done = true;
    } finally {
      if (!done) {
        kept.forEach(Natives::release);
      }
    }
    Pass pass =
        new Pass(kept.get(0), new ArrayList<>(kept.subList(1, kept.size())), List.of(), List.of());
    return result(pass, inputs, options);
  }

  private Tensor noise(Tensor input) {
    long[] shape = input.shape();
    shape[0] = 1;
    if (shape.length > 2) {
      shape[1] = 1;
    }
    int size = 1;
    for (long length : shape) {
      size *= (int) length;
    }
    MersenneTwister generator = new MersenneTwister((int) settings.seed());
    double[] values = new double[size];
    for (int i = 0; i < size; i++) {
      values[i] = 2 * generator.nextDouble() - 1;
    }
    Tensor plane = Vectors.of(values, shape).to(input.device(), input.scalar_type());
    return plane.expand_as(input).contiguous();
  }

  /** The attributor by name. */
  static Entry<AttributorSettings> entry() {
    return Entry.of(
        NAME,
        Settings.class,
        "uniform noise, a control for comparisons",
        v -> new Settings(v.get("seed", Long.class)),
        Argument.of("seed", Kind.SEED, Settings.defaults().seed()));
  }
}
