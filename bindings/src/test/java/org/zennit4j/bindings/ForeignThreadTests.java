/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.bindings;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Collections;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.BoolOptional;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.zennit4j.bindings.internal.AutogradFunction;
import org.zennit4j.graph.Region;
import org.zennit4j.model.ScriptModel;
import org.zennit4j.runtime.HookHandle;
import org.zennit4j.runtime.LayerFunction;
import org.zennit4j.runtime.ModuleHook;
import org.zennit4j.runtime.Propagation;
import org.zennit4j.runtime.PropagationOptions;
import org.zennit4j.testing.ModelBuilder;
import org.zennit4j.testing.NativeLeaks;
import org.zennit4j.testing.SeededWeights;
import org.zennit4j.testing.TensorSubject;

/**
 * Callbacks on threads that are not the caller's. On CUDA the autograd engine always runs them on
 * threads of its own; on the CPU it does so for backward passes that are nested more than 60 deep,
 * which is how these tests get there.
 */
@ExtendWith(NativeLeaks.class)
class ForeignThreadTests {
  private static final int DEEP = 64;
  private final Set<Thread> threads =
      Collections.synchronizedSet(Collections.newSetFromMap(new IdentityHashMap<>()));

  private static Tensor numbers(long seed, long... shape) {
    return SeededWeights.normal(seed, ScalarType.Double, shape);
  }

  /** Runs an action in a backward pass, in a backward pass, in a... */
  private static void nested(int depth, Runnable action) {
    if (depth == 0) {
      action.run();
      return;
    }
    try (PointerScope scope = new PointerScope();
        AutogradFunction function = new AutogradFunction()) {
      Tensor x = torch.ones(1).requires_grad_(true);
      List<Tensor> outputs =
          function.apply(
              "nest",
              List.of(x),
              List.of(x),
              gradients -> {
                nested(depth - 1, action);
                return gradients;
              });
      try {
        torch.grad(
            new TensorVector(outputs.get(0)),
            new TensorVector(x),
            new TensorVector(torch.ones(1)),
            new BoolOptional(false),
            false,
            true);
      } catch (RuntimeException e) {
        function.rethrow(e);
      } finally {
        Natives.releaseAll(outputs);
      }
    }
  }

  private ScriptModel chain() {
    ModelBuilder b = new ModelBuilder(ScalarType.Double, 1);
    return ScriptModel.of(
        b.sequential(b.linear(5, 4), b.relu(), b.linear(4, 4), b.relu(), b.linear(4, 3)));
  }

  /** Relevance by gradient, doubled at each linear layer; every thread is noted. */
  private Map<Integer, LayerFunction> doubling(ScriptModel model) {
    Map<Integer, LayerFunction> functions = new HashMap<>();
    for (Region region : model.program().regions()) {
      if (Set.of("0", "2", "4").contains(region.name())) {
        functions.put(
            region.id(),
            (call, relevance) -> {
              threads.add(Thread.currentThread());
              // A nested backward, as BasicRule runs it.
              return call.gradient(relevance).stream()
                  .map(t -> t == null ? null : t.mul(new Scalar(2)))
                  .toList();
            });
      }
    }
    assertThat(functions).hasSize(3);
    return functions;
  }

  @Test
  void aNestedBackwardRunsOnAnotherThread() {
    nested(DEEP, () -> threads.add(Thread.currentThread()));
    assertThat(threads).doesNotContain(Thread.currentThread());
  }

  @Test
  void layersRunOnTheEnginesThreads() {
    Tensor x = numbers(2, 2, 5);
    Tensor seed = numbers(3, 2, 3);
    try (ScriptModel model = chain()) {
      Map<Integer, LayerFunction> functions = doubling(model);
      try (Propagation here =
              new Propagation(model.program(), functions, PropagationOptions.defaults());
          Propagation there =
              new Propagation(
                  model.program(),
                  functions,
                  PropagationOptions.defaults().withCapture(layer -> layer.name().equals("2")))) {
        here.record(List.of(x));
        Tensor expected = here.backward(List.of(seed)).get(0);
        assertThat(threads).containsExactly(Thread.currentThread());

        // Forward on this thread, backward on the engine's.
        there.record(List.of(x));
        threads.clear();
        Tensor[] found = new Tensor[1];
        nested(DEEP, () -> found[0] = there.backward(List.of(seed)).get(0));
        assertThat(threads).isNotEmpty().doesNotContain(Thread.currentThread());
        TensorSubject.assertThat(found[0]).isBitEqualTo(expected);
        assertThat(there.layerRelevances()).hasSize(1);
      }
    }
  }

  @Test
  void exceptionsCrossThreads() {
    IllegalStateException cause = new IllegalStateException("broken on purpose");
    try (ScriptModel model = chain()) {
      Map<Integer, LayerFunction> functions = doubling(model);
      Region last = model.program().regions(model.program().layer("4").orElseThrow()).get(0);
      functions.put(
          last.id(),
          (call, relevance) -> {
            threads.add(Thread.currentThread());
            throw cause;
          });
      try (Propagation pass =
          new Propagation(model.program(), functions, PropagationOptions.defaults())) {
        pass.record(List.of(numbers(2, 2, 5)));
        Throwable[] thrown = new Throwable[1];
        nested(
            DEEP,
            () -> {
              try {
                pass.backward(List.of(numbers(3, 2, 3)));
              } catch (Zennit4jException e) {
                thrown[0] = e;
              }
            });
        assertThat(threads).hasSize(1).doesNotContain(Thread.currentThread());
        assertThat(thrown[0])
            .hasMessageContaining("layer '4'")
            .hasMessageContaining("broken on purpose")
            .hasCause(cause);
      }
      assertThatThrownBy(
              () ->
                  nested(
                      DEEP,
                      () -> {
                        throw cause;
                      }))
          .isInstanceOf(Zennit4jException.class)
          .hasMessageContaining("broken on purpose");
    }
  }

  @Test
  void hooksRunOnTheEnginesThreads() {
    Tensor x = numbers(2, 2, 5);
    Tensor seed = numbers(3, 2, 3);
    ModuleHook halving =
        new ModuleHook() {
          @Override
          public List<Tensor> backwardPre(Call call, List<Tensor> gradOutput) {
            threads.add(Thread.currentThread());
            return List.of(gradOutput.get(0).mul(new Scalar(0.5)));
          }

          @Override
          public List<Tensor> backward(Call call, List<Tensor> gradInput, List<Tensor> gradOutput) {
            assertThat(gradOutput.get(0).dim()).isEqualTo(2);
            return List.of(gradInput.get(0).mul(new Scalar(4)));
          }
        };
    try (ScriptModel model = chain();
        HookHandle handle = model.registerHook("2", halving)) {
      PropagationOptions options = PropagationOptions.defaults().withHooks(model.hooks());
      try (Propagation plain =
              new Propagation(model.program(), Map.of(), PropagationOptions.defaults());
          Propagation hooked = new Propagation(model.program(), Map.of(), options)) {
        plain.record(List.of(x));
        Tensor expected = plain.backward(List.of(seed)).get(0).mul(new Scalar(2));
        hooked.record(List.of(x));
        Tensor[] found = new Tensor[1];
        nested(DEEP, () -> found[0] = hooked.backward(List.of(seed)).get(0));
        assertThat(threads).hasSize(1).doesNotContain(Thread.currentThread());
        TensorSubject.assertThat(found[0]).within(1e-14, 1e-15).of(expected);
      }
    }
  }

  /** A pass may move from one thread of the application to another. */
  @Test
  void backwardOnAnotherThreadThanForward() throws Exception {
    Tensor x = numbers(2, 2, 5);
    Tensor seed = numbers(3, 2, 3);
    ExecutorService other = Executors.newSingleThreadExecutor();
    try (ScriptModel model = chain();
        Propagation here =
            new Propagation(model.program(), doubling(model), PropagationOptions.defaults());
        Propagation there =
            new Propagation(model.program(), doubling(model), PropagationOptions.defaults())) {
      here.record(List.of(x));
      Tensor expected = here.backward(List.of(seed)).get(0);
      there.record(List.of(x));
      threads.clear();
      Future<Tensor> found =
          other.submit(
              () -> {
                try (PointerScope scope = new PointerScope()) {
                  return there.backward(List.of(seed)).get(0);
                }
              });
      TensorSubject.assertThat(found.get()).isBitEqualTo(expected);
      assertThat(threads).hasSize(1).doesNotContain(Thread.currentThread());
    } finally {
      other.shutdown();
    }
  }
}
