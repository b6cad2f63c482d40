/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.attribution;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import org.zennit4j.bindings.ClosedException;
import org.zennit4j.bindings.Zennit4jException;
import org.zennit4j.bindings.internal.Leaks;
import org.zennit4j.composites.Composite;
import org.zennit4j.composites.Plan;
import org.zennit4j.model.ScriptModel;

/**
 * Several devices as one: a replica of a model with its plan on each, and calls that take the next
 * free one.
 *
 * <pre>{@code
 * try (PlanPool pool = PlanPool.of(model, composite, List.of("cuda:0", "cuda:1"), 64)) {
 *   double sum = pool.call(plan -> {
 *     Tensor x = image.to(Devices.of(plan.model().device()), plan.model().dtype());
 *     try (Attribution a = new Gradient(plan).attribute(x)) {
 *       return a.relevance().sum().item_double();
 *     }
 *   });
 * }
 * }</pre>
 *
 * <p>The pool has no threads: a call runs in its caller's thread and scope, so that tensors which
 * it returns are the caller's as usual. Each device runs one call at a time. A call that finds none
 * free waits, in the order of arrival; how many may wait is limited. All replicas compute the same:
 * bit for bit on devices of one kind.
 *
 * <p>Thread-safe. Owned by who makes it, and closed by it. The pool owns the replicas, not the
 * model it was made from, which must stay open as long as the pool.
 */
public final class PlanPool implements AutoCloseable {
  /** A model and its plan on one device. */
  private record Replica(ScriptModel model, Plan plan) {
    void close() {
      plan.close();
      model.close();
    }
  }

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition idle = lock.newCondition();
  private final ScriptModel source;
  private final List<Replica> replicas = new ArrayList<>();
  private final Deque<Replica> free = new ArrayDeque<>();

  /** Those that wait, each for its own signal: whoever came first goes first. */
  private final Deque<Condition> waiting = new ArrayDeque<>();

  private final Set<Thread> running = new HashSet<>();
  private final int queue;
  private final Leaks.Trace trace;
  private boolean closed;
  private boolean released;

  private PlanPool(ScriptModel source, int queue) {
    this.source = source.retain();
    this.queue = queue;
    this.trace = Leaks.of(this, "a pool of the model " + source.source());
  }

  /**
   * Makes a pool: copies the model to each device and prepares the composite there.
   *
   * @param model the model; stays open as long as the pool
   * @param composite canonizers and rules
   * @param devices one name for each replica, see {@link org.zennit4j.bindings.Devices}; a name may
   *     occur several times
   * @param queue how many calls may wait for a free device, at least 0
   * @return the pool, to be closed by the caller
   * @throws org.zennit4j.bindings.ModelLoadException if there is no such device
   * @throws Zennit4jException if no device is named, the queue is negative, or the composite does
   *     not fit the model
   */
  public static PlanPool of(
      ScriptModel model, Composite composite, List<String> devices, int queue) {
    if (devices.isEmpty()) {
      throw new Zennit4jException("a pool needs at least one device");
    }
    if (queue < 0) {
      throw new Zennit4jException("a queue holds at least 0 calls, not " + queue);
    }
    PlanPool pool = new PlanPool(model, queue);
    try {
      for (String device : devices) {
        pool.add(model.to(device), composite);
      }
    } catch (RuntimeException | Error e) {
      pool.close();
      throw e;
    }
    return pool;
  }

  private void add(ScriptModel model, Composite composite) {
    Replica replica;
    try {
      replica = new Replica(model, Plan.of(model, composite));
    } catch (RuntimeException | Error e) {
      model.close();
      throw e;
    }
    replicas.add(replica);
    free.add(replica);
  }

  /**
   * The devices.
   *
   * @return one name for each replica
   */
  public List<String> devices() {
    return replicas.stream().map(r -> r.model().device()).toList();
  }

  /**
   * Runs work on the next free device, in this thread.
   *
   * @param work what to do with a plan, which it must not close or keep; its inputs have to be on
   *     the plan's device
   * @param <T> what it gives
   * @return what the work returned
   * @throws BusyException if too many calls wait already
   * @throws ClosedException if the pool is closed, or was closed while the call waited
   * @throws Zennit4jException if the thread is interrupted while it waits (it stays marked as
   *     interrupted), or runs work of this pool already; whatever the work throws leaves the pool
   *     as it is
   */
  public <T> T call(Function<Plan, T> work) {
    Replica replica = take();
    try {
      return work.apply(replica.plan());
    } finally {
      giveBack(replica);
    }
  }

  private Replica take() {
    lock.lock();
    try {
      checkOpen();
      if (running.contains(Thread.currentThread())) {
        throw new Zennit4jException(
            "work in a pool cannot call the pool: it might wait for itself");
      }
      if (free.isEmpty() || !waiting.isEmpty()) {
        await();
      }
      running.add(Thread.currentThread());
      return free.remove();
    } finally {
      lock.unlock();
    }
  }

  /** Waits until this call is the first in the queue and a device is free. */
  private void await() {
    if (waiting.size() >= queue) {
      throw new BusyException(replicas.size() - free.size(), waiting.size());
    }
    Condition turn = lock.newCondition();
    waiting.add(turn);
    try {
      while (!closed && (free.isEmpty() || waiting.peek() != turn)) {
        turn.await();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new Zennit4jException("interrupted while waiting for a free device", e);
    } finally {
      waiting.remove(turn);
      next();
    }
    checkOpen();
  }

  private void giveBack(Replica replica) {
    lock.lock();
    try {
      running.remove(Thread.currentThread());
      free.add(replica);
      next();
      idle.signalAll();
    } finally {
      lock.unlock();
    }
  }

  private void next() {
    Condition first = waiting.peek();
    if (first != null) {
      first.signal();
    }
  }

  private void checkOpen() {
    if (closed) {
      throw trace.refusal("the pool was closed");
    }
  }

  /**
   * Lets running calls end, turns waiting ones away, and frees all replicas; closing twice is
   * harmless.
   *
   * @throws Zennit4jException if it is called by work of this pool
   */
  @Override
  public void close() {
    lock.lock();
    try {
      if (running.contains(Thread.currentThread())) {
        throw new Zennit4jException("work in a pool cannot close the pool");
      }
      closed = true;
      trace.close();
      waiting.forEach(Condition::signal);
      while (!running.isEmpty()) {
        idle.awaitUninterruptibly();
      }
      if (!released) {
        released = true;
        replicas.forEach(Replica::close);
        source.release();
      }
    } finally {
      lock.unlock();
    }
  }
}
