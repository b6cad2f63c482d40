/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.runtime;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.AutoGradMode;
import org.bytedeco.pytorch.IValue;
import org.bytedeco.pytorch.Tensor;
import org.zennit4j.bindings.Natives;
import org.zennit4j.bindings.internal.NativeWork;
import org.zennit4j.graph.Operators;
import org.zennit4j.graph.ir.Block;
import org.zennit4j.graph.ir.Code;
import org.zennit4j.graph.ir.Constant;
import org.zennit4j.graph.ir.Instruction;
import org.zennit4j.graph.ir.Operator;
import org.zennit4j.graph.ir.TrainingBehaviour;

/**
 * Computes ahead what linear operators are given that parameters alone determine: the weights of
 * standardised convolutions, of weight and spectral normalisation and of parametrizations, so that
 * rules find a weight that they can change. The same operators run on the same values, once, so
 * that outputs stay equal to the bit.
 */
public final class ConstantFolding {
  private final List<Pointer> owned;

  private ConstantFolding(List<Pointer> owned) {
    this.owned = owned;
  }

  /**
   * Folds a model's code.
   *
   * @param code what the model runs; must write into no tensor that others can see
   * @param owned receives what the new code's owner has to release
   * @return the same code if there is nothing to fold
   */
  @SuppressWarnings("exports")
  public static Code fold(Code code, List<Pointer> owned) {
    return new ConstantFolding(owned).new Rewriting(code).rewrite().orElse(code);
  }

  /** Folds one code. */
  private final class Rewriting {
    private final Code code;
    private final List<Constant> constants;

    /** Steps that depend on constants alone, in order, and what they define. */
    private final List<Instruction> early = new ArrayList<>();

    private final Set<Integer> known = new HashSet<>();
    private boolean changed;

    Rewriting(Code code) {
      this.code = code;
      this.constants = new ArrayList<>(code.constants());
    }

    /** The folded code, or empty if there is nothing to fold. */
    Optional<Code> rewrite() {
      int[] own = java.util.stream.IntStream.range(0, code.parameters()).toArray();
      Block body = rewrite(code.body(), own);
      if (!changed) {
        return Optional.empty();
      }
      return Optional.of(
          new Code(
              code.path(), code.parameters(), code.slots(), constants, withoutUnused(body, own)));
    }

    private Block rewrite(Block block, int[] own) {
      int before = early.size();
      Set<Integer> outer = Set.copyOf(known);
      List<Instruction> result = new ArrayList<>();
      for (Instruction instruction : block.instructions) {
        result.add(instruction.accept(steps));
      }
      // What a block defines is not there behind it.
      early.subList(before, early.size()).clear();
      known.retainAll(outer);
      return new Block(result, block.results, own);
    }

    private final Instruction.Visitor<Instruction> steps =
        new Instruction.Visitor<>() {
          @Override
          public Instruction operate(Instruction.Operate operate) {
            note(operate);
            return known.contains(operate.out.length > 0 ? operate.out[0] : -1)
                ? operate
                : withConstants(operate);
          }

          @Override
          public Instruction invoke(Instruction.Invoke invoke) {
            note(invoke);
            Optional<Code> callee = new Rewriting(invoke.callee).rewrite();
            changed |= callee.isPresent();
            return callee.map(invoke::withCallee).orElse(invoke);
          }

          @Override
          public Instruction branch(Instruction.Branch branch) {
            return new Instruction.Branch(
                branch.in[0],
                rewrite(branch.then, new int[0]),
                rewrite(branch.otherwise, new int[0]),
                branch.out);
          }

          @Override
          public Instruction loop(Instruction.Loop loop) {
            return new Instruction.Loop(
                loop.in, loop.bodyIn, rewrite(loop.body, loop.bodyIn), loop.out);
          }

          @Override
          public Instruction other(Instruction any) {
            note(any);
            return any;
          }
        };

    private void note(Instruction instruction) {
      boolean ready = Arrays.stream(instruction.in).allMatch(s -> s < 0 || known.contains(s));
      if (ready && instruction.out.length > 0 && isPure(instruction, code)) {
        early.add(instruction);
        Arrays.stream(instruction.out).forEach(known::add);
      }
    }

    private Instruction.Operate withConstants(Instruction.Operate operate) {
      Operators.Info info = Operators.of(operate.operator.name());
      int input = operate.operator.argument("input");
      boolean linear =
          info.is(Operators.Kind.CONVOLUTION, Operators.Kind.LINEAR)
              && input >= 0
              && operate.operator.argument("weight") >= 0;
      if (!linear) {
        return operate;
      }
      int[] in = operate.in.clone();
      for (int i = 0; i < in.length; i++) {
        if (i != input && known.contains(in[i])) {
          constants.add(value(in[i], operate.operator.arguments().get(i)));
          in[i] = -constants.size();
          changed = true;
        }
      }
      return operate.withInputs(in);
    }

    @SuppressWarnings("try") // the mode works by being there
    private Constant value(int slot, String argument) {
      Block steps = new Block(early, new int[] {slot}, new int[0]);
      Code alone = new Code(code.path(), 0, code.slots(), constants, steps);
      try (PointerScope scope = new PointerScope();
          AutoGradMode off = new AutoGradMode(false)) {
        IValue found =
            new Interpreter(null, NativeWork::checkEnding).run(alone, new IValue[0], null)[0];
        owned.add(found);
        boolean tensor = found.isTensor();
        if (tensor && found.toTensor().requires_grad()) {
          Tensor detached = found.toTensor().detach();
          found = Natives.keep(new IValue(detached));
          owned.add(found);
        }
        return Constant.of(found, tensor ? code.path() : null, tensor ? argument : null, owned);
      }
    }

    /** What was computed ahead need not run if nothing else uses it. */
    private Block withoutUnused(Block block, int[] own) {
      Set<Integer> used = new HashSet<>();
      Arrays.stream(block.results).forEach(used::add);
      List<Instruction> kept = new ArrayList<>();
      Set<Integer> ahead = new HashSet<>();
      for (int i = block.instructions.size() - 1; i >= 0; i--) {
        Instruction instruction = block.instructions.get(i);
        if (isAhead(block, i, ahead) && Arrays.stream(instruction.out).noneMatch(used::contains)) {
          continue;
        }
        uses(instruction, used);
        kept.add(0, instruction);
      }
      return new Block(kept, block.results, own);
    }

    /** Whether a step of the body depends on constants alone. */
    private boolean isAhead(Block block, int position, Set<Integer> ahead) {
      if (ahead.isEmpty()) {
        ahead.add(Integer.MIN_VALUE);
        for (Instruction instruction : block.instructions) {
          boolean ready =
              Arrays.stream(instruction.in).allMatch(slot -> slot < 0 || ahead.contains(slot));
          if (ready && instruction.out.length > 0 && isPure(instruction, code)) {
            Arrays.stream(instruction.out).forEach(ahead::add);
          }
        }
      }
      int[] out = block.instructions.get(position).out;
      return out.length > 0 && ahead.contains(out[0]);
    }
  }

  private static void uses(Instruction instruction, Set<Integer> used) {
    Arrays.stream(instruction.in).forEach(used::add);
    for (Block block : instruction.blocks()) {
      block.instructions.forEach(inner -> uses(inner, used));
      Arrays.stream(block.results).forEach(used::add);
    }
  }

  /** Whether a step always gives the same for the same, and does nothing else. */
  private static boolean isPure(Instruction instruction, Code code) {
    return instruction.accept(
        new Instruction.Visitor<Boolean>() {
          @Override
          public Boolean operate(Instruction.Operate operate) {
            return isPure(operate, code);
          }

          @Override
          public Boolean invoke(Instruction.Invoke invoke) {
            return isPure(invoke.callee.body(), invoke.callee);
          }

          @Override
          public Boolean structure(Instruction any) {
            return true;
          }

          @Override
          public Boolean other(Instruction any) {
            return false;
          }
        });
  }

  private static boolean isPure(Block block, Code code) {
    return block.instructions.stream().allMatch(instruction -> isPure(instruction, code));
  }

  private static boolean isPure(Instruction.Operate operate, Code code) {
    Operator operator = operate.operator;
    Operators.Info info = Operators.of(operator.name());
    boolean ours = operator.name().startsWith("aten::") || operator.name().startsWith("prim::");
    boolean changes =
        Operators.isInPlace(operator.name())
            || info.is(Operators.Kind.LIST)
            || info.is(Operators.Trait.STORES)
            || info.is(Operators.Trait.WRITES_LIST)
            || info.is(Operators.Trait.NEVER_FOLDED)
            || info.is(Operators.Trait.RANDOM)
            || info.name().startsWith("empty");
    return ours && !changes && !isTraining(operate, code);
  }

  /** A normalisation of weights by their own statistics is none of the batch. */
  private static boolean isTraining(Instruction.Operate operate, Code code) {
    Operators.Info info = Operators.of(operate.operator.name());
    if (info.is(Operators.Trait.BATCH_STATISTICS)) {
      Constant mean = code.constant(operate, "running_mean");
      return mean == null || !mean.isNone();
    }
    return TrainingBehaviour.of(
            operate.operator.name(),
            name -> {
              Constant constant = code.constant(operate, name);
              return constant == null ? null : constant.value();
            })
        != null;
  }
}
