/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.cli;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.JitModule;
import org.bytedeco.pytorch.Tensor;
import org.zennit4j.bindings.Dtype;
import org.zennit4j.bindings.LoadOptions;
import org.zennit4j.bindings.internal.NearestNames;
import org.zennit4j.composites.Types;
import org.zennit4j.graph.Layer;
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

  @Option(
      names = "--class-type",
      paramLabel = "CLASS=TYPE",
      description =
          "What a module class of your own is to composites, such as MyConv=Convolution: the class's "
              + "name, whole or its last part, and one of Zennit's types. May be given several times.")
  private Map<String, String> classTypes = Map.of();

  @Mixin private RunOptions running;

  ScriptModel load(Path file, boolean allowTraining) {
    LoadOptions options =
        LoadOptions.defaults()
            .withDevice(running.device())
            .withDtype(dtype())
            .withAllowTraining(allowTraining)
            .withClassTypes(classTypes());
    running.start();
    ScriptModel model = ScriptModel.load(file, options);
    try {
      checkClasses(model, options);
      return model;
    } catch (UsageException e) {
      model.close();
      throw e;
    }
  }

  /** Loads LibTorch and sets the threads. */
  void start() {
    running.start();
  }

  /** A model of a module that is at hand, which it takes over. */
  ScriptModel of(JitModule module) {
    return ScriptModel.of(
        module, LoadOptions.defaults().withDevice(running.device()).withDtype(dtype()));
  }

  private Map<String, Set<String>> classTypes() {
    Map<String, Set<String>> types = new LinkedHashMap<>();
    classTypes.forEach(
        (name, type) -> {
          if (!Types.names().contains(type)) {
            throw new UsageException(
                "unknown type in --class-type "
                    + name
                    + "="
                    + type
                    + "; use one of "
                    + String.join(", ", Types.names()));
          }
          types.put(name, Types.withParents(type));
        });
    return types;
  }

  /** A name that no class has is a slip. */
  private void checkClasses(ScriptModel model, LoadOptions options) {
    for (String name : classTypes.keySet()) {
      boolean known =
          model.program().layers().stream()
              .anyMatch(
                  layer ->
                      options.withClassTypes(Map.of(name, Set.of())).typesOf(layer.className())
                          != null);
      if (!known) {
        List<String> classes =
            model.program().layers().stream().map(Layer::className).distinct().toList();
        throw new UsageException(
            "--class-type: the model has no class '"
                + name
                + "'; the nearest: "
                + NearestNames.list(name, classes));
      }
    }
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
    return tensor.to(
        new Device(model.device()), model.inputDtype(input, tensor.scalar_type().intern()));
  }
}
