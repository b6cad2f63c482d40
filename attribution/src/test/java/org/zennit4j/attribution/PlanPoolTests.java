/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.attribution;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.zennit4j.testing.TestDevices.on;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.zennit4j.bindings.ClosedException;
import org.zennit4j.bindings.ModelLoadException;
import org.zennit4j.bindings.Zennit4jException;
import org.zennit4j.composites.Canonizers;
import org.zennit4j.composites.Composite;
import org.zennit4j.composites.Composites;
import org.zennit4j.composites.Plan;
import org.zennit4j.model.ScriptModel;
import org.zennit4j.testing.DeviceTest;
import org.zennit4j.testing.ModelBuilder;
import org.zennit4j.testing.ModelBuilder.Conv;
import org.zennit4j.testing.NativeLeaks;
import org.zennit4j.testing.SeededWeights;
import org.zennit4j.testing.TensorSubject;

/** Several replicas, each for one call at a time. */
@ExtendWith(NativeLeaks.class)
@Timeout(value = 120, unit = TimeUnit.SECONDS)
class PlanPoolTests {
  private static final Composite COMPOSITE =
      Composites.epsilonPlus().withCanonizers(Canonizers.mergeBatchNorm());
  private final ExecutorService threads = Executors.newFixedThreadPool(8);
  private ScriptModel model;

  @BeforeEach
  void load() {
    ModelBuilder b = new ModelBuilder(ScalarType.Double, 3);
    model =
        ScriptModel.of(
            b.sequential(
                b.conv(2, 2, 3, 3, Conv.PLAIN.withPadding(1)),
                b.batchNorm(2, 3),
                b.relu(),
                b.flatten(),
                b.linear(75, 4)));
  }

  @AfterEach
  void close() throws Exception {
    threads.shutdownNow();
    assertThat(threads.awaitTermination(60, TimeUnit.SECONDS)).isTrue();
    model.close();
  }

  private static Tensor image(long seed) {
    return SeededWeights.normal(seed, ScalarType.Double, 2, 2, 5, 5);
  }

  private static double[] explain(Plan plan, long seed) {
    try (PointerScope scope = new PointerScope();
        Attribution a =
            new Gradient(plan).attribute(on(image(seed), plan.model().device()), Target.top1())) {
      return TensorSubject.values(a.relevance());
    }
  }

  @DeviceTest
  void severalReplicasGiveTheBitsOfOne(String device) throws Exception {
    List<double[]> expected = new ArrayList<>();
    try (ScriptModel there = model.to(device);
        Plan plan = Plan.of(there, COMPOSITE)) {
      for (int i = 0; i < 24; i++) {
        expected.add(explain(plan, i));
      }
    }
    try (PlanPool pool = PlanPool.of(model, COMPOSITE, List.of(device, device, device), 24)) {
      assertThat(pool.devices()).containsExactly(device, device, device);
      List<Future<double[]>> found = new ArrayList<>();
      for (int i = 0; i < 24; i++) {
        long seed = i;
        found.add(threads.submit(() -> pool.call(plan -> explain(plan, seed))));
      }
      for (int i = 0; i < 24; i++) {
        assertThat(found.get(i).get()).isEqualTo(expected.get(i));
      }
    }
  }

  @Test
  void resultsBelongToTheCaller() {
    Tensor x = image(1);
    Attribution a;
    try (PlanPool pool = PlanPool.of(model, COMPOSITE, List.of("cpu"), 0)) {
      a = pool.call(plan -> new Gradient(plan).attribute(x));
    }
    TensorSubject.assertThat(a.relevance()).isFinite();
    a.close();
  }

  @Test
  void aReplicaRunsOneCallAtATime() throws Exception {
    AtomicInteger now = new AtomicInteger();
    AtomicInteger most = new AtomicInteger();
    List<Plan> used = Collections.synchronizedList(new ArrayList<>());
    CountDownLatch both = new CountDownLatch(2);
    try (PlanPool pool = PlanPool.of(model, COMPOSITE, List.of("cpu", "cpu"), 100)) {
      Callable<Integer> task =
          () ->
              pool.call(
                  plan -> {
                    most.accumulateAndGet(now.incrementAndGet(), Math::max);
                    used.add(plan);
                    both.countDown();
                    await(both);
                    return now.decrementAndGet();
                  });
      for (Future<Integer> done : threads.invokeAll(Collections.nCopies(40, task))) {
        done.get();
      }
    }
    assertThat(most).hasValue(2);
    assertThat(used).hasSize(40);
    assertThat(used.stream().distinct()).hasSize(2);
  }

  private static void await(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Work that holds a replica until it is told to end. */
  private final class Holding {
    final CountDownLatch started = new CountDownLatch(1);
    final CountDownLatch end = new CountDownLatch(1);
    final Future<double[]> result;

    Holding(PlanPool pool) throws InterruptedException {
      result =
          threads.submit(
              () ->
                  pool.call(
                      plan -> {
                        started.countDown();
                        PlanPoolTests.await(end);
                        return explain(plan, 1);
                      }));
      started.await();
    }
  }

  @Test
  void theQueueIsBounded() throws Exception {
    try (PlanPool pool = PlanPool.of(model, COMPOSITE, List.of("cpu"), 0)) {
      Holding holding = new Holding(pool);
      assertThatThrownBy(() -> pool.call(plan -> 1))
          .isInstanceOf(BusyException.class)
          .hasMessageContaining("1 calls run and 0 wait");
      holding.end.countDown();
      assertThat(holding.result.get()).hasSize(100);
      assertThat(pool.<Integer>call(plan -> 2)).isEqualTo(2);
    }
  }

  @Test
  void failuresLeaveThePoolAsItWas() {
    try (PlanPool pool = PlanPool.of(model, COMPOSITE, List.of("cpu"), 0)) {
      IllegalStateException own = new IllegalStateException("own");
      AssertionError error = new AssertionError("error");
      for (int i = 0; i < 3; i++) {
        assertThatThrownBy(
                () ->
                    pool.call(
                        plan -> {
                          throw own;
                        }))
            .isSameAs(own);
        assertThatThrownBy(
                () ->
                    pool.call(
                        plan -> {
                          throw error;
                        }))
            .isSameAs(error);
        assertThatThrownBy(
                () -> pool.call(plan -> new Gradient(plan).attribute(image(1).narrow(1, 0, 1))))
            .isInstanceOf(Zennit4jException.class);
      }
      double[] afterwards = pool.call(plan -> explain(plan, 1));
      assertThat(afterwards).hasSize(100);
    }
  }

  @Test
  void workCannotCallOrCloseThePool() {
    try (PlanPool pool = PlanPool.of(model, COMPOSITE, List.of("cpu"), 5)) {
      assertThatThrownBy(() -> pool.call(plan -> pool.<Integer>call(inner -> 1)))
          .hasMessageContaining("cannot call the pool");
      assertThatThrownBy(
              () ->
                  pool.call(
                      plan -> {
                        pool.close();
                        return 1;
                      }))
          .hasMessageContaining("cannot close the pool");
      assertThat(pool.<Integer>call(plan -> 3)).isEqualTo(3);
    }
  }

  @Test
  void closingWaitsForWhatRunsAndTurnsTheRestAway() throws Exception {
    PlanPool pool = PlanPool.of(model, COMPOSITE, List.of("cpu"), 10);
    Holding holding = new Holding(pool);
    List<Future<Integer>> waiting = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      waiting.add(threads.submit(() -> pool.<Integer>call(plan -> 1)));
    }
    Future<?> closing = threads.submit(pool::close);
    for (Future<Integer> one : waiting) {
      assertThatThrownBy(one::get)
          .isInstanceOf(ExecutionException.class)
          .hasCauseInstanceOf(ClosedException.class);
    }
    assertThat(closing.isDone()).isFalse();
    assertThatThrownBy(model::close).hasMessageContaining("still used");
    holding.end.countDown();
    closing.get();
    assertThat(holding.result.get()).hasSize(100);
    assertThatThrownBy(() -> pool.call(plan -> 1)).isInstanceOf(ClosedException.class);
    pool.close();
  }

  @Test
  void aWaitingCallCanBeInterrupted() throws Exception {
    try (PlanPool pool = PlanPool.of(model, COMPOSITE, List.of("cpu"), 10)) {
      Holding holding = new Holding(pool);
      Thread.currentThread().interrupt();
      assertThatThrownBy(() -> pool.call(plan -> 1)).hasMessageContaining("interrupted");
      assertThat(Thread.interrupted()).isTrue();
      holding.end.countDown();
      holding.result.get();
      assertThat(pool.<Integer>call(plan -> 4)).isEqualTo(4);
    }
  }

  @Test
  void wrongPoolsAreRefused() {
    assertThatThrownBy(() -> PlanPool.of(model, COMPOSITE, List.of(), 1))
        .hasMessageContaining("at least one device");
    assertThatThrownBy(() -> PlanPool.of(model, COMPOSITE, List.of("cpu"), -1))
        .hasMessageContaining("not -1");
    assertThatThrownBy(() -> PlanPool.of(model, COMPOSITE, List.of("cpu", "cuda:99"), 1))
        .isInstanceOf(ModelLoadException.class)
        .hasMessageContaining("cuda:99");
  }
}
