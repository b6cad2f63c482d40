/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.bindings;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.DeviceOptional;
import org.bytedeco.pytorch.JitModule;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.zennit4j.model.ScriptModel;
import org.zennit4j.runtime.ModuleForward;
import org.zennit4j.runtime.Propagation;
import org.zennit4j.runtime.PropagationOptions;
import org.zennit4j.testing.TensorSubject;

/** What several tests do with models. */
final class Models {
  static final Path RESOURCES = Path.of("../requests/src/test/resources");
  static final Path BUNDLED = Path.of("../examples/models");

  private Models() {}

  static JitModule load(Path file) {
    LibTorch.load();
    return torch.load(file.toString(), new DeviceOptional(new Device("cpu")), true);
  }

  /** What the module itself computes. */
  static List<Tensor> forward(JitModule module, Tensor... inputs) {
    return ModuleForward.run(module, inputs);
  }

  /**
   * Demands that a program computes the very bits of the module, whose second call differs inside.
   */
  static void assertSameBits(JitModule module, Tensor... inputs) {
    try (PointerScope scope = new PointerScope();
        ScriptModel model = ScriptModel.of(module)) {
      assertSameBits(model, module, inputs);
    }
  }

  static void assertSameBits(ScriptModel model, JitModule module, Tensor... inputs) {
    List<Tensor> first = forward(module, copies(false, inputs));
    same(model.run(inputs), first);
    // Attention takes another way where gradients are wanted.
    List<Tensor> again = forward(module, copies(true, inputs));
    try (Propagation pass =
        new Propagation(model.program(), java.util.Map.of(), PropagationOptions.defaults())) {
      same(pass.record(List.of(inputs)), again);
    } catch (UnsupportedOperatorException e) {
      // Traced with gradients off: the fused operator can be run, but not be recorded.
      assertThat(e).hasMessageContaining("_native_multi_head_attention has no derivative");
    }
  }

  private static Tensor[] copies(boolean gradients, Tensor... inputs) {
    return java.util.Arrays.stream(inputs)
        .map(x -> x.detach().requires_grad_(gradients && x.is_floating_point()).clone())
        .toArray(Tensor[]::new);
  }

  private static void same(List<Tensor> ours, List<Tensor> theirs) {
    if (ours.size() != theirs.size() || ours.isEmpty()) {
      throw new AssertionError(ours.size() + " outputs, expected " + theirs.size());
    }
    for (int i = 0; i < ours.size(); i++) {
      TensorSubject.assertThat(ours.get(i)).isBitEqualTo(theirs.get(i));
    }
  }
}
