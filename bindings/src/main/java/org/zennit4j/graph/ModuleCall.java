/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.graph;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import org.bytedeco.pytorch.Tensor;
import org.zennit4j.graph.ir.Block;
import org.zennit4j.graph.ir.Code;
import org.zennit4j.graph.ir.Instruction;

/** One call of a module of a {@link Program}. */
public final class ModuleCall extends Region {
  private final Instruction.Invoke invoke;
  private final boolean records;

  ModuleCall(
      Layer layer,
      Region parent,
      Instruction.Invoke invoke,
      Map<String, Tensor> parameters,
      LinearMap linearMap,
      Signs signs) {
    super(invoke.id, layer, parent, parameters, linearMap, signs);
    this.invoke = invoke;
    this.records = records(invoke.callee.body());
  }

  /**
   * The instruction, for those that run or rewrite it.
   *
   * @return as a front end or an editor made it
   */
  @SuppressWarnings("exports")
  public Instruction.Invoke instruction() {
    return invoke;
  }

  /**
   * The code that runs; with other parameters that is more for a normalisation that was merged
   * away.
   *
   * @param withParameters whether parameters are replaced
   * @return the module's code
   */
  @SuppressWarnings("exports")
  public Code code(boolean withParameters) {
    return withParameters ? invoke.parametrised : invoke.callee;
  }

  @Override
  public Optional<BatchNorm> batchNorm() {
    return Optional.ofNullable(BatchNorm.of(invoke, layer().className()));
  }

  @Override
  public String path() {
    return invoke.path;
  }

  @Override
  public OptionalDouble number(String argument) {
    return OptionalDouble.empty();
  }

  @Override
  public Optional<List<Long>> integers(String argument) {
    return Optional.empty();
  }

  @Override
  public List<String> operators() {
    List<String> names = new ArrayList<>();
    new Instruction.Visitor<Void>() {
      void all(Block block) {
        block.instructions.forEach(instruction -> instruction.accept(this));
      }

      @Override
      public Void operate(Instruction.Operate operate) {
        names.add(operate.operator.name());
        return null;
      }

      @Override
      public Void invoke(Instruction.Invoke inner) {
        all(inner.callee.body());
        return null;
      }

      @Override
      public Void other(Instruction instruction) {
        instruction.blocks().forEach(this::all);
        return null;
      }
    }.all(invoke.callee.body());
    return names;
  }

  @Override
  public Optional<String> onlyOperator() {
    return Optional.ofNullable(invoke.callee.only()).map(only -> only.operator.name());
  }

  @Override
  public boolean overwritesInput() {
    Instruction.Operate sole = LinearMaps.sole(invoke.callee);
    return sole != null && sole.inPlace;
  }

  @Override
  public boolean records() {
    return records;
  }

  /** What is in a block is not known before it runs; what runs nothing hands its input on. */
  private static boolean records(Block block) {
    List<Boolean> found =
        block.instructions.stream()
            .map(instruction -> instruction.accept(RECORDS))
            .filter(Optional::isPresent)
            .map(Optional::get)
            .toList();
    return found.isEmpty() || found.contains(true);
  }

  private static final Instruction.Visitor<Optional<Boolean>> RECORDS =
      new Instruction.Visitor<>() {
        @Override
        public Optional<Boolean> operate(Instruction.Operate operate) {
          return Optional.of(operate.operator.mode().records());
        }

        @Override
        public Optional<Boolean> invoke(Instruction.Invoke inner) {
          return Optional.of(records(inner.callee.body()));
        }

        @Override
        public Optional<Boolean> other(Instruction instruction) {
          return instruction.blocks().isEmpty() ? Optional.empty() : Optional.of(true);
        }
      };
}
