/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.graph;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.zennit4j.graph.Operators.Kind;
import org.zennit4j.graph.Operators.Trait;
import org.zennit4j.graph.ir.Constant;
import org.zennit4j.graph.ir.Instruction;

/**
 * Where a program looks vectors up by numbers that it is given, as embeddings do with token ids.
 * The numbers themselves have no relevance: it starts at the vectors.
 *
 * <p>Immutable and thread-safe.
 */
public final class Lookups {
  private final Map<Integer, Set<Integer>> operators;
  private final Set<Integer> values;

  private Lookups(Map<Integer, Set<Integer>> operators, Set<Integer> values) {
    this.operators = operators;
    this.values = values;
  }

  static Lookups of(Program program) {
    boolean any =
        program.regions().stream()
            .filter(Region::isOperator)
            .map(region -> Operators.of(region).name())
            .anyMatch(name -> isLookup(name) || isIndexing(name));
    if (!any) {
      return new Lookups(Map.of(), Set.of());
    }
    Instruction.Invoke entry = program.definition().entry();
    List<Set<Integer>> arguments = new ArrayList<>();
    for (int i = 0; i < entry.in.length; i++) {
      arguments.add(Set.of(i));
    }
    Analysis analysis = new Analysis();
    analysis.run(entry.callee, arguments);
    return new Lookups(
        Collections.unmodifiableMap(analysis.operators),
        Collections.unmodifiableSet(analysis.values));
  }

  /**
   * The operators that look something up.
   *
   * @return {@link Region#id()} to the numbers of the model's inputs that the indices come from
   */
  public Map<Integer, Set<Integer>> operators() {
    return operators;
  }

  /**
   * Whether an input is only good for looking something up.
   *
   * @param input its number, from 0
   * @return true for token ids
   */
  public boolean isIndex(int input) {
    return !values.contains(input)
        && operators.values().stream().anyMatch(inputs -> inputs.contains(input));
  }

  /**
   * Whether an input may be of any dtype, since it meets no weight: a mask, lengths or offsets
   * beside token ids.
   *
   * @param input its number, from 0
   * @return false in a model that looks nothing up
   */
  public boolean isFree(int input) {
    return !operators.isEmpty() && !values.contains(input);
  }

  private static boolean isLookup(String name) {
    return Operators.of(name).is(Kind.EMBEDDING) && !name.equals("one_hot");
  }

  /** A table of parameters that is indexed is an embedding without the name. */
  private static boolean isIndexing(String name) {
    return name.equals("index") || name.equals("index_select");
  }

  /** The inputs whose numbers may reach a value, by moves and arithmetic. */
  private static final class Analysis extends ForwardAnalysis<Set<Integer>> {
    private final Map<Integer, Set<Integer>> operators = new LinkedHashMap<>();
    private final Set<Integer> values = new LinkedHashSet<>();

    @Override
    Set<Integer> constant(Constant constant) {
      return Set.of();
    }

    @Override
    Set<Integer> unknown() {
      return Set.of();
    }

    @Override
    Set<Integer> join(Set<Integer> a, Set<Integer> b) {
      return union(List.of(a, b));
    }

    @Override
    void enter(Instruction.Invoke call, List<Set<Integer>> in) {}

    @Override
    List<Set<Integer>> operate(Instruction.Operate operate, List<Set<Integer>> in, Frame frame) {
      Operators.Info info = Operators.of(operate.operator.name());
      boolean table =
          operate.in.length > 1
              && operate.in[0] < 0
              && frame.code().constant(operate.in[0]).isTensor()
              && frame.code().constant(operate.in[0]).tensor().is_floating_point();
      Set<Integer> all = union(in);
      if (isLookup(info.name()) || (table && isIndexing(info.name()))) {
        Set<Integer> indices = in.get(isIndexing(info.name()) ? in.size() - 1 : 1);
        if (!indices.isEmpty()) {
          operators.merge(operate.id, indices, this::join);
        }
        return none(operate);
      }
      if (info.is(Kind.LINEAR, Kind.CONVOLUTION, Kind.RECURRENT, Kind.NORMALIZATION)) {
        values.addAll(all);
        return none(operate);
      }
      boolean hands =
          info.is(Kind.MOVING, Kind.SUM, Kind.PRODUCT, Kind.QUOTIENT, Kind.CLAMP, Kind.FUNCTION);
      return hands && !info.is(Trait.NO_VALUES)
          ? Collections.nCopies(operate.out.length, all)
          : none(operate);
    }

    private static List<Set<Integer>> none(Instruction.Operate operate) {
      return Collections.nCopies(operate.out.length, Set.of());
    }

    @Override
    List<Set<Integer>> structure(Instruction instruction, List<Set<Integer>> in, Frame frame) {
      return Collections.nCopies(instruction.out.length, union(in));
    }

    private static Set<Integer> union(List<Set<Integer>> sets) {
      Set<Integer> all = new LinkedHashSet<>();
      sets.forEach(all::addAll);
      return all;
    }
  }
}
