/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.bytedeco.pytorch.JitModule;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;
import org.zennit4j.bindings.LibTorch;
import org.zennit4j.composites.Composites;
import org.zennit4j.model.ScriptModel;
import org.zennit4j.testing.ModelBuilder;

class PlanExplainerTests {
  private static String title(JitModule module) {
    CompositeChoice choice =
        new CompositeChoice(
            "guided_backprop", Composites.guidedBackprop(), Map.of("type", "named"), Map.of());
    try (ScriptModel model = ScriptModel.of(module);
        PlanExplainer explainer =
            new PlanExplainer(model, choice, new AttributorChoice("gradient", Map.of()))) {
      return explainer.title();
    }
  }

  /** Zennit's composite has rules for ReLU alone, not for ReLU6. */
  @Test
  void aPanelSaysThatNoLayerHasARule() {
    LibTorch.load();
    ModelBuilder b = new ModelBuilder(ScalarType.Float, 1);
    assertThat(title(b.sequential(b.linear(3, 2), b.relu()))).isEqualTo("guided_backprop");
    JitModule six =
        b.expression("torch.nn.modules.activation.ReLU6", "torch.clamp(input, 0.0, 6.0)");
    assertThat(title(b.sequential(b.linear(3, 2), six)))
        .isEqualTo("guided_backprop\n= plain gradient");
  }
}
