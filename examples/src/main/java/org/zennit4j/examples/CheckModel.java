/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.examples;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.zennit4j.bindings.Dtype;
import org.zennit4j.bindings.LibTorch;
import org.zennit4j.bindings.LoadOptions;
import org.zennit4j.bindings.ModelLoadException;
import org.zennit4j.composites.Types;
import org.zennit4j.model.ScriptModel;

/** Is this file a model that can be explained, and what does it hold? */
public final class CheckModel {
  private CheckModel() {}

  static LoadOptions exactly() {
    return LoadOptions.defaults()
        .withDevice("cpu")
        .withDtype(Dtype.FLOAT64)
        .withClassTypes(Map.of("nets.Swish", Set.of(Types.ACTIVATION)));
  }

  /**
   * Prints findings, layers and the output for an input of ones.
   *
   * @param args a model, the input's shape
   */
  public static void main(String[] args) {
    LibTorch.load();
    try (PointerScope scope = new PointerScope();
        ScriptModel model = ScriptModel.load(Path.of(args[0]), exactly())) {
      model.findings().forEach(finding -> System.out.println("note: " + finding));
      model.program().layers().forEach(System.out::println);
      long[] shape = Arrays.stream(args).skip(1).mapToLong(Long::parseLong).toArray();
      List<Tensor> outputs = model.run(torch.ones(shape).to(model.dtype()));
      for (Tensor output : outputs) {
        System.out.println(Arrays.toString(output.shape()) + " sum " + output.sum().item_double());
      }
    } catch (ModelLoadException e) {
      System.out.println("no model: " + e.getMessage());
    }
  }
}
