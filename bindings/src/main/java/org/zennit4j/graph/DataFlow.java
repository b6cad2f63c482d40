/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.graph;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.zennit4j.graph.ir.Constant;
import org.zennit4j.graph.ir.Instruction;

/**
 * Where the values of a program come from and who uses them: across the borders of modules, through
 * conditions, loops, lists and tuples. {@link #producers} and {@link #consumers} tell what is
 * possible, {@link #producer} and {@link #onlyConsumers} what is certain. Operators that only look
 * at a tensor's shape or type do not count as users.
 *
 * <p>Immutable and thread-safe.
 */
public final class DataFlow {
  /** What may have made a value: an operator, or the model's input where there is no operator. */
  private static final class Source {
    final Region operator;
    boolean depends;

    /** Whether something may use it that is not among the users. */
    boolean escapes;

    final List<Region> users = new ArrayList<>();

    Source(Region operator, boolean depends) {
      this.operator = operator;
      this.depends = depends;
    }

    boolean dependsOnInput() {
      return depends;
    }
  }

  /**
   * A value that is only known by where it may come from.
   *
   * @param made what makes it for certain, or null
   * @param elements those of a list or tuple, or null if they are not known
   */
  private record Value(Source made, Set<Source> sources, List<Value> elements) {
    static final Value NOTHING = new Value(null, Set.of(), null);

    static Value of(Source source) {
      return new Value(source, Set.of(source), null);
    }

    static Value union(Collection<Value> values) {
      Set<Source> all = new LinkedHashSet<>();
      values.forEach(value -> all.addAll(value.sources()));
      return new Value(null, all, null);
    }

    static Value sequence(List<Value> elements) {
      return new Value(null, union(elements).sources(), List.copyOf(elements));
    }

    boolean dependsOnInput() {
      return sources.stream().anyMatch(Source::dependsOnInput);
    }

    Value flat() {
      return new Value(null, sources, null);
    }

    Value merge(Value other) {
      if (elements != null && other.elements != null && elements.size() == other.elements.size()) {
        List<Value> merged = new ArrayList<>();
        for (int i = 0; i < elements.size(); i++) {
          Value mine = elements.get(i);
          Value others = other.elements.get(i);
          merged.add(mine.equals(others) ? mine : mine.merge(others));
        }
        return sequence(merged);
      }
      return union(List.of(this, other));
    }

    /** The first element that is made by something, at any depth. */
    Value first() {
      if (elements == null) {
        return this;
      }
      return elements.stream()
          .filter(element -> !element.sources().isEmpty())
          .findFirst()
          .map(Value::first)
          .orElse(NOTHING);
    }
  }

  private final Program program;
  private final Map<Integer, List<Value>> inputs = new LinkedHashMap<>();
  private final Map<Integer, List<Value>> results = new HashMap<>();
  private final Map<Integer, List<Source>> made = new HashMap<>();
  private final Map<Integer, Set<Region>> consumers = new HashMap<>();
  private final Set<Region> output = new LinkedHashSet<>();
  private final List<Region> operators = new ArrayList<>();

  DataFlow(Program program) {
    this.program = program;
    Instruction.Invoke entry = program.definition().entry();
    List<Value> arguments = new ArrayList<>();
    for (int i = 0; i < entry.in.length; i++) {
      arguments.add(Value.of(new Source(null, true)));
    }
    inputs.put(entry.id, arguments);
    List<Value> values = new Analysis().run(entry.callee, arguments);
    results.put(entry.id, values);
    for (Source source : Value.sequence(values).first().sources()) {
      if (source.operator != null) {
        output.add(source.operator);
      }
    }
    values.forEach(DataFlow::escape);
    for (Region region : program.regions()) {
      if (region.isOperator() && inputs.containsKey(region.id())) {
        operators.add(region);
        if (!Operators.of(region).is(Operators.Trait.NO_VALUES)) {
          note(region, inputs.get(region.id()));
        }
      }
    }
  }

  private static void escape(Value value) {
    value.sources().forEach(source -> source.escapes = true);
  }

  private void note(Region user, List<Value> in) {
    for (Value value : in) {
      for (Source source : value.sources()) {
        source.users.add(user);
        if (source.operator != null) {
          consumers.computeIfAbsent(source.operator.id(), k -> new LinkedHashSet<>()).add(user);
        }
      }
    }
  }

  /** In a loop a call is met several times: all that it is given counts. */
  private static void remember(Map<Integer, List<Value>> map, int id, List<Value> values) {
    map.merge(
        id,
        values,
        (before, now) -> {
          List<Value> merged = new ArrayList<>();
          for (int i = 0; i < now.size(); i++) {
            Value a = before.get(i);
            Value b = now.get(i);
            merged.add(a.equals(b) ? a : a.merge(b));
          }
          return merged;
        });
  }

  private final class Analysis extends ForwardAnalysis<Value> {
    @Override
    Value constant(Constant constant) {
      return Value.NOTHING;
    }

    @Override
    Value unknown() {
      return Value.NOTHING;
    }

    @Override
    Value join(Value a, Value b) {
      return a.merge(b);
    }

    @Override
    void enter(Instruction.Invoke call, List<Value> in) {
      remember(inputs, call.id, in);
    }

    @Override
    void leave(Instruction.Invoke call, List<Value> values) {
      remember(results, call.id, values);
    }

    @Override
    void merged(List<Value> values) {
      values.forEach(DataFlow::escape);
    }

    @Override
    List<Value> operate(Instruction.Operate operate, List<Value> in, Frame frame) {
      Operators.Info info = Operators.of(operate.operator.name());
      boolean depends =
          !info.is(Operators.Trait.NO_VALUES) && in.stream().anyMatch(Value::dependsOnInput);
      remember(inputs, operate.id, in);
      List<Source> sources =
          made.computeIfAbsent(operate.id, id -> sources(program.region(id), operate.out.length));
      sources.forEach(source -> source.depends |= depends);
      List<Value> out = sources.stream().map(Value::of).toList();
      remember(results, operate.id, out);
      if (info.is(Operators.Trait.STORES)) {
        in.forEach(DataFlow::escape);
        frame.put(operate.in[0], Value.union(in));
      } else if (Operators.isInPlace(operate.operator.name()) && !out.isEmpty()) {
        // What was there before is seen by those who hold other views of the same memory.
        escape(in.get(0));
        frame.put(operate.in[0], out.get(0));
      }
      return out;
    }

    private List<Source> sources(Region region, int count) {
      List<Source> fresh = new ArrayList<>();
      for (int i = 0; i < count; i++) {
        fresh.add(new Source(region, false));
      }
      return fresh;
    }

    @Override
    List<Value> structure(Instruction instruction, List<Value> in, Frame frame) {
      return instruction.accept(
          new Instruction.Visitor<List<Value>>() {
            @Override
            public List<Value> makeList(Instruction.MakeList make) {
              return List.of(Value.sequence(in));
            }

            @Override
            public List<Value> makeTuple(Instruction.MakeTuple make) {
              return List.of(Value.sequence(in));
            }

            @Override
            public List<Value> makeDict(Instruction.MakeDict make) {
              in.forEach(DataFlow::escape);
              return List.of(Value.union(in));
            }

            @Override
            public List<Value> slice(Instruction.Slice slice) {
              List<Value> elements = in.get(0).elements();
              boolean known = elements != null && slice.end <= elements.size();
              return List.of(
                  known
                      ? Value.sequence(elements.subList(slice.begin, slice.end))
                      : in.get(0).flat());
            }

            @Override
            public List<Value> unpack(Instruction.Unpack unpack) {
              List<Value> elements = in.get(0).elements();
              int count = unpack.out.length;
              return elements != null && elements.size() == count
                  ? elements
                  : Collections.nCopies(count, in.get(0).flat());
            }

            @Override
            public List<Value> element(Instruction.Element element) {
              List<Value> elements = in.get(0).elements();
              int index =
                  elements == null || element.in[1] >= 0
                      ? -1
                      : index(frame.code().constant(element.in[1]), elements.size());
              return List.of(index < 0 ? in.get(0).flat() : elements.get(index));
            }

            @Override
            public List<Value> other(Instruction any) {
              in.forEach(DataFlow::escape);
              return Collections.nCopies(any.out.length, Value.NOTHING);
            }
          });
    }
  }

  private static int index(Constant number, int size) {
    long index = number.value().toInt();
    long position = index < 0 ? index + size : index;
    return position >= 0 && position < size ? (int) position : -1;
  }

  /**
   * The operators that may run, in the order in which they are first reached.
   *
   * @return the call sites of operators
   */
  public List<Region> operators() {
    return List.copyOf(operators);
  }

  /**
   * The number of a call's arguments, constants included.
   *
   * @param region a call
   * @return 0 for a call that is never reached
   */
  public int arguments(Region region) {
    List<Value> in = inputs.get(region.id());
    return in == null ? 0 : in.size();
  }

  /**
   * The operators that may make an argument, or an element of it.
   *
   * @param region a call
   * @param argument the position among the call's arguments
   * @return the operators' call sites, perhaps none
   */
  public Set<Region> producers(Region region, int argument) {
    return operators(inputs.get(region.id()), argument);
  }

  /**
   * The operators that may make an element of a list or tuple among a call's arguments.
   *
   * @param region a call
   * @param argument the position among the call's arguments
   * @param element the position in the list
   * @return the operators' call sites, none where the elements are not known
   */
  public Set<Region> producers(Region region, int argument, int element) {
    List<Value> in = inputs.get(region.id());
    boolean known =
        in != null
            && argument < in.size()
            && in.get(argument).elements() != null
            && element < in.get(argument).elements().size();
    return known ? operators(in.get(argument).elements(), element) : Set.of();
  }

  /**
   * The operators that may make the first result of a call, or an element of it.
   *
   * @param region a call
   * @return the operators' call sites, the region itself if it is an operator
   */
  public Set<Region> results(Region region) {
    return operators(results.get(region.id()), 0);
  }

  private static Set<Region> operators(List<Value> values, int position) {
    Set<Region> found = new LinkedHashSet<>();
    if (values != null && position < values.size()) {
      for (Source source : values.get(position).sources()) {
        if (source.operator != null) {
          found.add(source.operator);
        }
      }
    }
    return found;
  }

  /**
   * Whether an argument may be the model's input itself.
   *
   * @param region a call
   * @param argument the position among the call's arguments
   * @return true if so
   */
  public boolean isModelInput(Region region, int argument) {
    List<Value> in = inputs.get(region.id());
    return in != null
        && argument < in.size()
        && in.get(argument).sources().stream().anyMatch(source -> source.operator == null);
  }

  /**
   * Whether an argument may depend on the model's input.
   *
   * @param region a call
   * @param argument the position among the call's arguments
   * @return false for constants and what is made of them
   */
  public boolean dependsOnInput(Region region, int argument) {
    List<Value> in = inputs.get(region.id());
    return in != null && argument < in.size() && in.get(argument).dependsOnInput();
  }

  /**
   * Whether what an operator makes may depend on the model's input.
   *
   * @param operator an operator's call site
   * @return false for constants and what is made of them
   */
  public boolean dependsOnInput(Region operator) {
    List<Source> sources = made.get(operator.id());
    return sources != null && sources.stream().anyMatch(Source::dependsOnInput);
  }

  /**
   * The operators that may use what an operator makes.
   *
   * @param operator an operator's call site
   * @return their call sites, perhaps none
   */
  public Set<Region> consumers(Region operator) {
    return consumers.getOrDefault(operator.id(), Set.of());
  }

  /**
   * The operators that may make the first tensor of the model's result.
   *
   * @return their call sites
   */
  public Set<Region> output() {
    return output;
  }

  /**
   * The operator that makes an argument for certain.
   *
   * @param region a call
   * @param argument the position among the call's arguments
   * @return the operator's region; empty for the model's input, a constant, or a value that may
   *     come from elsewhere too
   */
  public Optional<Region> producer(Region region, int argument) {
    return producer(inputs.get(region.id()), argument);
  }

  /**
   * The operator that makes a call's first result for certain.
   *
   * @param region a call
   * @return the operator's region, the region itself if it is an operator; empty if the value may
   *     come from elsewhere too
   */
  public Optional<Region> result(Region region) {
    return producer(results.get(region.id()), 0);
  }

  private static Optional<Region> producer(List<Value> values, int position) {
    if (values == null || position >= values.size() || values.get(position).made() == null) {
      return Optional.empty();
    }
    return Optional.ofNullable(values.get(position).made().operator);
  }

  /**
   * The operators that use the first output of an operator and nothing else does.
   *
   * @param operator an operator's region
   * @return its users, in order, one that uses it twice twice; empty if there may be others, the
   *     model's output included
   */
  public Optional<List<Region>> onlyConsumers(Region operator) {
    List<Source> sources = made.get(operator.id());
    return sources == null || sources.isEmpty() || sources.get(0).escapes
        ? Optional.empty()
        : Optional.of(List.copyOf(sources.get(0).users));
  }
}
