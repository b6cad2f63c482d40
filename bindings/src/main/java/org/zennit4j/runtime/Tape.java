/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.runtime;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.pytorch.Tensor;
import org.zennit4j.bindings.Natives;
import org.zennit4j.bindings.internal.AutogradFunction;

/**
 * What a recorded run keeps for its way back: the autograd functions, and all native objects that
 * they need. Hooks add to it from the autograd engine's threads, of which there may be several.
 */
final class Tape implements AutoCloseable {
  final AutogradFunction autograd = new AutogradFunction();
  private final List<Pointer> kept = new ArrayList<>();
  private final List<Values> values = new ArrayList<>();
  private final List<LayerCall> calls = new ArrayList<>();
  private final List<Part> parts = new ArrayList<>();

  /** A part of a program that was recorded on a tape of its own. */
  static final class Part implements AutoCloseable {
    final Tape tape;

    /** What it was run on, in the order of its floating inputs. */
    final List<Tensor> leaves;

    /** What it made. */
    final Values made;

    private boolean closed;

    Part(Tape tape, List<Tensor> leaves, Values made) {
      this.tape = tape;
      this.leaves = leaves;
      this.made = made;
    }

    @Override
    public void close() {
      if (!closed) {
        closed = true;
        made.close();
        tape.close();
      }
    }
  }

  <P extends Pointer> P keep(P pointer) {
    synchronized (kept) {
      kept.add(Natives.keep(pointer));
    }
    return pointer;
  }

  /** Takes over what was kept. */
  void takeOver(List<? extends Pointer> pointers) {
    synchronized (kept) {
      kept.addAll(pointers);
    }
  }

  Values own(Values all) {
    values.add(all);
    return all;
  }

  LayerCall own(LayerCall call) {
    calls.add(call);
    return call;
  }

  Part own(Part part) {
    parts.add(part);
    return part;
  }

  @Override
  public void close() {
    parts.forEach(Part::close);
    values.forEach(Values::close);
    calls.forEach(LayerCall::close);
    Natives.releaseAll(kept);
    autograd.close();
  }
}
