/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.bindings.internal;

import org.zennit4j.bindings.ClosedException;

/**
 * Counts who is inside something that can be closed: closing refuses new ones at once, and the last
 * one out frees. Thread-safe; whoever closes never waits.
 */
public final class Uses {
  private final String refusal;
  private final Runnable free;
  private final Leaks.Trace trace;
  private int inside;
  private boolean closed;

  /**
   * Nobody inside.
   *
   * @param refusal what someone who comes too late is told
   * @param free frees what is guarded; runs once, in the thread that closes or leaves last
   * @param trace hears of the close
   */
  public Uses(String refusal, Runnable free, Leaks.Trace trace) {
    this.refusal = refusal;
    this.free = free;
    this.trace = trace;
  }

  /**
   * Enters; every enter is paired with one {@link #leave}.
   *
   * @throws ClosedException if it is closed
   */
  public synchronized void enter() {
    check();
    inside++;
  }

  /**
   * Looks whether it is open, without entering.
   *
   * @throws ClosedException if it is closed
   */
  public synchronized void check() {
    if (closed) {
      throw trace.refusal(refusal);
    }
  }

  /** Leaves. */
  public void leave() {
    boolean last;
    synchronized (this) {
      last = --inside == 0 && closed;
    }
    if (last) {
      free.run();
    }
  }

  /**
   * Closes; nothing if it is closed already.
   *
   * @return whether this call closed it
   */
  public boolean close() {
    boolean last;
    synchronized (this) {
      if (closed) {
        return false;
      }
      closed = true;
      trace.close();
      last = inside == 0;
    }
    if (last) {
      free.run();
    }
    return true;
  }
}
