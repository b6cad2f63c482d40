/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.graph;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.zennit4j.graph.ir.Block;
import org.zennit4j.graph.ir.Code;
import org.zennit4j.graph.ir.Instruction;

/**
 * All the ways that values may take through a program: across the borders of modules, through
 * conditions, loops, lists and tuples. Where {@link DataFlow} tells what is certain, this tells
 * what is possible. Operators that only look at a tensor's shape or type do not count as users.
 *
 * <p>Immutable and thread-safe.
 */
public final class ValueFlow {
  /** What may have made a value: an operator, or the model's input where there is no operator. */
  private static final class Source {
    final Region operator;
    boolean dependsOnInput;

    Source(Region operator, boolean dependsOnInput) {
      this.operator = operator;
      this.dependsOnInput = dependsOnInput;
    }
  }

  /** A value that is only known by where it may come from; elements are null if not known. */
  private record Value(Set<Source> sources, List<Value> elements) {
    static final Value NOTHING = new Value(Set.of(), null);

    static Value of(Source source) {
      return new Value(Set.of(source), null);
    }

    static Value union(Collection<Value> values) {
      Set<Source> all = new LinkedHashSet<>();
      values.forEach(value -> all.addAll(value.sources()));
      return new Value(all, null);
    }

    static Value sequence(List<Value> elements) {
      return new Value(union(elements).sources(), List.copyOf(elements));
    }

    boolean dependsOnInput() {
      return sources.stream().anyMatch(source -> source.dependsOnInput);
    }

    Value merge(Value other) {
      if (equals(other)) {
        return this;
      }
      if (elements != null && other.elements != null && elements.size() == other.elements.size()) {
        List<Value> merged = new ArrayList<>();
        for (int i = 0; i < elements.size(); i++) {
          merged.add(elements.get(i).merge(other.elements.get(i)));
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
  private final Map<Integer, Value[]> inputs = new LinkedHashMap<>();
  private final Map<Integer, Value[]> results = new HashMap<>();
  private final Map<Integer, Source[]> made = new HashMap<>();
  private final Map<Integer, Set<Region>> consumers = new HashMap<>();
  private final Set<Region> output = new LinkedHashSet<>();
  private final List<Region> operators = new ArrayList<>();

  /**
   * Follows the values of a program.
   *
   * @param program any program
   */
  public ValueFlow(Program program) {
    this.program = program;
    Instruction.Invoke entry = program.definition().entry();
    Value[] arguments = new Value[entry.in.length];
    for (int i = 0; i < arguments.length; i++) {
      arguments[i] = Value.of(new Source(null, true));
    }
    inputs.put(entry.id, arguments);
    Value[] values = run(entry.callee, arguments);
    results.put(entry.id, values);
    for (Source source : Value.sequence(Arrays.asList(values)).first().sources()) {
      if (source.operator != null) {
        output.add(source.operator);
      }
    }
    for (Region region : program.regions()) {
      Value[] in = inputs.get(region.id());
      if (!region.isOperator() || in == null) {
        continue;
      }
      operators.add(region);
      if (Operators.of(region).is(Operators.Trait.NO_VALUES)) {
        continue;
      }
      for (Value value : in) {
        for (Source source : value.sources()) {
          if (source.operator != null) {
            consumers.computeIfAbsent(source.operator.id(), k -> new LinkedHashSet<>()).add(region);
          }
        }
      }
    }
  }

  private Value[] run(Code code, Value[] arguments) {
    Map<Integer, Value> env = new HashMap<>();
    for (int i = 0; i < arguments.length; i++) {
      env.put(i, arguments[i]);
    }
    run(code.body(), code, env);
    return get(env, code.body().results);
  }

  private static Value[] get(Map<Integer, Value> env, int[] slots) {
    Value[] result = new Value[slots.length];
    for (int i = 0; i < slots.length; i++) {
      result[i] = slots[i] < 0 ? Value.NOTHING : env.getOrDefault(slots[i], Value.NOTHING);
    }
    return result;
  }

  private void run(Block block, Code code, Map<Integer, Value> env) {
    for (Instruction instruction : block.instructions) {
      Value[] in = get(env, instruction.in);
      if (instruction instanceof Instruction.Operate operate) {
        operate(operate, in, env);
      } else if (instruction instanceof Instruction.Invoke invoke) {
        remember(inputs, invoke.id, in);
        Value[] out = run(invoke.callee, in);
        remember(results, invoke.id, out);
        put(env, invoke.out, out);
      } else if (instruction instanceof Instruction.Alias alias) {
        env.put(alias.out[0], in[0]);
      } else if (instruction instanceof Instruction.Branch branch) {
        Map<Integer, Value> other = new HashMap<>(env);
        run(branch.then, code, env);
        run(branch.otherwise, code, other);
        Value[] a = get(env, branch.then.results);
        Value[] b = get(other, branch.otherwise.results);
        other.forEach((slot, value) -> env.merge(slot, value, Value::merge));
        for (int i = 0; i < branch.out.length; i++) {
          env.put(branch.out[i], a[i].merge(b[i]));
        }
      } else if (instruction instanceof Instruction.Loop loop) {
        loop(loop, in, code, env);
      } else {
        structure(instruction, in, code, env);
      }
    }
  }

  private static void put(Map<Integer, Value> env, int[] slots, Value[] values) {
    for (int i = 0; i < slots.length; i++) {
      env.put(slots[i], values[i]);
    }
  }

  /** In a loop a call is met several times: all that it is given counts. */
  private static void remember(Map<Integer, Value[]> map, int id, Value[] values) {
    Value[] before = map.get(id);
    Value[] merged = values.clone();
    for (int i = 0; before != null && i < merged.length; i++) {
      merged[i] = before[i].merge(values[i]);
    }
    map.put(id, merged);
  }

  private void operate(Instruction.Operate operate, Value[] in, Map<Integer, Value> env) {
    Region region = program.region(operate.id);
    boolean reads = !Operators.of(operate.operator.name()).is(Operators.Trait.NO_VALUES);
    boolean depends = reads && Arrays.stream(in).anyMatch(Value::dependsOnInput);
    remember(inputs, operate.id, in);
    Source[] sources =
        made.computeIfAbsent(
            operate.id,
            k -> {
              Source[] fresh = new Source[operate.out.length];
              for (int i = 0; i < fresh.length; i++) {
                fresh[i] = new Source(region, false);
              }
              return fresh;
            });
    for (int i = 0; i < sources.length; i++) {
      sources[i].dependsOnInput |= depends;
      env.put(operate.out[i], Value.of(sources[i]));
    }
    remember(results, operate.id, Arrays.stream(sources).map(Value::of).toArray(Value[]::new));
    String name = operate.operator.shortName();
    boolean writes = Operators.isInPlace(name);
    if (writes && sources.length > 0 && operate.in[0] >= 0) {
      env.put(operate.in[0], Value.of(sources[0]));
    } else if (Operators.of(name).is(Operators.Trait.STORES)) {
      env.put(operate.in[0], Value.union(Arrays.asList(in)));
    }
  }

  private void loop(Instruction.Loop loop, Value[] in, Code code, Map<Integer, Value> env) {
    int carried = loop.out.length;
    Value[] values = Arrays.copyOfRange(in, 2, 2 + carried);
    for (int turn = 0; turn < 2; turn++) {
      env.put(loop.bodyIn[0], Value.NOTHING);
      put(env, Arrays.copyOfRange(loop.bodyIn, 1, 1 + carried), values);
      run(loop.body, code, env);
      Value[] after = get(env, loop.body.results);
      for (int i = 0; i < carried; i++) {
        values[i] = values[i].merge(after[1 + i]);
      }
    }
    put(env, loop.out, values);
  }

  private static void structure(
      Instruction instruction, Value[] in, Code code, Map<Integer, Value> env) {
    if (instruction instanceof Instruction.MakeList
        || instruction instanceof Instruction.MakeTuple) {
      env.put(instruction.out[0], Value.sequence(Arrays.asList(in)));
    } else if (instruction instanceof Instruction.MakeDict) {
      env.put(instruction.out[0], Value.union(Arrays.asList(in)));
    } else if (instruction instanceof Instruction.Slice slice) {
      List<Value> elements = in[0].elements();
      boolean known = elements != null && slice.end <= elements.size();
      env.put(
          slice.out[0],
          known ? Value.sequence(elements.subList(slice.begin, slice.end)) : flat(in[0]));
    } else if (instruction instanceof Instruction.Unpack unpack) {
      List<Value> elements = in[0].elements();
      boolean known = elements != null && elements.size() == unpack.out.length;
      for (int i = 0; i < unpack.out.length; i++) {
        env.put(unpack.out[i], known ? elements.get(i) : flat(in[0]));
      }
    } else if (instruction instanceof Instruction.Element element) {
      List<Value> elements = in[0].elements();
      int index = elements == null || element.in[1] >= 0 ? -1 : index(element, code, elements);
      env.put(element.out[0], index < 0 ? flat(in[0]) : elements.get(index));
    } else {
      for (int slot : instruction.out) {
        env.put(slot, Value.NOTHING);
      }
    }
  }

  private static Value flat(Value value) {
    return new Value(value.sources(), null);
  }

  private static int index(Instruction.Element element, Code code, List<Value> elements) {
    long index = code.constant(element.in[1]).value().toInt();
    long position = index < 0 ? index + elements.size() : index;
    return position >= 0 && position < elements.size() ? (int) position : -1;
  }

  /**
   * The operators that may run, in the order in which they are first reached.
   *
   * @return the call sites of operators
   */
  public List<Region> operators() {
    return operators;
  }

  /**
   * The number of a call's arguments, constants included.
   *
   * @param region a call
   * @return 0 for a call that is never reached
   */
  public int arguments(Region region) {
    Value[] in = inputs.get(region.id());
    return in == null ? 0 : in.length;
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
    Value[] in = inputs.get(region.id());
    boolean known =
        in != null
            && argument < in.length
            && in[argument].elements() != null
            && element < in[argument].elements().size();
    return known ? operators(in[argument].elements().toArray(Value[]::new), element) : Set.of();
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

  private static Set<Region> operators(Value[] values, int position) {
    Set<Region> found = new LinkedHashSet<>();
    if (values != null && position < values.length) {
      for (Source source : values[position].sources()) {
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
    Value[] in = inputs.get(region.id());
    return in != null
        && argument < in.length
        && in[argument].sources().stream().anyMatch(source -> source.operator == null);
  }

  /**
   * Whether an argument may depend on the model's input.
   *
   * @param region a call
   * @param argument the position among the call's arguments
   * @return false for constants and what is made of them
   */
  public boolean dependsOnInput(Region region, int argument) {
    Value[] in = inputs.get(region.id());
    return in != null && argument < in.length && in[argument].dependsOnInput();
  }

  /**
   * Whether what an operator makes may depend on the model's input.
   *
   * @param operator an operator's call site
   * @return false for constants and what is made of them
   */
  public boolean dependsOnInput(Region operator) {
    Source[] sources = made.get(operator.id());
    return sources != null && Arrays.stream(sources).anyMatch(source -> source.dependsOnInput);
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
}
