/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.graph;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.zennit4j.graph.ir.Block;
import org.zennit4j.graph.ir.Code;
import org.zennit4j.graph.ir.Constant;
import org.zennit4j.graph.ir.Instruction;

/**
 * Follows what is known about values forward through a program: across the borders of modules, both
 * ways of a condition, and a loop's turns until nothing new is found.
 *
 * @param <V> what is known about a value; compared by {@code equals}
 */
abstract class ForwardAnalysis<V> {
  /** A loop whose turns go on telling something new is given up after so many. */
  private static final int MOST_TURNS = 16;

  /** What is known about the values of one running code. */
  final class Frame {
    private final Code code;
    private final Map<Integer, V> values;

    private Frame(Code code, Map<Integer, V> values) {
      this.code = code;
      this.values = values;
    }

    Code code() {
      return code;
    }

    V get(int slot) {
      return slot < 0 ? constant(code.constant(slot)) : values.getOrDefault(slot, unknown());
    }

    List<V> get(int[] slots) {
      List<V> result = new ArrayList<>(slots.length);
      for (int slot : slots) {
        result.add(get(slot));
      }
      return result;
    }

    void put(int slot, V value) {
      if (slot >= 0) {
        values.put(slot, value);
      }
    }

    private void put(int[] slots, List<V> found) {
      for (int i = 0; i < slots.length; i++) {
        put(slots[i], found.get(i));
      }
    }
  }

  /** What is known about a constant. */
  abstract V constant(Constant constant);

  /** What is known about a value that is not followed. */
  abstract V unknown();

  /** What is known about a value that is one or the other. */
  abstract V join(V a, V b);

  /** What an operator makes of its arguments; may change what is known about these. */
  abstract List<V> operate(Instruction.Operate operate, List<V> in, Frame frame);

  /** What lists, tuples and everything else that is no operator make. */
  abstract List<V> structure(Instruction instruction, List<V> in, Frame frame);

  /** Told of each call of a module, before it is followed. */
  abstract void enter(Instruction.Invoke call, List<V> in);

  /** Told of what a call of a module results in. */
  void leave(Instruction.Invoke call, List<V> results) {}

  /** Told of the begin of a loop, and of its end: what is done in it may be done several times. */
  void loop(boolean begins) {}

  /** Told of values that are put together with others, or cross the border of a loop. */
  void merged(List<V> values) {}

  /** The results of a code. */
  final List<V> run(Code code, List<V> arguments) {
    Frame frame = new Frame(code, new HashMap<>());
    for (int i = 0; i < arguments.size(); i++) {
      frame.put(i, arguments.get(i));
    }
    run(code.body(), frame);
    return frame.get(code.body().results);
  }

  private void run(Block block, Frame frame) {
    Steps steps = new Steps(frame);
    block.instructions.forEach(instruction -> instruction.accept(steps));
  }

  private final class Steps implements Instruction.Visitor<Void> {
    private final Frame frame;

    Steps(Frame frame) {
      this.frame = frame;
    }

    @Override
    public Void operate(Instruction.Operate operate) {
      frame.put(operate.out, ForwardAnalysis.this.operate(operate, frame.get(operate.in), frame));
      return null;
    }

    @Override
    public Void invoke(Instruction.Invoke invoke) {
      List<V> in = frame.get(invoke.in);
      enter(invoke, in);
      List<V> results = run(invoke.callee, in);
      leave(invoke, results);
      frame.put(invoke.out, results);
      return null;
    }

    @Override
    public Void alias(Instruction.Alias alias) {
      frame.put(alias.out[0], frame.get(alias.in[0]));
      return null;
    }

    @Override
    public Void branch(Instruction.Branch branch) {
      Frame other = new Frame(frame.code, new HashMap<>(frame.values));
      run(branch.then, frame);
      run(branch.otherwise, other);
      List<V> a = frame.get(branch.then.results);
      List<V> b = other.get(branch.otherwise.results);
      other.values.forEach((slot, value) -> frame.values.merge(slot, value, this::either));
      merged(a);
      merged(b);
      frame.put(branch.out, joined(a, b));
      return null;
    }

    private V either(V a, V b) {
      return a.equals(b) ? a : join(a, b);
    }

    private List<V> joined(List<V> a, List<V> b) {
      List<V> result = new ArrayList<>(a.size());
      for (int i = 0; i < a.size(); i++) {
        result.add(either(a.get(i), b.get(i)));
      }
      return result;
    }

    @Override
    public Void loop(Instruction.Loop loop) {
      int carried = loop.out.length;
      List<V> values = frame.get(Arrays.copyOfRange(loop.in, 2, 2 + carried));
      int[] slots = Arrays.copyOfRange(loop.bodyIn, 1, 1 + carried);
      merged(values);
      ForwardAnalysis.this.loop(true);
      boolean changed = true;
      for (int turn = 0; changed; turn++) {
        if (turn == MOST_TURNS) {
          values = Collections.nCopies(carried, unknown());
        }
        frame.put(loop.bodyIn[0], unknown());
        frame.put(slots, values);
        run(loop.body, frame);
        List<V> after = frame.get(loop.body.results).subList(1, 1 + carried);
        merged(after);
        List<V> next = joined(values, after);
        changed = turn < MOST_TURNS && !next.equals(values);
        values = next;
      }
      ForwardAnalysis.this.loop(false);
      frame.put(loop.out, values);
      return null;
    }

    @Override
    public Void other(Instruction instruction) {
      frame.put(
          instruction.out,
          ForwardAnalysis.this.structure(instruction, frame.get(instruction.in), frame));
      return null;
    }
  }
}
