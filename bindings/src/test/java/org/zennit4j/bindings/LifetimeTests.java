/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.bindings;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.JitModule;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.zennit4j.graph.Region;
import org.zennit4j.graph.ir.Block;
import org.zennit4j.graph.ir.Instruction;
import org.zennit4j.model.ScriptModel;
import org.zennit4j.runtime.LayerCall;
import org.zennit4j.runtime.LayerFunction;
import org.zennit4j.runtime.ModuleHook;
import org.zennit4j.runtime.Propagation;
import org.zennit4j.runtime.PropagationOptions;
import org.zennit4j.testing.ModelBuilder;
import org.zennit4j.testing.NativeLeaks;
import org.zennit4j.testing.SeededWeights;
import org.zennit4j.testing.TensorSubject;

/** Nothing is left behind, on any path; two threads give the bits of one. */
@ExtendWith(NativeLeaks.class)
class LifetimeTests {
  private static final long MEGABYTE = 1 << 20;

  private static ScriptModel model() {
    return ScriptModel.load(Models.RESOURCES.resolve("golden/models/f32-resnet.scripted.pt"));
  }

  private static Tensor input(long seed) {
    return SeededWeights.normal(seed, ScalarType.Float, 2, 3, 24, 24);
  }

  /** A function on every layer that is one linear map, and a hook on the root. */
  private static Map<Integer, LayerFunction> functions(ScriptModel model) {
    Map<Integer, LayerFunction> functions = new HashMap<>();
    for (Region region : model.program().regions()) {
      if (region.linearMap().isPresent() && !region.layer().functional()) {
        functions.put(region.id(), LayerCall::gradient);
      }
    }
    assertThat(functions.size()).isGreaterThan(5);
    return functions;
  }

  private static double[] relevance(
      ScriptModel model, Map<Integer, LayerFunction> functions, Tensor input) {
    PropagationOptions options =
        PropagationOptions.defaults()
            .withCapture(layer -> layer.name().endsWith("conv1"))
            .withHooks(Map.of("", List.of(new ModuleHook() {})));
    try (Propagation pass = new Propagation(model.program(), functions, options)) {
      List<Tensor> seeds = new ArrayList<>();
      try (PointerScope scope = new PointerScope()) {
        for (Tensor output : pass.record(List.of(input))) {
          seeds.add(output.detach());
        }
        return TensorSubject.values(pass.backward(seeds).get(0));
      }
    }
  }

  @Test
  void threeHundredPasses() {
    try (ScriptModel model = model();
        Tensor x = input(1).retainReference()) {
      Map<Integer, LayerFunction> functions = functions(model);
      double[] first = relevance(model, functions, x);
      long count = Pointer.totalCount();
      long memory = 0;
      for (int i = 0; i < 300; i++) {
        assertThat(relevance(model, functions, x)).isEqualTo(first);
        // Less, if the collector found something older.
        assertThat(Pointer.totalCount()).isLessThanOrEqualTo(count);
        if (i == 50) {
          System.gc();
          memory = Pointer.physicalBytes();
        }
      }
      // The tensors of one pass have some three megabytes; the rest is the Java heap's breathing.
      System.gc();
      assertThat(Pointer.physicalBytes() - memory).isLessThan(128 * MEGABYTE);
    }
  }

  @Test
  void passesOutsideOfAnyScope() throws Exception {
    // A thread of its own has no scope, as in an application that never heard of them.
    ExecutorService executor = Executors.newSingleThreadExecutor();
    try (ScriptModel model = model()) {
      Map<Integer, LayerFunction> functions = functions(model);
      Callable<Long> work =
          () -> {
            Tensor x = input(1);
            relevance(model, functions, x);
            model.run(x).forEach(Tensor::close);
            long count = Pointer.totalCount();
            for (int i = 0; i < 5; i++) {
              relevance(model, functions, x);
              model.run(x).forEach(Tensor::close);
            }
            long left = Pointer.totalCount() - count;
            x.close();
            return left;
          };
      assertThat(executor.submit(work).get()).isZero();
    } finally {
      executor.shutdown();
    }
  }

  @Test
  void failedPassesLeaveNothing() throws Exception {
    try (ScriptModel model = model()) {
      Map<Integer, LayerFunction> failing = new HashMap<>(functions(model));
      int[] left = {3};
      failing.replaceAll(
          (id, f) ->
              (call, relevance) -> {
                if (left[0]-- == 0) {
                  throw new IllegalStateException("enough");
                }
                return call.gradient(relevance);
              });
      Tensor x = input(1);
      Tensor wrong = SeededWeights.normal(1, ScalarType.Float, 2, 7, 24, 24);
      NativeLeaks.assertNone(
          () -> {
            left[0] = 3;
            try {
              relevance(model, failing, x);
              throw new AssertionError("it did not fail");
            } catch (Zennit4jException e) {
              assertThat(e).hasMessageContaining("enough");
            }
          });
      NativeLeaks.assertNone(
          () -> {
            try {
              relevance(model, failing, wrong);
              throw new AssertionError("it did not fail");
            } catch (ShapeException e) {
              assertThat(e).hasMessageContaining("in layer");
            }
          });
    }
  }

  @Test
  void resultsBelongToTheCallersScope() {
    try (ScriptModel model = model()) {
      Tensor x = input(1);
      Tensor output;
      try (PointerScope scope = new PointerScope()) {
        output = model.run(x).get(0);
        TensorSubject.assertThat(output).isFinite();
      }
      assertThat(output.isNull()).isTrue();
    }
  }

  @Test
  void twoThreadsOnOneProgram() throws Exception {
    try (ScriptModel model = model()) {
      Map<Integer, LayerFunction> functions = functions(model);
      List<Tensor> inputs = List.of(input(1), input(2), input(3), input(4));
      List<double[]> expected = inputs.stream().map(x -> relevance(model, functions, x)).toList();
      ExecutorService executor = Executors.newFixedThreadPool(inputs.size());
      try {
        CountDownLatch start = new CountDownLatch(inputs.size());
        List<Future<Void>> running = new ArrayList<>();
        for (int i = 0; i < inputs.size(); i++) {
          int k = i;
          Callable<Void> work =
              () -> {
                start.countDown();
                start.await();
                for (int n = 0; n < 10; n++) {
                  assertThat(relevance(model, functions, inputs.get(k))).isEqualTo(expected.get(k));
                }
                return null;
              };
          running.add(executor.submit(work));
        }
        for (Future<Void> future : running) {
          future.get();
        }
      } finally {
        executor.shutdown();
      }
    }
  }

  @Test
  void valuesOfBranchesAndLoopsAreFreedBeforeTheEnd() {
    ModelBuilder b = new ModelBuilder(ScalarType.Float, 1);
    JitModule net =
        b.module(
            "nets.Net",
            Map.of(),
            """
            def forward(self, x):
                for i in range(6):
                    if x.size(0) > 1:
                        y = x * 2
                        x = y + 1
                if x.size(0) > 1:
                    x = x.sum(1)
                x = x + 1
                if x.size(0) > 1:
                    x = x * 3
                return x
            """);
    try (ScriptModel model = ScriptModel.of(net)) {
      Block body = model.program().definition().entry().callee.body();
      List<Block> blocks = new ArrayList<>();
      collect(body, blocks);
      assertThat(blocks).hasSizeGreaterThan(4);
      for (Block block : blocks) {
        for (Instruction instruction : block.instructions) {
          for (int slot : instruction.out) {
            boolean freed =
                java.util.Arrays.stream(block.left).anyMatch(s -> s == slot)
                    || java.util.Arrays.stream(block.dead)
                        .flatMapToInt(java.util.Arrays::stream)
                        .anyMatch(s -> s == slot);
            assertThat(freed).isTrue();
          }
        }
      }
      Models.assertSameBits(model, net, SeededWeights.normal(1, ScalarType.Float, 2, 4));
    }
  }

  private static void collect(Block block, List<Block> blocks) {
    blocks.add(block);
    for (Instruction instruction : block.instructions) {
      instruction.blocks().forEach(inner -> collect(inner, blocks));
    }
  }
}
