/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.testing;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.bytedeco.javacpp.PointerScope;

/** Something that is closed while four threads use it. */
public final class ClosedUnderUse {
  private static final int THREADS = 4;
  private static final int LONGEST_US = 8000;

  private ClosedUnderUse() {}

  /**
   * Lets threads use something in a loop, each time in a scope of its own, closes it at a random
   * moment after all of them have used it once, and waits until they were refused.
   *
   * @param random chooses the moment
   * @param refusal what a thread is told that comes too late
   * @param use one use
   * @param inOrder what to close, in this order
   * @throws Exception what a close throws
   * @throws AssertionError if a thread was told anything else
   */
  public static void run(
      Random random,
      Class<? extends RuntimeException> refusal,
      Runnable use,
      AutoCloseable... inOrder)
      throws Exception {
    AtomicReference<Throwable> unexpected = new AtomicReference<>();
    CountDownLatch started = new CountDownLatch(THREADS);
    List<Thread> threads = new ArrayList<>();
    for (int t = 0; t < THREADS; t++) {
      Thread thread = new Thread(() -> loop(refusal, use, started, unexpected));
      threads.add(thread);
      thread.start();
    }
    started.await();
    TimeUnit.MICROSECONDS.sleep(random.nextInt(LONGEST_US));
    for (AutoCloseable closeable : inOrder) {
      closeable.close();
    }
    for (Thread thread : threads) {
      thread.join();
    }
    if (unexpected.get() != null) {
      throw new AssertionError("a thread was not told that it came too late", unexpected.get());
    }
  }

  private static void loop(
      Class<? extends RuntimeException> refusal,
      Runnable use,
      CountDownLatch started,
      AtomicReference<Throwable> unexpected) {
    try {
      while (true) {
        try (PointerScope scope = new PointerScope()) {
          use.run();
        }
        started.countDown();
      }
    } catch (Throwable e) {
      if (!refusal.isInstance(e)) {
        unexpected.set(e);
      }
    } finally {
      started.countDown();
    }
  }
}
