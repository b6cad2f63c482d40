/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.graph.ir;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * A list of instructions with the slots that each of them is the last to use, and the slots of its
 * results.
 */
public final class Block {
  public final List<Instruction> instructions;
  public final int[] results;

  /** Slots to be freed after instruction i. */
  public final int[][] dead;

  /** Slots to be freed after the results were read: those that this block defines. */
  public final int[] left;

  /**
   * Makes a block.
   *
   * @param instructions the steps, in order
   * @param results the slots that are read after the last step
   * @param own slots that the block defines beside the outputs of its instructions: a code's
   *     parameters, a loop's carried values
   */
  public Block(List<Instruction> instructions, int[] results, int[] own) {
    this.instructions = List.copyOf(instructions);
    this.results = results;
    Set<Integer> kept = new HashSet<>();
    for (int r : results) {
      kept.add(r);
    }
    Map<Integer, Integer> lastUse = new HashMap<>();
    for (int slot : own) {
      lastUse.put(slot, -1);
    }
    for (int i = 0; i < instructions.size(); i++) {
      Instruction instruction = instructions.get(i);
      Set<Integer> used = new HashSet<>();
      uses(instruction, used);
      for (int slot : used) {
        if (lastUse.containsKey(slot)) {
          lastUse.put(slot, i);
        }
      }
      for (int slot : instruction.out) {
        lastUse.put(slot, i);
      }
    }
    this.left =
        java.util.stream.IntStream.concat(
                java.util.Arrays.stream(results), java.util.Arrays.stream(own))
            .filter(lastUse::containsKey)
            .distinct()
            .toArray();
    List<List<Integer>> lists = new ArrayList<>();
    for (int i = 0; i < instructions.size(); i++) {
      lists.add(new ArrayList<>());
    }
    lastUse.forEach(
        (slot, i) -> {
          if (!kept.contains(slot) && i >= 0) {
            lists.get(i).add(slot);
          }
        });
    this.dead = new int[instructions.size()][];
    for (int i = 0; i < dead.length; i++) {
      dead[i] = lists.get(i).stream().mapToInt(Integer::intValue).sorted().toArray();
    }
  }

  private static void uses(Instruction instruction, Set<Integer> used) {
    for (int slot : instruction.in) {
      used.add(slot);
    }
    instruction.blocks().forEach(block -> uses(block, used));
  }

  private static void uses(Block block, Set<Integer> used) {
    for (Instruction instruction : block.instructions) {
      uses(instruction, used);
    }
    for (int slot : block.results) {
      used.add(slot);
    }
  }
}
