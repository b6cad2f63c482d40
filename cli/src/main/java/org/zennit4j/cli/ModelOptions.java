/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.cli;

import java.nio.file.Path;
import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.Tensor;
import org.zennit4j.bindings.Dtype;
import org.zennit4j.bindings.LoadOptions;
import org.zennit4j.model.ScriptModel;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** How a model is loaded and run. */
final class ModelOptions {
  @Option(
      names = "--dtype",
      paramLabel = "TYPE",
      description = "float32 or float64; by default the model's own.")
  private String dtype;

  @Mixin private RunOptions running;

  ScriptModel load(Path file, boolean allowTraining) {
    LoadOptions options =
        LoadOptions.defaults()
            .withDevice(running.device())
            .withDtype(dtype())
            .withAllowTraining(allowTraining);
    running.start();
    return ScriptModel.load(file, options);
  }

  private Dtype dtype() {
    if (dtype == null) {
      return Dtype.AS_STORED;
    }
    return switch (dtype) {
      case "float32" -> Dtype.FLOAT32;
      case "float64" -> Dtype.FLOAT64;
      default ->
          throw new UsageException("unknown --dtype '" + dtype + "'; use float32 or float64");
    };
  }

  /** The dtype that was asked for, or null. */
  String dtypeName() {
    return dtype;
  }

  /** The first input on the model's device and in its dtype. */
  static Tensor fitting(Tensor tensor, ScriptModel model) {
    return fitting(tensor, model, 0);
  }

  /** An input on the model's device and in the dtype that it needs. */
  static Tensor fitting(Tensor tensor, ScriptModel model, int input) {
    return tensor.to(new Device(model.device()), model.inputDtype(input));
  }
}
