/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.attribution;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.AutoGradMode;
import org.bytedeco.pytorch.Tensor;
import org.zennit4j.bindings.Zennit4jException;
import org.zennit4j.composites.Composite;
import org.zennit4j.composites.Plan;
import org.zennit4j.model.ScriptModel;
import org.zennit4j.registry.Argument;
import org.zennit4j.registry.Argument.Kind;
import org.zennit4j.registry.Entry;

/**
 * The mean of relevances of noisy copies of the input, or their variance (VarGrad). The standard
 * deviation of the noise is a share of the sample's range of values, {@code level * (max - min)},
 * unless the settings say otherwise.
 *
 * <p>By default, as in Zennit, one of the {@code nIter} copies has no noise: it gives the output,
 * and one iteration is the gradient alone. The noise is what Zennit draws on the CPU after {@code
 * torch.manual_seed(seed)}: one {@code randn_like(input)} for each noisy copy, for several inputs
 * one after the other; LibTorch's own random state is not touched. Relevances at layers are means
 * (variances) too.
 *
 * <p>D. Smilkov et al., SmoothGrad: removing noise by adding noise, 2017.
 */
public final class SmoothGrad extends Attributor {
  /** Who draws the noise. */
  public enum Source {
    /** LibTorch's generator of the CPU: the noise that Zennit draws, for each sample its own. */
    TORCH,
    /** {@link java.util.Random}, in float64: the same noise for all samples of a batch. */
    JAVA
  }

  /** What is made of the relevances of the copies. */
  public enum Statistic {
    /** Their mean. */
    MEAN,
    /** Their population variance: VarGrad. */
    VARIANCE
  }

  /**
   * How SmoothGrad runs.
   *
   * @param noiseLevel standard deviation of the noise, as a share of each sample's range if {@code
   *     relative}
   * @param nIter number of copies, the clean one included
   * @param seed of the noise
   * @param noise standard normal numbers to be used in the place of random ones, one tensor for
   *     each input, of shape (noisy copies, shape of the input...); that of a single sample may
   *     lack the batch; empty to draw them
   * @param batchSize how many copies run at once, 0 for as many as pay. More need more memory, and
   *     a model that treats samples apart; the result depends on it by rounding at most
   * @param source who draws the noise
   * @param relative whether the noise level is a share of each sample's range, max - min
   * @param statistic what is made of the relevances
   * @param cleanCopy whether the first copy has no noise, as in Zennit. The mean is then a sum in
   *     the model's dtype, else a running mean in float64; the variance always is one
   */
  public record Settings(
      double noiseLevel,
      int nIter,
      long seed,
      List<Tensor> noise,
      int batchSize,
      Source source,
      boolean relative,
      Statistic statistic,
      boolean cleanCopy)
      implements AttributorSettings {
    /**
     * Checks the numbers.
     *
     * @param noiseLevel {@link #noiseLevel()}
     * @param nIter {@link #nIter()}
     * @param seed {@link #seed()}
     * @param noise {@link #noise()}
     * @param batchSize {@link #batchSize()}
     * @param source {@link #source()}
     * @param relative {@link #relative()}
     * @param statistic {@link #statistic()}
     * @param cleanCopy {@link #cleanCopy()}
     */
    public Settings {
      noise = List.copyOf(noise);
      check(nIter, batchSize);
      if (!(noiseLevel >= 0)) {
        throw new Zennit4jException("the noise level must be at least 0, but is " + noiseLevel);
      }
    }

    /**
     * Zennit's way: LibTorch's noise, relative, a clean copy, the mean.
     *
     * @param noiseLevel {@link #noiseLevel()}
     * @param nIter {@link #nIter()}
     * @param seed {@link #seed()}
     * @param noise {@link #noise()}
     * @param batchSize {@link #batchSize()}
     */
    public Settings(double noiseLevel, int nIter, long seed, List<Tensor> noise, int batchSize) {
      this(
          noiseLevel,
          nIter,
          seed,
          noise,
          batchSize,
          Source.TORCH,
          /* relative= */ true,
          Statistic.MEAN,
          /* cleanCopy= */ true);
    }

    /**
     * Zennit's defaults: noise level 0.1, 20 iterations; seed 0, as many copies at once as pay.
     *
     * @return the defaults
     */
    public static Settings defaults() {
      return new Settings(0.1, 20, 0, List.of(), BatchChoice.AUTOMATIC);
    }

    private Settings with(double level, int count, long start, List<Tensor> given, int size) {
      return new Settings(level, count, start, given, size, source, relative, statistic, cleanCopy);
    }

    /**
     * Changes {@link #noiseLevel()}.
     *
     * @param value the new value
     * @return a copy
     */
    public Settings withNoiseLevel(double value) {
      return with(value, nIter, seed, noise, batchSize);
    }

    /**
     * Changes {@link #nIter()}.
     *
     * @param value the new value
     * @return a copy
     */
    public Settings withNIter(int value) {
      return with(noiseLevel, value, seed, noise, batchSize);
    }

    /**
     * Changes {@link #seed()}.
     *
     * @param value the new value
     * @return a copy
     */
    public Settings withSeed(long value) {
      return with(noiseLevel, nIter, value, noise, batchSize);
    }

    /**
     * Changes {@link #noise()}.
     *
     * @param value one tensor for each input; they belong to the caller and stay open as long as
     *     they are used
     * @return a copy
     */
    public Settings withNoise(Tensor... value) {
      return with(noiseLevel, nIter, seed, List.of(value), batchSize);
    }

    /**
     * Changes {@link #batchSize()}.
     *
     * @param value the new value
     * @return a copy
     */
    public Settings withBatchSize(int value) {
      return with(noiseLevel, nIter, seed, noise, value);
    }

    @Override
    public String name() {
      return NAME;
    }

    @Override
    public Map<String, Object> arguments() {
      Map<String, Object> arguments = new LinkedHashMap<>();
      arguments.put("noise_level", noiseLevel);
      arguments.put("n_iter", nIter);
      arguments.put("seed", seed);
      if (!noise.isEmpty()) {
        arguments.put("noise", noise);
      }
      arguments.put("source", Choices.text(source));
      arguments.put("relative", relative);
      arguments.put("statistic", Choices.text(statistic));
      arguments.put("clean_copy", cleanCopy);
      arguments.put("batch_size", batchSize);
      return Collections.unmodifiableMap(arguments);
    }

    @Override
    public Attributor on(Plan plan) {
      return new SmoothGrad(plan, this);
    }

    /** How many copies have noise. */
    int noisyCopies() {
      return cleanCopy ? nIter - 1 : nIter;
    }
  }

  private static final String NAME = "smooth_grad";

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
    Pass pass;
    try (PointerScope scope = new PointerScope();
        AutoGradMode mode = new AutoGradMode(options.createGraph())) {
      List<Tensor> clean = ChunkedPasses.prepared(inputs, options);
      Noise noise = new Noise(settings, clean);
      ChunkedPasses passes = new ChunkedPasses(this, clean, settings.batchSize(), target, options);
      if (!settings.cleanCopy()) {
        passes.runClean(clean);
      }
      pass = passes.run(settings.nIter(), noise::copy, accumulator());
    }
    return result(pass, inputs, options);
  }

  private Accumulator accumulator() {
    boolean variance = settings.statistic() == Statistic.VARIANCE;
    return settings.cleanCopy() && !variance
        ? Accumulator.mean(settings.nIter())
        : Accumulator.running(variance, settings.nIter());
  }

  static void check(int nIter, int batchSize) {
    if (nIter < 1) {
      throw new Zennit4jException("the number of iterations must be at least 1, but is " + nIter);
    }
    if (batchSize < 0) {
      throw new Zennit4jException(
          "the batch size must be at least 1, or 0 for as many as pay, but is " + batchSize);
    }
  }

  /** The attributor by name. */
  static Entry<AttributorSettings> entry() {
    Settings standard = Settings.defaults();
    return Entry.of(
        NAME,
        Settings.class,
        "mean, or variance, of the relevances of noisy copies",
        v ->
            new Settings(
                v.number("noise_level"),
                v.whole("n_iter"),
                v.get("seed", Long.class),
                v.list("noise", Tensor.class),
                v.whole("batch_size"),
                Choices.read(v, "source", Source.class),
                v.flag("relative"),
                Choices.read(v, "statistic", Statistic.class),
                v.flag("clean_copy")),
        Argument.of("noise_level", Kind.NUMBER, standard.noiseLevel()),
        Argument.of("n_iter", Kind.COUNT, standard.nIter()),
        Argument.of("seed", Kind.SEED, standard.seed()),
        Argument.of("noise", Kind.ARRAYS, List.of()),
        Argument.of("source", Kind.TEXT, Choices.text(standard.source())),
        Argument.of("relative", Kind.FLAG, standard.relative()),
        Argument.of("statistic", Kind.TEXT, Choices.text(standard.statistic())),
        Argument.of("clean_copy", Kind.FLAG, standard.cleanCopy()),
        Attributors.BATCH_SIZE);
  }
}
