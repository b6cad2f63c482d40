/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.runtime;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import org.zennit4j.graph.Operators;
import org.zennit4j.graph.ir.Block;
import org.zennit4j.graph.ir.Code;
import org.zennit4j.graph.ir.Instruction;

/**
 * The parts of a program that run a second time on the way back, so that in between nothing but
 * their inputs is kept: about as many parts as each of them has steps, which makes what is kept,
 * and what a part needs when it runs again, the root of all.
 *
 * <p>Parts are chosen such that gradients are added up in the order in which they are without
 * parts: a value that is used again behind a part is used once in it. Parts that draw random
 * numbers or change lists run once.
 */
final class Segments {
  /** Some instructions of a block, one after the other. */
  static final class Piece {
    private final Block block;
    private final int from;
    private final int to;
    private final int[] in;
    private final int[] out;
    private final int number;

    private Piece(Block block, int from, int to, int[] in, int[] out, int number) {
      this.block = block;
      this.from = from;
      this.to = to;
      this.in = in;
      this.out = out;
      this.number = number;
    }

    Block block() {
      return block;
    }

    /** The first instruction. */
    int from() {
      return from;
    }

    /** Behind the last instruction. */
    int to() {
      return to;
    }

    /** The slots that they read, defined before; not to be written to. */
    int[] in() {
      return in;
    }

    /** The slots that they define and that are read after them; not to be written to. */
    int[] out() {
      return out;
    }

    /** Which part it is, in the order in which they run. */
    int number() {
      return number;
    }
  }

  private final Map<Block, Map<Integer, Piece>> pieces = new HashMap<>();
  private final List<Piece> inOrder = new ArrayList<>();
  private final Predicate<Instruction> single;
  private final Predicate<Instruction> plain;
  private int most;

  /**
   * Chooses parts.
   *
   * @param code what runs
   * @param single calls that one function stands for
   * @param plain operators and calls that no part may have in it
   */
  Segments(Code code, Predicate<Instruction> single, Predicate<Instruction> plain) {
    this.single = single;
    this.plain = plain;
    this.most = (int) Math.ceil(Math.sqrt(weight(code.body())));
    walk(code.body(), Set.of());
    if (!inOrder.isEmpty()) {
      // What the last part makes is needed at once.
      Piece last = inOrder.get(inOrder.size() - 1);
      pieces.get(last.block()).remove(last.from());
    }
  }

  /** How many parts run from one on. */
  int rest(Piece piece) {
    return inOrder.size() - piece.number();
  }

  /** The part that begins with an instruction, or null. */
  Piece at(Block block, int index) {
    Map<Integer, Piece> found = pieces.get(block);
    return found == null ? null : found.get(index);
  }

  private int weight(Block block) {
    return block.instructions.stream().mapToInt(this::weight).sum();
  }

  /** How many steps there are in it that make values. */
  private int weight(Instruction instruction) {
    if (instruction instanceof Instruction.Operate call) {
      return isPassing(call) ? 0 : 1;
    }
    if (instruction instanceof Instruction.Invoke call) {
      return single.test(call) ? 1 : weight(call.callee.body());
    }
    return instruction.blocks().stream().mapToInt(this::weight).sum();
  }

  /** Whether the result may be an argument itself. */
  private static boolean isPassing(Instruction.Operate call) {
    Operators.Info info = Operators.of(call.operator.name());
    return info.is(Operators.Trait.PASSING)
        || info.is(Operators.Trait.HANDS_OUT)
        || info.is(Operators.Kind.METADATA)
        || info.name().endsWith("dropout");
  }

  private boolean isPlain(Instruction instruction) {
    if (instruction instanceof Instruction.Operate call) {
      Operators.Info info = Operators.of(call.operator.name());
      return plain.test(call)
          || info.is(Operators.Trait.RANDOM)
          || info.is(Operators.Trait.WRITES_LIST)
          || info.is(Operators.Trait.STORES)
          || Operators.isInPlace(call.operator.name());
    }
    if (instruction instanceof Instruction.Invoke call) {
      return plain.test(call) || call.callee.body().instructions.stream().anyMatch(this::isPlain);
    }
    return instruction.blocks().stream()
        .anyMatch(block -> block.instructions.stream().anyMatch(this::isPlain));
  }

  /**
   * Divides a block.
   *
   * @param outliving slots whose values are used by others after the block
   */
  private void walk(Block block, Set<Integer> outliving) {
    int from = 0;
    int sum = 0;
    int count = block.instructions.size();
    Map<Integer, Set<Integer>> same = same(block);
    for (int i = 0; i < count; i++) {
      Instruction instruction = block.instructions.get(i);
      int weight = weight(instruction);
      boolean plainly = isPlain(instruction);
      if (plainly || (weight > most && isOpen(instruction))) {
        close(block, from, i, sum, same, outliving);
        if (isOpen(instruction)) {
          descend(block, i, same, outliving);
        }
        from = i + 1;
        sum = 0;
      } else if (sum + weight > most) {
        close(block, from, i, sum, same, outliving);
        from = i;
        sum = weight;
      } else {
        sum += weight;
      }
    }
    close(block, from, count, sum, same, outliving);
  }

  private boolean isOpen(Instruction instruction) {
    return instruction instanceof Instruction.Branch
        || (instruction instanceof Instruction.Invoke call
            && !single.test(call)
            && !plain.test(call));
  }

  private void descend(
      Block block, int i, Map<Integer, Set<Integer>> same, Set<Integer> outliving) {
    Set<Integer> after = after(block, i + 1, outliving);
    if (block.instructions.get(i) instanceof Instruction.Invoke call) {
      Set<Integer> parameters = new HashSet<>();
      Set<Integer> seen = new HashSet<>();
      for (int k = 0; k < call.in.length; k++) {
        boolean again = !seen.add(call.in[k]);
        if (again || isAmong(call.in[k], after, same)) {
          parameters.add(k);
        }
      }
      walk(call.callee.body(), parameters);
      return;
    }
    // A branch reads its surroundings' slots, whose later uses it does not see.
    Set<Integer> all = new HashSet<>(outliving);
    for (Set<Integer> group : same.values()) {
      all.addAll(group);
    }
    reads(block).forEach(all::add);
    for (Block inner : block.instructions.get(i).blocks()) {
      walk(inner, all);
    }
  }

  private static Set<Integer> reads(Block block) {
    Set<Integer> read = new HashSet<>();
    for (Instruction instruction : block.instructions) {
      uses(instruction, read);
    }
    return read;
  }

  /** The slots that are read from an instruction on, and those that others read after the block. */
  private static Set<Integer> after(Block block, int from, Set<Integer> outliving) {
    Set<Integer> read = new HashSet<>(outliving);
    for (int i = from; i < block.instructions.size(); i++) {
      uses(block.instructions.get(i), read);
    }
    for (int slot : block.results) {
      read.add(slot);
    }
    return read;
  }

  private static void uses(Instruction instruction, Set<Integer> used) {
    for (int slot : instruction.in) {
      used.add(slot);
    }
    for (Block block : instruction.blocks()) {
      for (Instruction inner : block.instructions) {
        uses(inner, used);
      }
      for (int slot : block.results) {
        used.add(slot);
      }
    }
  }

  private static boolean isAmong(int slot, Set<Integer> slots, Map<Integer, Set<Integer>> same) {
    return same.getOrDefault(slot, Set.of(slot)).stream().anyMatch(slots::contains);
  }

  /** The slots that may hold one value, or one that is part of the other. */
  private Map<Integer, Set<Integer>> same(Block block) {
    Map<Integer, Set<Integer>> groups = new HashMap<>();
    for (Instruction instruction : block.instructions) {
      if (!makes(instruction)) {
        Set<Integer> group = new HashSet<>();
        Arrays.stream(instruction.in).filter(s -> s >= 0).forEach(group::add);
        Arrays.stream(instruction.out).forEach(group::add);
        for (int slot : List.copyOf(group)) {
          group.addAll(groups.getOrDefault(slot, Set.of()));
        }
        group.forEach(slot -> groups.put(slot, group));
      }
    }
    return groups;
  }

  private boolean makes(Instruction instruction) {
    return instruction instanceof Instruction.Operate call
        ? !isPassing(call)
        : instruction instanceof Instruction.Invoke && weight(instruction) > 0;
  }

  private void close(
      Block block,
      int from,
      int to,
      int weight,
      Map<Integer, Set<Integer>> same,
      Set<Integer> outliving) {
    if (weight < 2) {
      return;
    }
    Set<Integer> defined = new HashSet<>();
    Set<Integer> read = new HashSet<>();
    Map<Integer, Integer> times = new HashMap<>();
    for (int i = from; i < to; i++) {
      Instruction instruction = block.instructions.get(i);
      Set<Integer> used = new HashSet<>();
      uses(instruction, used);
      inner(instruction, defined);
      boolean once =
          instruction instanceof Instruction.Operate
              || (instruction instanceof Instruction.Invoke && single.test(instruction));
      for (int slot : used) {
        if (slot >= 0 && !defined.contains(slot)) {
          read.add(slot);
          long own = Arrays.stream(instruction.in).filter(s -> s == slot).count();
          times.merge(slot, once && own == 1 ? 1 : 2, Integer::sum);
        }
      }
      Arrays.stream(instruction.out).forEach(defined::add);
    }
    Set<Integer> after = after(block, to, outliving);
    for (int slot : read) {
      int uses =
          same.getOrDefault(slot, Set.of(slot)).stream()
              .mapToInt(s -> times.getOrDefault(s, 0))
              .sum();
      if (uses > 1 && isAmong(slot, after, same)) {
        return;
      }
    }
    int[] out = defined.stream().filter(after::contains).mapToInt(s -> s).sorted().toArray();
    int[] in = read.stream().mapToInt(s -> s).sorted().toArray();
    if (out.length == 0) {
      return;
    }
    Piece piece = new Piece(block, from, to, in, out, inOrder.size());
    pieces.computeIfAbsent(block, b -> new HashMap<>()).put(from, piece);
    inOrder.add(piece);
  }

  /** The slots that are defined inside of an instruction. */
  private static void inner(Instruction instruction, Set<Integer> defined) {
    if (instruction instanceof Instruction.Loop loop) {
      Arrays.stream(loop.bodyIn).forEach(defined::add);
    }
    for (Block block : instruction.blocks()) {
      for (Instruction each : block.instructions) {
        inner(each, defined);
        Arrays.stream(each.out).forEach(defined::add);
      }
    }
  }
}
