/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.bindings;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.bytedeco.pytorch.JitModule;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.zennit4j.model.ScriptModel;
import org.zennit4j.runtime.LayerCall;
import org.zennit4j.runtime.LayerFunction;
import org.zennit4j.runtime.Propagation;
import org.zennit4j.runtime.PropagationOptions;
import org.zennit4j.testing.ModelBuilder;
import org.zennit4j.testing.NativeLeaks;

@ExtendWith(NativeLeaks.class)
class CancellationTests {
  private final ModelBuilder b = new ModelBuilder(ScalarType.Double, 1);

  private JitModule endless(String body) {
    return b.module(
        "nets.Endless",
        Map.of(),
        "def forward(self, x: Tensor):\n    y = x\n    go = True\n    while go:\n        "
            + body
            + "\n    return y\n");
  }

  @Test
  @Timeout(60)
  void aModelThatNeverEndsIsStoppedByAFuture() throws Exception {
    for (String body : List.of("y = torch.add(y, 1)", "go = True")) {
      try (ScriptModel model = ScriptModel.of(endless(body));
          Tensor x = torch.ones(3).to(ScalarType.Double)) {
        ExecutorService threads = Executors.newSingleThreadExecutor();
        AtomicReference<Throwable> thrown = new AtomicReference<>();
        Future<?> work =
            threads.submit(
                () -> {
                  try {
                    model.run(x);
                  } catch (Throwable e) {
                    thrown.set(e);
                  }
                });
        TimeUnit.MILLISECONDS.sleep(100);
        work.cancel(true);
        threads.shutdown();
        assertThat(threads.awaitTermination(30, TimeUnit.SECONDS)).isTrue();
        assertThat(thrown.get())
            .isInstanceOf(CancelledException.class)
            .hasMessageContaining("interrupted");
      }
    }
  }

  @Test
  @Timeout(60)
  void aTimeLimitStopsIt() {
    try (ScriptModel model = ScriptModel.of(endless("y = torch.add(y, 1)"));
        Tensor x = torch.ones(3).to(ScalarType.Double);
        Propagation pass =
            new Propagation(
                model.program(),
                Map.of(),
                PropagationOptions.defaults().withDeadline(System.nanoTime() + 50_000_000))) {
      assertThatThrownBy(() -> pass.record(List.of(x)))
          .isInstanceOf(CancelledException.class)
          .hasMessageContaining("time limit");
    }
  }

  @Test
  void anInterruptInARuleEndsTheBackwardPassAndTheNextOneWorks() {
    try (ScriptModel model =
            ScriptModel.of(b.sequential(b.linear(4, 4), b.relu(), b.linear(4, 2)));
        Tensor x = torch.ones(1, 4).to(ScalarType.Double);
        Tensor seed = torch.ones(1, 2).to(ScalarType.Double)) {
      LayerFunction interrupting =
          (call, gradients) -> {
            Thread.currentThread().interrupt();
            return call.gradient(gradients);
          };
      LayerFunction plain = LayerCall::gradient;
      for (boolean interrupt : new boolean[] {true, false}) {
        Map<Integer, LayerFunction> functions =
            Map.of(
                model.program().regions(model.program().layer("2").orElseThrow()).get(0).id(),
                interrupt ? interrupting : plain,
                model.program().regions(model.program().layer("0").orElseThrow()).get(0).id(),
                plain);
        try (Propagation pass =
            new Propagation(model.program(), functions, PropagationOptions.defaults())) {
          pass.record(List.of(x));
          if (interrupt) {
            assertThatThrownBy(() -> pass.backward(List.of(seed)))
                .isInstanceOf(CancelledException.class);
            assertThat(Thread.interrupted()).as("the thread stays marked").isTrue();
          } else {
            assertThat(pass.backward(List.of(seed))).hasSize(1);
          }
        }
      }
    }
  }
}
