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
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.bytedeco.pytorch.IValue;
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
   * A list or dictionary that the program makes at one place: all that was ever put into it. Those
   * who hold it hold the same one, wherever it is written to.
   */
  private static final class Container {
    private final Set<Source> stored = new LinkedHashSet<>();
    private final Set<Container> inner = new LinkedHashSet<>();
    private boolean escapes;

    /** Counts the writings: what somebody knew about the elements before is out of date. */
    private int version;

    void store(Value value) {
      stored.addAll(value.sources());
      inner.addAll(value.containers());
      version++;
      if (escapes) {
        escape(value);
      }
    }

    void collect(Set<Source> all, Set<Container> seen) {
      if (seen.add(this)) {
        all.addAll(stored);
        inner.forEach(container -> container.collect(all, seen));
      }
    }
  }

  /**
   * A value that is only known by where it may come from.
   *
   * @param made what makes it for certain, or null
   * @param sources where it may come from
   * @param elements those of a list or tuple, or null if they are not known
   * @param keys of a dictionary, one for each element, or null
   * @param containers lists and dictionaries that it may be, or may hold or come from
   * @param own the container that it is for certain, or null
   * @param version that of its container for which elements and keys hold
   */
  private record Value(
      Source made,
      Set<Source> sources,
      List<Value> elements,
      List<Object> keys,
      Set<Container> containers,
      Container own,
      int version) {
    static final Value NOTHING = new Value(null, Set.of(), null, null, Set.of(), null, 0);

    static Value of(Source source) {
      return new Value(source, Set.of(source), null, null, Set.of(), null, 0);
    }

    static Value union(Collection<Value> values) {
      Set<Source> all = new LinkedHashSet<>();
      Set<Container> containers = new LinkedHashSet<>();
      for (Value value : values) {
        all.addAll(value.sources());
        containers.addAll(value.containers());
      }
      return new Value(null, all, null, null, containers, null, 0);
    }

    static Value sequence(List<Value> elements) {
      Value all = union(elements);
      return new Value(null, all.sources(), List.copyOf(elements), null, all.containers(), null, 0);
    }

    /** The same as a list or dictionary that may be written to. */
    Value in(Container container, List<Object> names) {
      Set<Container> all = new LinkedHashSet<>(containers);
      all.add(container);
      return new Value(null, sources, elements, names, all, container, container.version);
    }

    /** What it may come from, by now. */
    Set<Source> all() {
      if (containers.isEmpty()) {
        return sources;
      }
      Set<Source> all = new LinkedHashSet<>(sources);
      Set<Container> seen = new LinkedHashSet<>();
      containers.forEach(container -> container.collect(all, seen));
      return all;
    }

    /** The elements; null too if the list was written to through somebody else's hands. */
    List<Value> known() {
      return own != null && version != own.version ? null : elements;
    }

    boolean dependsOnInput() {
      return all().stream().anyMatch(Source::dependsOnInput);
    }

    /** An element of it, which one is not known. */
    Value flat() {
      return new Value(null, sources, null, null, containers, null, 0);
    }

    /** The same list or dictionary, of whose elements nothing is known. */
    Value blurred() {
      return new Value(null, sources, null, null, containers, own, version);
    }

    Value merge(Value other) {
      Container both = own == other.own ? own : null;
      List<Value> mine = known();
      List<Value> others = other.known();
      if (mine != null
          && others != null
          && mine.size() == others.size()
          && Objects.equals(keys, other.keys)
          && both == own) {
        List<Value> merged = new ArrayList<>();
        for (int i = 0; i < mine.size(); i++) {
          Value a = mine.get(i);
          Value b = others.get(i);
          merged.add(a.equals(b) ? a : a.merge(b));
        }
        Value sequence = sequence(merged);
        return both == null ? sequence : sequence.in(both, keys);
      }
      Value union = union(List.of(this, other));
      return new Value(
          null, union.sources(), null, null, union.containers(), both, union.version());
    }

    /** The first element that is made by something, at any depth. */
    Value first() {
      List<Value> known = known();
      if (known == null) {
        return this;
      }
      return known.stream()
          .filter(element -> !element.all().isEmpty())
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
  private final Map<Instruction, Container> containers = new HashMap<>();

  /** Operators that only put something into containers, or hand out what is in them. */
  private final Map<Integer, Boolean> carriers = new HashMap<>();

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
    List<Value> values;
    int before;
    do {
      before = size();
      values = new Analysis().run(entry.callee, arguments);
      // What is put into a list may be read, in a loop or by others, before.
    } while (containers.values().stream().anyMatch(c -> c.version > 0) && size() > before);
    results.put(entry.id, values);
    for (Source source : Value.sequence(values).first().all()) {
      if (source.operator != null) {
        output.add(source.operator);
      }
    }
    values.forEach(DataFlow::escape);
    for (Region region : program.regions()) {
      if (region.isOperator() && inputs.containsKey(region.id())) {
        operators.add(region);
        boolean looks = Operators.of(region).is(Operators.Trait.NO_VALUES);
        if (!looks && !carriers.getOrDefault(region.id(), false)) {
          note(region, inputs.get(region.id()));
        }
      }
    }
  }

  /** How much was found out about containers and what depends on the input. */
  private int size() {
    int size = 0;
    for (Container container : containers.values()) {
      size += container.stored.size() + container.inner.size();
    }
    for (List<Source> sources : made.values()) {
      size += (int) sources.stream().filter(Source::dependsOnInput).count();
    }
    return size;
  }

  private static void escape(Value value) {
    value.all().forEach(source -> source.escapes = true);
    Set<Container> seen = new LinkedHashSet<>();
    value.containers().forEach(container -> container.collect(new LinkedHashSet<>(), seen));
    seen.forEach(container -> container.escapes = true);
  }

  private void note(Region user, List<Value> in) {
    for (Value value : in) {
      for (Source source : value.all()) {
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
    private int loops;

    @Override
    void loop(boolean begins) {
      loops += begins ? 1 : -1;
    }

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
      boolean inPlace = Operators.isInPlace(operate.operator.name());
      boolean contained = !in.isEmpty() && in.get(0).own() != null;
      if (contained && (inPlace || info.is(Operators.Trait.WRITES_LIST))) {
        carriers.putIfAbsent(operate.id, true);
        Value written = write(info.name(), operate, in, frame);
        frame.put(operate.in[0], written);
        boolean element = info.name().startsWith("pop") || info.name().equals("setdefault");
        Value result = element ? written.flat() : written;
        return Collections.nCopies(out.size(), result);
      }
      if (contained && info.is(Operators.Trait.HANDS_OUT)) {
        carriers.putIfAbsent(operate.id, true);
        return Collections.nCopies(out.size(), read(info.name(), operate, in, frame));
      }
      carriers.put(operate.id, false);
      if (info.is(Operators.Trait.STORES)) {
        in.forEach(DataFlow::escape);
        Value stored = Value.union(in);
        stored.containers().forEach(container -> container.store(stored));
        frame.put(operate.in[0], stored);
      } else if (inPlace && !out.isEmpty()) {
        // What was there before is seen by those who hold other views of the same memory.
        escape(in.get(0));
        frame.put(operate.in[0], out.get(0));
      }
      return out;
    }

    /** Puts something into a container or takes something out; the container afterwards. */
    private Value write(String name, Instruction.Operate operate, List<Value> in, Frame frame) {
      Value list = in.get(0);
      List<Value> elements = loops > 0 ? null : list.known();
      Value stored = Value.union(in.subList(1, in.size()));
      list.own().store(stored);
      if (elements != null && name.equals("append")) {
        List<Value> longer = new ArrayList<>(elements);
        longer.add(in.get(1));
        return Value.sequence(longer).in(list.own(), null);
      }
      if (elements != null && name.equals("extend") && in.get(1).known() != null) {
        List<Value> longer = new ArrayList<>(elements);
        longer.addAll(in.get(1).known());
        return Value.sequence(longer).in(list.own(), null);
      }
      if (elements != null && name.equals("_set_item") && operate.in[1] < 0) {
        Constant key = frame.code().constant(operate.in[1]);
        List<Value> changed = new ArrayList<>(elements);
        int position = position(list, elements.size(), key);
        if (position >= 0) {
          changed.set(position, in.get(2));
          return Value.sequence(changed).in(list.own(), list.keys());
        }
        Object named = key(key);
        if (list.keys() != null && named != null) {
          List<Object> keys = new ArrayList<>(list.keys());
          keys.add(named);
          changed.add(in.get(2));
          return Value.sequence(changed).in(list.own(), List.copyOf(keys));
        }
      }
      return Value.union(List.of(list, stored)).in(list.own(), null).blurred();
    }

    /** What an operator finds in a container, or a copy of it. */
    private Value read(String name, Instruction.Operate operate, List<Value> in, Frame frame) {
      Value list = in.get(0);
      List<Value> elements = list.known();
      if (name.equals("__getitem__") || name.equals("get")) {
        boolean constant = elements != null && operate.in[1] < 0;
        int position =
            constant ? position(list, elements.size(), frame.code().constant(operate.in[1])) : -1;
        return position >= 0 ? elements.get(position) : Value.union(in).flat();
      }
      List<Value> copied = new ArrayList<>();
      for (Value value : in) {
        if (value.own() == null) {
          continue;
        }
        if (value.known() == null || name.equals("items") || name.equals("slice")) {
          return Value.union(in).in(container(operate), null).blurred();
        }
        copied.addAll(value.known());
      }
      return Value.sequence(copied).in(container(operate), null);
    }

    private Container container(Instruction instruction) {
      return containers.computeIfAbsent(instruction, k -> new Container());
    }

    private static int position(Value container, int size, Constant key) {
      if (container.keys() != null) {
        Object named = key(key);
        return named == null ? -1 : container.keys().lastIndexOf(named);
      }
      return key.value().isInt() ? index(key, size) : -1;
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
              return List.of(Value.sequence(in).in(container(make), null));
            }

            @Override
            public List<Value> makeTuple(Instruction.MakeTuple make) {
              return List.of(Value.sequence(in));
            }

            @Override
            public List<Value> makeDict(Instruction.MakeDict make) {
              List<Value> values = new ArrayList<>();
              List<Object> keys = new ArrayList<>();
              boolean known = true;
              for (int i = 0; i + 1 < in.size(); i += 2) {
                Object key = make.in[i] < 0 ? key(frame.code().constant(make.in[i])) : null;
                known &= key != null && !keys.contains(key);
                keys.add(key);
                values.add(in.get(i + 1));
              }
              Container own = container(make);
              return List.of(
                  known
                      ? Value.sequence(values).in(own, List.copyOf(keys))
                      : Value.union(in).in(own, null).blurred());
            }

            @Override
            public List<Value> slice(Instruction.Slice slice) {
              List<Value> elements = in.get(0).known();
              boolean known = elements != null && slice.end <= elements.size();
              return List.of(
                  known
                      ? Value.sequence(elements.subList(slice.begin, slice.end))
                      : in.get(0).flat());
            }

            @Override
            public List<Value> unpack(Instruction.Unpack unpack) {
              List<Value> elements = in.get(0).known();
              int count = unpack.out.length;
              return elements != null && elements.size() == count
                  ? elements
                  : Collections.nCopies(count, in.get(0).flat());
            }

            @Override
            public List<Value> element(Instruction.Element element) {
              List<Value> elements = in.get(0).known();
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

  /** The name under which a dictionary holds something, or null. */
  private static Object key(Constant constant) {
    IValue value = constant.value();
    if (value.isString()) {
      return value.toStringRef().getString();
    }
    return value.isInt() ? (Object) value.toInt() : null;
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
   * The arguments of a call that may depend on the model's input.
   *
   * @param region a call
   * @return their positions, ascending
   */
  public List<Integer> dependentArguments(Region region) {
    List<Integer> result = new ArrayList<>();
    for (int i = 0; i < arguments(region); i++) {
      if (dependsOnInput(region, i)) {
        result.add(i);
      }
    }
    return result;
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
            && in.get(argument).known() != null
            && element < in.get(argument).known().size();
    return known ? operators(in.get(argument).known(), element) : Set.of();
  }

  /**
   * How many elements of a list or tuple among a call's arguments may depend on the model's input.
   *
   * @param region a call
   * @param argument the position among the call's arguments
   * @return the number; -1 where the elements are not known
   */
  public int dependentElements(Region region, int argument) {
    List<Value> in = inputs.get(region.id());
    List<Value> known = in == null || argument >= in.size() ? null : in.get(argument).known();
    return known == null ? -1 : (int) known.stream().filter(Value::dependsOnInput).count();
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
      for (Source source : values.get(position).all()) {
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
        && in.get(argument).all().stream().anyMatch(source -> source.operator == null);
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
