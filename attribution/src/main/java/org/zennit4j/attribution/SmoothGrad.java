/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.attribution;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.LongStream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.AutoGradMode;
import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.DeviceOptional;
import org.bytedeco.pytorch.Generator;
import org.bytedeco.pytorch.GeneratorOptional;
import org.bytedeco.pytorch.MemoryFormatOptional;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch;
import org.zennit4j.bindings.ShapeException;
import org.zennit4j.bindings.Zennit4jException;
import org.zennit4j.composites.Composite;
import org.zennit4j.composites.Plan;
import org.zennit4j.model.ScriptModel;

/**
 * The mean of relevances of noisy copies of the input. The standard deviation of the noise is a
 * share of the sample's range of values, {@code level * (max - min)}.
 *
 * <p>As in Zennit, one of the {@code nIter} copies has no noise: it gives the output, and one
 * iteration is the gradient alone. The noise is what Zennit draws on the CPU after {@code
 * torch.manual_seed(seed)}: one {@code randn_like(input)} for each noisy copy, for several inputs
 * one after the other; LibTorch's own random state is not touched. Relevances at layers are means
 * too.
 *
 * <p>D. Smilkov et al., SmoothGrad: removing noise by adding noise, 2017.
 */
public final class SmoothGrad extends Attributor {
  /**
   * How SmoothGrad runs.
   *
   * @param noiseLevel standard deviation of the noise as a share of each sample's range
   * @param nIter number of copies, the clean one included
   * @param seed of the noise
   * @param noise standard normal numbers to be used in the place of random ones, one tensor for
   *     each input, of shape (nIter - 1, shape of the input...); empty to draw them
   * @param batchSize how many copies run at once; more need more memory, and a model that treats
   *     samples apart. The result does not depend on it
   */
  public record Settings(
      double noiseLevel, int nIter, long seed, List<Tensor> noise, int batchSize) {
    /**
     * Checks the numbers.
     *
     * @param noiseLevel {@link #noiseLevel()}
     * @param nIter {@link #nIter()}
     * @param seed {@link #seed()}
     * @param noise {@link #noise()}
     * @param batchSize {@link #batchSize()}
     */
    public Settings {
      noise = List.copyOf(noise);
      check(nIter, batchSize);
      if (!(noiseLevel >= 0)) {
        throw new Zennit4jException("the noise level must be at least 0, but is " + noiseLevel);
      }
    }

    /**
     * Zennit's defaults: noise level 0.1, 20 iterations; seed 0, one copy at a time.
     *
     * @return the defaults
     */
    public static Settings defaults() {
      return new Settings(0.1, 20, 0, List.of(), 1);
    }

    /**
     * Changes {@link #noiseLevel()}.
     *
     * @param value the new value
     * @return a copy
     */
    public Settings withNoiseLevel(double value) {
      return new Settings(value, nIter, seed, noise, batchSize);
    }

    /**
     * Changes {@link #nIter()}.
     *
     * @param value the new value
     * @return a copy
     */
    public Settings withNIter(int value) {
      return new Settings(noiseLevel, value, seed, noise, batchSize);
    }

    /**
     * Changes {@link #seed()}.
     *
     * @param value the new value
     * @return a copy
     */
    public Settings withSeed(long value) {
      return new Settings(noiseLevel, nIter, value, noise, batchSize);
    }

    /**
     * Changes {@link #noise()}.
     *
     * @param value one tensor for each input; they belong to the caller and stay open as long as
     *     they are used
     * @return a copy
     */
    public Settings withNoise(Tensor... value) {
      return new Settings(noiseLevel, nIter, seed, List.of(value), batchSize);
    }

    /**
     * Changes {@link #batchSize()}.
     *
     * @param value the new value
     * @return a copy
     */
    public Settings withBatchSize(int value) {
      return new Settings(noiseLevel, nIter, seed, noise, value);
    }
  }

  private final Settings settings;

  /**
   * Uses a plan.
   *
   * @param plan what to run; the caller closes it
   */
  public SmoothGrad(Plan plan) {
    this(plan, Settings.defaults());
  }

  /**
   * Uses a plan.
   *
   * @param plan what to run; the caller closes it
   * @param settings how to run
   */
  public SmoothGrad(Plan plan, Settings settings) {
    super(plan);
    this.settings = settings;
  }

  /**
   * Makes a plan of its own, which it closes.
   *
   * @param model the model; stays open as long as the attributor
   * @param composite canonizers and rules
   */
  public SmoothGrad(ScriptModel model, Composite composite) {
    this(model, composite, Settings.defaults());
  }

  /**
   * Makes a plan of its own, which it closes.
   *
   * @param model the model; stays open as long as the attributor
   * @param composite canonizers and rules
   * @param settings how to run
   */
  public SmoothGrad(ScriptModel model, Composite composite, Settings settings) {
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
    Pass mean;
    try (PointerScope scope = new PointerScope();
        AutoGradMode mode = new AutoGradMode(options.createGraph())) {
      List<Tensor> clean = ChunkedPasses.prepared(inputs, options);
      Noise noise = new Noise(clean);
      ChunkedPasses passes = new ChunkedPasses(this, clean, settings.batchSize(), target, options);
      mean = ChunkedPasses.divided(passes.run(settings.nIter(), noise::copy), settings.nIter());
    }
    return result(mean, inputs, options);
  }

  /** Draws the noise of one call. */
  private final class Noise {
    private final List<Tensor> inputs;
    private final List<Tensor> deviations = new ArrayList<>();
    private final GeneratorOptional generator;

    Noise(List<Tensor> inputs) {
      this.inputs = inputs;
      if (!settings.noise().isEmpty() && settings.noise().size() != inputs.size()) {
        throw new ShapeException(
            "noise is given for "
                + settings.noise().size()
                + " inputs, but there are "
                + inputs.size());
      }
      Generator own = torch.createCPUGenerator(settings.seed());
      generator = new GeneratorOptional(own);
      for (int i = 0; i < inputs.size(); i++) {
        Tensor input = inputs.get(i);
        if (input.is_floating_point() && input.numel() > 0) {
          long[] dims = LongStream.range(1, Math.max(1, input.dim())).toArray();
          Tensor range = input.amax(dims, true).sub(input.amin(dims, true));
          deviations.add(range.mul(new Scalar(settings.noiseLevel())));
          checkGiven(i, input);
        } else {
          deviations.add(null);
        }
      }
    }

    private void checkGiven(int i, Tensor input) {
      if (settings.noise().isEmpty()) {
        return;
      }
      long[] wanted =
          LongStream.concat(LongStream.of(settings.nIter() - 1), LongStream.of(input.shape()))
              .toArray();
      Tensor given = settings.noise().get(i);
      if (given.isNull() || !Arrays.equals(given.shape(), wanted)) {
        throw new ShapeException(
            "the noise of input "
                + i
                + " must have shape "
                + Arrays.toString(wanted)
                + (given.isNull()
                    ? ", but was closed"
                    : ", but has " + Arrays.toString(given.shape())));
      }
    }

    List<Tensor> copy(int index) {
      if (index == 0) {
        return inputs;
      }
      List<Tensor> noisy = new ArrayList<>();
      for (int i = 0; i < inputs.size(); i++) {
        Tensor input = inputs.get(i);
        Tensor deviation = deviations.get(i);
        noisy.add(deviation == null ? input : input.add(draw(i, index - 1, input).mul(deviation)));
      }
      return noisy;
    }

    private Tensor draw(int i, int step, Tensor input) {
      if (!settings.noise().isEmpty()) {
        return settings.noise().get(i).select(0, step).to(input.device(), input.scalar_type());
      }
      // Drawn on the CPU, so that a seed means the same noise on every device.
      TensorOptions onCpu = input.options().device(new DeviceOptional(new Device("cpu")));
      return torch
          .empty_like(input.detach(), onCpu, new MemoryFormatOptional())
          .normal_(0, 1, generator)
          .to(input.device(), input.scalar_type());
    }
  }

  static void check(int nIter, int batchSize) {
    if (nIter < 1) {
      throw new Zennit4jException("the number of iterations must be at least 1, but is " + nIter);
    }
    if (batchSize < 1) {
      throw new Zennit4jException("the batch size must be at least 1, but is " + batchSize);
    }
  }
}
