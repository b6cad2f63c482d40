/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.datasets;

import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/** Writes batches in the order in which they come, and keeps the caller from running ahead. */
final class PartsWriter implements AutoCloseable {
  private static final int QUEUE = 2;
  private static final Writing END = new Writing(-1, true, null);

  /**
   * A batch that is to be written.
   *
   * @param last whether it ends its segment
   * @param batch made by the thread that writes
   */
  record Writing(int segment, boolean last, Supplier<Explained> batch) {}

  private final BlockingQueue<Writing> queue = new ArrayBlockingQueue<>(QUEUE);
  private final Thread thread;
  private volatile Throwable failure;

  PartsWriter(Parts parts, int level) {
    thread = Daemons.named("writes samples").newThread(() -> write(parts, level));
    thread.start();
  }

  private void write(Parts parts, int level) {
    Parts.Writer part = null;
    try {
      for (Writing next = queue.take(); next.segment >= 0; next = queue.take()) {
        if (part == null) {
          part = parts.new Writer(next.segment, level);
        }
        part.write(next.batch.get());
        if (next.last) {
          part.commit();
          part.close();
          part = null;
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (RuntimeException | Error e) {
      failure = e;
    } finally {
      if (part != null) {
        part.close();
      }
    }
  }

  void put(Writing writing) {
    try {
      while (!queue.offer(writing, 100, TimeUnit.MILLISECONDS)) {
        check();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new DatasetException("interrupted", e);
    }
    check();
  }

  private void check() {
    if (failure instanceof RuntimeException e) {
      throw e;
    }
    if (failure != null) {
      throw new DatasetException("cannot write: " + failure, failure);
    }
  }

  void finish() {
    put(END);
    try {
      thread.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new DatasetException("interrupted", e);
    }
    check();
  }

  @Override
  public void close() {
    thread.interrupt();
    try {
      thread.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
