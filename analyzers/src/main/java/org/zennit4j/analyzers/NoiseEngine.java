/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.analyzers;

import java.util.Arrays;
import java.util.Optional;
import java.util.Random;
import java.util.stream.LongStream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.ScalarTypeOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.zennit4j.attribution.AttributionOptions;
import org.zennit4j.attribution.Target;
import org.zennit4j.bindings.ShapeException;
import org.zennit4j.bindings.Zennit4jException;
import org.zennit4j.composites.Plan;
import org.zennit4j.runtime.Propagation;

/** SmoothGrad and VarGrad: mean and variance of the gradients at noisy copies of the input. */
final class NoiseEngine implements Engine {
  private final Plan plan;
  private final boolean variance;
  private final double level;
  private final boolean relative;
  private final int samples;
  private final long seed;
  private final Optional<Object> noise;

  NoiseEngine(Plan plan, ResolvedMethod method) {
    this.plan = plan;
    this.variance = method.name().base() == BaseMethod.VARGRAD;
    this.level = method.noiseLevel();
    this.relative = method.isNoiseRelative();
    this.samples = method.numSamples();
    this.seed = method.seed();
    this.noise = method.noise();
  }

  @Override
  public Explanation explain(Tensor x, Target target, AttributionOptions options) {
    Optional<Tensor> given = noise.map(value -> read(value, x));
    int count = given.map(tensor -> (int) tensor.size(0)).orElse(samples);
    Tensor output = Explanation.checked(Propagation.run(plan.program(), x), x);
    Target fixed = target.resolve(output);
    Tensor scale = given.isPresent() ? null : scale(x);
    Random random = new Random(seed);
    Tensor mean = torch.zeros_like(x).to(ScalarType.Double);
    Tensor squares = torch.zeros_like(mean);
    for (int k = 0; k < count; k++) {
      try (PointerScope scope = new PointerScope()) {
        Tensor added = given.isPresent() ? given.get().select(0, k) : draw(random, x).mul(scale);
        Tensor noisy = x.add(added.to(x.scalar_type()));
        Tensor gradient =
            Explanation.pass(plan, noisy, fixed::apply, AttributionOptions.defaults())
                .relevance()
                .to(ScalarType.Double);
        // Welford: no difference of large sums.
        Tensor before = gradient.sub(mean);
        mean.add_(before, new Scalar(1.0 / (k + 1)));
        squares.add_(before.mul(gradient.sub(mean)));
      }
      Explanation.progress(options, k + 1, count);
    }
    Tensor result = variance ? squares.div(new Scalar((double) count)) : mean;
    return Explanation.of(output, result.to(x.scalar_type()));
  }

  /** Noise of the shape (n, B, ...); that of a single sample may lack the batch. */
  private static Tensor read(Object value, Tensor x) {
    if (!(value instanceof Tensor tensor) || tensor.isNull()) {
      throw new Zennit4jException("option noise must be an open tensor (n, B, ...)");
    }
    Tensor noise = tensor.detach();
    if (x.size(0) == 1 && noise.dim() == x.dim()) {
      noise = noise.unsqueeze(1);
    }
    long[] shape = new long[(int) x.dim() + 1];
    shape[0] = noise.dim() > 0 ? noise.size(0) : 0;
    System.arraycopy(x.shape(), 0, shape, 1, (int) x.dim());
    if (noise.dim() != shape.length || shape[0] == 0) {
      throw misfit(tensor, x, null);
    }
    try {
      return noise.to(x.device(), x.scalar_type()).expand(shape);
    } catch (RuntimeException e) {
      throw misfit(tensor, x, e);
    }
  }

  private static ShapeException misfit(Tensor noise, Tensor x, RuntimeException cause) {
    return new ShapeException(
        "option noise has the shape "
            + Arrays.toString(noise.shape())
            + ", but must have (n, ...) with the input's shape "
            + Arrays.toString(x.shape())
            + " after n",
        cause);
  }

  /** The standard deviation for each sample, of the shape (B, 1, ...). */
  private Tensor scale(Tensor x) {
    long[] shape = new long[(int) x.dim()];
    Arrays.fill(shape, 1);
    if (!relative) {
      return torch.full(
          shape, new Scalar(level), x.options().dtype(new ScalarTypeOptional(ScalarType.Double)));
    }
    long[] axes = LongStream.range(1, x.dim()).toArray();
    Tensor range = torch.amax(x, axes, true).sub(torch.amin(x, axes, true));
    return range.to(ScalarType.Double).mul(new Scalar(level));
  }

  /** Standard normal numbers of the shape of one sample; the same on every machine. */
  private static Tensor draw(Random random, Tensor x) {
    long[] shape = x.shape();
    shape[0] = 1;
    double[] values = new double[(int) (x.numel() / x.size(0))];
    for (int i = 0; i < values.length; i++) {
      values[i] = random.nextGaussian();
    }
    return OwnedTensors.of(values, shape).to(x.device(), ScalarType.Double);
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
