/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.bindings;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.JitModule;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.zennit4j.graph.Program;
import org.zennit4j.graph.ProgramEditor;
import org.zennit4j.graph.Region;
import org.zennit4j.model.ScriptModel;
import org.zennit4j.runtime.Propagation;
import org.zennit4j.runtime.PropagationOptions;
import org.zennit4j.testing.ClosedUnderUse;
import org.zennit4j.testing.ModelBuilder;
import org.zennit4j.testing.ModelBuilder.Conv;
import org.zennit4j.testing.NativeLeaks;

/** Models and programs that are closed while other threads use them, or used after the close. */
@ExtendWith(NativeLeaks.class)
class ClosingTests {
  private static final int ROUNDS = Integer.getInteger("zennit4j.rounds", 60);

  private final ModelBuilder b = new ModelBuilder(ScalarType.Float, 1);

  private JitModule module() {
    Conv same = Conv.PLAIN.withPadding(1);
    return b.sequential(
        b.conv(2, 3, 8, 3, same),
        b.relu(),
        b.conv(2, 8, 8, 3, same),
        b.adaptiveAvgPool(2, 1),
        b.flatten(),
        b.linear(8, 4));
  }

  private ScriptModel model() {
    return ScriptModel.of(module());
  }

  @Test
  @Timeout(300)
  void aModelIsClosedWhileFourThreadsRunIt() throws Exception {
    Random random = new Random(1);
    for (int round = 0; round < ROUNDS; round++) {
      long before = Pointer.totalCount();
      try (PointerScope scope = new PointerScope()) {
        ScriptModel model = model();
        Tensor x = torch.rand(2, 3, 24, 24);
        ClosedUnderUse.run(random, ClosedException.class, () -> model.run(x), model);
      }
      assertThat(Pointer.totalCount()).isLessThanOrEqualTo(before);
    }
  }

  @Test
  void whatAPassUsesStaysUntilThePassIsClosed() {
    ScriptModel model = model();
    Tensor x = torch.rand(1, 3, 8, 8);
    try (Propagation pass =
        new Propagation(model.program(), Map.of(), PropagationOptions.defaults())) {
      pass.record(List.of(x));
      model.close();
      List<Tensor> relevance = pass.backward(List.of(torch.ones(1, 4)));
      assertThat(relevance.get(0).isfinite().all().item_bool()).isTrue();
      assertThatThrownBy(model::program).isInstanceOf(ClosedException.class);
    }
  }

  @Test
  void aChangedProgramKeepsItsOriginal() {
    ScriptModel model = model();
    Program changed;
    try (ProgramEditor editor = model.program().edit()) {
      Region relu = model.program().regions(model.program().layer("1").orElseThrow()).get(0);
      changed = editor.bypass(relu).apply();
    }
    model.close();
    assertThat(Propagation.run(changed, torch.rand(1, 3, 8, 8)).get(0).isfinite().all().item_bool())
        .isTrue();
    changed.close();
    assertThatThrownBy(() -> Propagation.run(changed, torch.rand(1, 3, 8, 8)))
        .isInstanceOf(ClosedException.class);
  }

  @Test
  void tensorsThatWereHandedOutDoNotDangle() {
    ScriptModel model = model();
    Region conv = model.program().regions(model.program().layer("0").orElseThrow()).get(0);
    Tensor weight = conv.parameters().get("weight");
    Tensor same = conv.linearMap().orElseThrow().weight();
    assertThat(weight.isNull()).isFalse();
    model.close();
    assertThat(weight.isNull()).as("null, and not memory of somebody else").isTrue();
    assertThat(same.isNull()).isTrue();
  }

  @Test
  void aForgottenPassLetsGo() throws Exception {
    JitModule module = module();
    long before = Pointer.totalCount();
    ScriptModel model = ScriptModel.of(module);
    forget(model);
    model.close();
    for (int i = 0; i < 100 && Pointer.totalCount() > before; i++) {
      System.gc();
      TimeUnit.MILLISECONDS.sleep(20);
    }
    assertThat(Pointer.totalCount()).isLessThanOrEqualTo(before);
  }

  @SuppressWarnings("resource")
  private static void forget(ScriptModel model) {
    new Propagation(model.program(), Map.of(), PropagationOptions.defaults());
  }

  @Test
  void aPassThatWasClosedSaysSo() {
    try (ScriptModel model = model()) {
      Propagation pass = new Propagation(model.program(), Map.of(), PropagationOptions.defaults());
      pass.close();
      assertThatThrownBy(() -> pass.forward(List.of(torch.rand(1, 3, 8, 8))))
          .isInstanceOf(ClosedException.class);
      assertThatThrownBy(() -> pass.backward(List.of())).isInstanceOf(ClosedException.class);
    }
  }
}
