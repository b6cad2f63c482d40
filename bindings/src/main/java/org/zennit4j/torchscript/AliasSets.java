/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.torchscript;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.bytedeco.pytorch.IValue;
import org.zennit4j.graph.ir.Constant;

/**
 * Which slots of a code may share memory, as a view does with its base, or a list with its
 * elements, and by which names they are known in the graph.
 */
final class AliasSets {
  /** A name that a slot has in a graph. */
  private record Name(Activation activation, long value) {}

  private final List<Constant> constants;

  /** Slots that may share memory, by each of them. */
  private final Map<Integer, Set<Integer>> groups = new HashMap<>();

  /** Parameters whose memory others may see. */
  private final Set<Integer> pinned = new HashSet<>();

  private final Map<Integer, List<Name>> names = new HashMap<>();

  /**
   * Makes sets for one code.
   *
   * @param constants the values of the code's negative slots, as they come
   */
  AliasSets(List<Constant> constants) {
    this.constants = constants;
  }

  /** Notes that a slot is known by a name. */
  void name(int slot, Activation activation, long value) {
    names.computeIfAbsent(slot, k -> new ArrayList<>()).add(new Name(activation, value));
  }

  /** Notes that whoever knew one slot reads another one from now on. */
  void rename(int from, int to) {
    names.computeIfAbsent(to, k -> new ArrayList<>()).addAll(names.getOrDefault(from, List.of()));
  }

  /** Notes that others may see a parameter's memory. */
  void pin(int parameter) {
    pinned.add(parameter);
  }

  /** Notes that two slots may share memory, as a view does, or a list with its elements. */
  void share(int a, int b) {
    if (a == b || isPlain(a) || isPlain(b)) {
      return;
    }
    Set<Integer> first = groups.computeIfAbsent(a, k -> new HashSet<>(Set.of(a)));
    Set<Integer> second = groups.computeIfAbsent(b, k -> new HashSet<>(Set.of(b)));
    if (first != second) {
      first.addAll(second);
      second.forEach(slot -> groups.put(slot, first));
    }
  }

  private boolean isPlain(int slot) {
    if (slot >= 0) {
      return false;
    }
    IValue value = constants.get(-1 - slot).value();
    return !value.isTensor() && !value.isList() && !value.isTuple();
  }

  Set<Integer> group(int slot) {
    return groups.getOrDefault(slot, Set.of(slot));
  }

  /** Whether a write into a slot can be seen otherwise than by reading the slot later. */
  boolean memoryMatters(int slot) {
    for (int other : group(slot)) {
      boolean live =
          other != slot
              && (other < 0
                  || names.getOrDefault(other, List.of()).stream()
                      .anyMatch(name -> name.activation().live(name.value())));
      if (live || pinned.contains(other)) {
        return true;
      }
    }
    return false;
  }

  /** Notes that each output may share memory with the input of the same place. */
  void shareAll(int[] out, int[] in) {
    for (int i = 0; i < out.length; i++) {
      share(out[i], in[i]);
    }
  }
}
