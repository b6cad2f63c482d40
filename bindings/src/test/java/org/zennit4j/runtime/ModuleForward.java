/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.runtime;

import java.util.List;
import org.bytedeco.pytorch.IValue;
import org.bytedeco.pytorch.IValueVector;
import org.bytedeco.pytorch.JitModule;
import org.bytedeco.pytorch.Tensor;
import org.zennit4j.bindings.Natives;

/** What LibTorch's own interpreter computes. */
public final class ModuleForward {
  private ModuleForward() {}

  /** The floating tensors of a module's result. */
  public static List<Tensor> run(JitModule module, Tensor... inputs) {
    IValueVector arguments = new IValueVector();
    for (Tensor input : inputs) {
      arguments.push_back(new IValue(input));
    }
    try (Values values =
        new Values(new IValue[] {Natives.keep(new IValue(module.forward(arguments)))})) {
      return values.tensors().stream().map(Tensor::new).toList();
    }
  }
}
