/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.attribution;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.LongStream;
import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.DeviceOptional;
import org.bytedeco.pytorch.Generator;
import org.bytedeco.pytorch.GeneratorOptional;
import org.bytedeco.pytorch.MemoryFormatOptional;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.ScalarTypeOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.zennit4j.bindings.ShapeException;
import org.zennit4j.bindings.internal.Vectors;

/** Draws the noise of one call of SmoothGrad. */
final class Noise {
  private final SmoothGrad.Settings settings;
  private final List<Tensor> inputs;
  private final List<Tensor> given = new ArrayList<>();
  private final List<Tensor> deviations = new ArrayList<>();
  private final GeneratorOptional generator;
  private final Random random;
  private final boolean inJava;

  Noise(SmoothGrad.Settings settings, List<Tensor> inputs) {
    this.settings = settings;
    this.random = new Random(settings.seed());
    this.inputs = inputs;
    if (!settings.noise().isEmpty() && settings.noise().size() != inputs.size()) {
      throw new ShapeException(
          "noise is given for "
              + settings.noise().size()
              + " inputs, but there are "
              + inputs.size());
    }
    inJava = settings.source() == SmoothGrad.Source.JAVA && settings.noise().isEmpty();
    Generator own = torch.createCPUGenerator(settings.seed());
    generator = new GeneratorOptional(own);
    for (int i = 0; i < inputs.size(); i++) {
      Tensor input = inputs.get(i);
      boolean noisy = input.is_floating_point() && input.numel() > 0;
      deviations.add(noisy ? deviation(input) : null);
      given.add(noisy && !settings.noise().isEmpty() ? read(i, input) : null);
    }
  }

  /** The standard deviation for each sample, of the shape (B, 1, ...), or one for all. */
  private Tensor deviation(Tensor input) {
    ScalarType dtype = inJava ? ScalarType.Double : input.scalar_type().intern();
    if (!settings.relative()) {
      long[] shape = new long[(int) input.dim()];
      Arrays.fill(shape, 1);
      return torch.full(
          shape,
          new Scalar(settings.noiseLevel()),
          input.options().dtype(new ScalarTypeOptional(dtype)));
    }
    long[] dims = LongStream.range(1, Math.max(1, input.dim())).toArray();
    Tensor range = input.amax(dims, true).sub(input.amin(dims, true));
    return range.to(dtype).mul(new Scalar(settings.noiseLevel()));
  }

  private Tensor read(int i, Tensor input) {
    long[] wanted =
        LongStream.concat(LongStream.of(settings.noisyCopies()), LongStream.of(input.shape()))
            .toArray();
    Tensor tensor = settings.noise().get(i);
    if (tensor.isNull()) {
      throw misfit(i, wanted, ", but was closed", null);
    }
    String found = ", but has " + Arrays.toString(tensor.shape());
    boolean single = tensor.dim() == input.dim() && input.size(0) == 1;
    Tensor noise = single ? tensor.detach().unsqueeze(1) : tensor.detach();
    if (noise.dim() != wanted.length || noise.size(0) != wanted[0]) {
      throw misfit(i, wanted, found, null);
    }
    try {
      return noise.to(input.device(), input.scalar_type()).expand(wanted);
    } catch (RuntimeException e) {
      throw misfit(i, wanted, found, e);
    }
  }

  private static ShapeException misfit(int i, long[] wanted, String found, RuntimeException cause) {
    return new ShapeException(
        "the noise of input " + i + " must have shape " + Arrays.toString(wanted) + found, cause);
  }

  List<Tensor> copy(int index) {
    int step = settings.cleanCopy() ? index - 1 : index;
    if (step < 0) {
      return inputs;
    }
    List<Tensor> noisy = new ArrayList<>();
    for (int i = 0; i < inputs.size(); i++) {
      Tensor input = inputs.get(i);
      Tensor deviation = deviations.get(i);
      noisy.add(
          deviation == null
              ? input
              : input.add(draw(i, step, input).mul(deviation).to(input.scalar_type())));
    }
    return noisy;
  }

  private Tensor draw(int i, int step, Tensor input) {
    if (given.get(i) != null) {
      return given.get(i).select(0, step);
    }
    if (inJava) {
      return inJava(input);
    }
    // Drawn on the CPU, so that a seed means the same noise on every device.
    TensorOptions onCpu = input.options().device(new DeviceOptional(new Device("cpu")));
    return torch
        .empty_like(input.detach(), onCpu, new MemoryFormatOptional())
        .normal_(0, 1, generator)
        .to(input.device(), input.scalar_type());
  }

  /** Standard normal numbers of the shape of one sample; the same on every machine. */
  private Tensor inJava(Tensor input) {
    long[] shape = input.shape();
    long samples = shape.length == 0 ? 1 : shape[0];
    if (shape.length > 0) {
      shape[0] = 1;
    }
    double[] values = new double[(int) (input.numel() / samples)];
    for (int i = 0; i < values.length; i++) {
      values[i] = random.nextGaussian();
    }
    return Vectors.of(values, shape).to(input.device(), ScalarType.Double);
  }
}
