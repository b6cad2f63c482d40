/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.graph;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.zennit4j.graph.ir.Block;
import org.zennit4j.graph.ir.Code;
import org.zennit4j.graph.ir.Instruction;

/**
 * Where the values of a program come from and who uses them, across the borders of modules.
 * Operators that only look at a tensor's shape or type do not count as users. Values that pass a
 * condition, a loop or a list are not followed.
 *
 * <p>Immutable and thread-safe.
 */
public final class DataFlow {
  /** A value: an output of an operator, or something that is not followed further. */
  private static final class Origin {
    final Region producer;
    final boolean dependsOnInput;
    final List<Region> consumers = new ArrayList<>();
    int opaqueUses;

    Origin(Region producer, boolean dependsOnInput) {
      this.producer = producer;
      this.dependsOnInput = dependsOnInput;
    }
  }

  private static final Origin CONSTANT = new Origin(null, false);

  private final Program program;
  private final Map<Integer, Origin[]> inputs = new HashMap<>();
  private final Map<Integer, Origin[]> outputs = new HashMap<>();

  DataFlow(Program program) {
    this.program = program;
    Instruction.Invoke entry = program.definition().entry();
    Origin[] arguments = new Origin[entry.in.length];
    for (int i = 0; i < arguments.length; i++) {
      arguments[i] = new Origin(null, true);
    }
    inputs.put(entry.id, arguments);
    Origin[] results = run(entry.callee, arguments);
    for (Origin result : results) {
      result.opaqueUses++;
    }
    outputs.put(entry.id, results);
  }

  private Origin[] run(Code code, Origin[] arguments) {
    Map<Integer, Origin> env = new HashMap<>();
    for (int i = 0; i < arguments.length; i++) {
      env.put(i, arguments[i]);
    }
    run(code.body(), env);
    return get(env, code.body().results);
  }

  private static Origin[] get(Map<Integer, Origin> env, int[] slots) {
    Origin[] result = new Origin[slots.length];
    for (int i = 0; i < slots.length; i++) {
      result[i] = slots[i] < 0 ? CONSTANT : env.getOrDefault(slots[i], CONSTANT);
    }
    return result;
  }

  private void run(Block block, Map<Integer, Origin> env) {
    for (Instruction instruction : block.instructions) {
      Origin[] in = get(env, instruction.in);
      if (instruction instanceof Instruction.Operate operate) {
        Region region = program.region(operate.id);
        boolean reads = !Operators.of(operate.operator.name()).is(Operators.Trait.NO_VALUES);
        boolean depends = false;
        for (Origin origin : in) {
          if (reads && origin != CONSTANT) {
            origin.consumers.add(region);
          }
          depends |= reads && origin.dependsOnInput;
        }
        Origin[] out = new Origin[operate.out.length];
        for (int i = 0; i < out.length; i++) {
          out[i] = new Origin(region, depends);
          env.put(operate.out[i], out[i]);
        }
        inputs.put(operate.id, in);
        outputs.put(operate.id, out);
      } else if (instruction instanceof Instruction.Invoke invoke) {
        inputs.put(invoke.id, in);
        Origin[] out = run(invoke.callee, in);
        for (int i = 0; i < out.length; i++) {
          env.put(invoke.out[i], out[i]);
        }
        outputs.put(invoke.id, out);
      } else if (instruction instanceof Instruction.Alias alias) {
        env.put(alias.out[0], in[0]);
      } else {
        opaque(instruction, in, env);
      }
    }
  }

  private void opaque(Instruction instruction, Origin[] in, Map<Integer, Origin> env) {
    boolean depends = false;
    for (Origin origin : in) {
      origin.opaqueUses++;
      depends |= origin.dependsOnInput;
    }
    if (instruction instanceof Instruction.Branch branch) {
      depends |= nested(branch.then, env);
      depends |= nested(branch.otherwise, env);
    } else if (instruction instanceof Instruction.Loop loop) {
      for (int slot : loop.bodyIn) {
        env.put(slot, new Origin(null, depends));
      }
      depends |= nested(loop.body, env);
    }
    for (int slot : instruction.out) {
      env.put(slot, new Origin(null, depends));
    }
  }

  private boolean nested(Block block, Map<Integer, Origin> env) {
    run(block, env);
    boolean depends = false;
    for (Origin origin : get(env, block.results)) {
      origin.opaqueUses++;
      depends |= origin.dependsOnInput;
    }
    return depends;
  }

  /**
   * The operator that makes an argument.
   *
   * @param region a call
   * @param argument the position among the call's arguments
   * @return the operator's region; empty for the model's input, a constant, or a value that is not
   *     followed
   */
  public Optional<Region> producer(Region region, int argument) {
    Origin[] in = inputs.get(region.id());
    return in == null || argument >= in.length
        ? Optional.empty()
        : Optional.ofNullable(in[argument].producer);
  }

  /**
   * The operator that makes a call's first result.
   *
   * @param region a call
   * @return the operator's region, the region itself if it is an operator; empty if the value is
   *     not followed
   */
  public Optional<Region> result(Region region) {
    Origin[] out = outputs.get(region.id());
    return out == null || out.length == 0 ? Optional.empty() : Optional.ofNullable(out[0].producer);
  }

  /**
   * The operators that use the first output of an operator.
   *
   * @param operator an operator's region
   * @return its users; empty if something uses it that is not followed, the model's output included
   */
  public Optional<List<Region>> consumers(Region operator) {
    Origin[] out = outputs.get(operator.id());
    return out == null || out.length == 0 || out[0].opaqueUses > 0
        ? Optional.empty()
        : Optional.of(List.copyOf(out[0].consumers));
  }

  /**
   * Whether an argument depends on the model's input.
   *
   * @param region a call
   * @param argument the position among the call's arguments
   * @return false for constants and what is made of them
   */
  public boolean dependsOnInput(Region region, int argument) {
    Origin[] in = inputs.get(region.id());
    return in != null && argument < in.length && in[argument].dependsOnInput;
  }
}
