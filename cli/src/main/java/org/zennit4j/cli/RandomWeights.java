/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.cli;

import java.nio.file.Files;
import java.nio.file.Path;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.AutoGradMode;
import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.DeviceOptional;
import org.bytedeco.pytorch.Generator;
import org.bytedeco.pytorch.GeneratorOptional;
import org.bytedeco.pytorch.JitModule;
import org.bytedeco.pytorch.NamedTensor;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.bytedeco.pytorch.named_buffer_iterator;
import org.bytedeco.pytorch.named_buffer_list;
import org.bytedeco.pytorch.named_parameter_iterator;
import org.bytedeco.pytorch.named_parameter_list;

/**
 * Weights for an architecture whose own are not at hand or do not matter: scaled like Kaiming's
 * initialisation, normalisations near 1, so that activations neither vanish nor explode.
 */
final class RandomWeights {
  private RandomWeights() {}

  /** Reads a TorchScript file and gives it weights. The caller owns the module. */
  static JitModule load(Path file, long seed) {
    if (!Files.isRegularFile(file)) {
      throw new UsageException(file + ": no such file");
    }
    JitModule module;
    try {
      module = torch.load(file.toString(), new DeviceOptional(new Device("cpu")), false);
    } catch (RuntimeException e) {
      throw new UsageException(
          file + ": --random-weights needs a TorchScript file; leave it out for others");
    }
    fill(module, seed);
    return module;
  }

  private static void fill(JitModule module, long seed) {
    try (PointerScope scope = new PointerScope();
        AutoGradMode off = new AutoGradMode(false)) {
      Generator own = torch.createCPUGenerator(seed);
      GeneratorOptional generator = new GeneratorOptional(own);
      named_parameter_list parameters = module.named_parameters(true);
      named_parameter_iterator last = parameters.end();
      for (named_parameter_iterator it = parameters.begin(); it.notEquals(last); it.increment()) {
        fill(it.multiply(), generator);
      }
      named_buffer_list buffers = module.named_buffers(true);
      named_buffer_iterator end = buffers.end();
      for (named_buffer_iterator it = buffers.begin(); it.notEquals(end); it.increment()) {
        fill(it.multiply(), generator);
      }
    }
  }

  private static void fill(NamedTensor named, GeneratorOptional generator) {
    try (PointerScope scope = new PointerScope()) {
      Tensor tensor = named.value();
      if (!tensor.defined() || !tensor.is_floating_point()) {
        return;
      }
      String path = named.name().getString();
      String name = path.substring(path.lastIndexOf('.') + 1);
      Tensor numbers = torch.randn(tensor.shape(), generator, new TensorOptions(ScalarType.Float));
      Tensor result;
      if (name.equals("running_var")) {
        result = numbers.abs().add(new Scalar(0.5));
      } else if (tensor.dim() > 1 && name.contains("weight")) {
        double fanIn = (double) tensor.numel() / Math.max(1, tensor.size(0));
        result = numbers.mul(new Scalar(Math.sqrt(2 / fanIn)));
      } else if (name.contains("weight")) {
        result = numbers.mul(new Scalar(0.1)).add(new Scalar(1));
      } else {
        result = numbers.mul(new Scalar(0.1));
      }
      tensor.set_data(result.to(tensor.device(), tensor.scalar_type()));
    }
  }
}
