/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.exported;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.pytorch.GenericList;
import org.bytedeco.pytorch.IValue;
import org.bytedeco.pytorch.Type;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.bytedeco.pytorch.global.torch.TypeKind;
import org.zennit4j.bindings.LoadOptions;
import org.zennit4j.bindings.ModelLoadException;
import org.zennit4j.bindings.Natives;
import org.zennit4j.bindings.UnsupportedOperatorException;
import org.zennit4j.graph.Operators;
import org.zennit4j.graph.ir.Block;
import org.zennit4j.graph.ir.Code;
import org.zennit4j.graph.ir.Constant;
import org.zennit4j.graph.ir.Derivatives;
import org.zennit4j.graph.ir.Instruction;
import org.zennit4j.graph.ir.ModelSource;
import org.zennit4j.graph.ir.ModuleEntry;
import org.zennit4j.graph.ir.Operator;
import org.zennit4j.graph.ir.OperatorMode;
import org.zennit4j.graph.ir.TensorCast;
import org.zennit4j.graph.ir.TrainingBehaviour;

/**
 * The torch.export front end: turns the operators of an {@link ExportedGraph} into {@link Code},
 * one for each call of a module.
 *
 * <p>The exported list is no functional program: operators may write into tensors that later ones
 * read under another name. Where nobody can see the write but by the tensor's own name, the
 * out-of-place twin runs and later uses read its result; else the write happens in memory, into a
 * copy of its own where it would change a parameter.
 */
final class ExportedCompiler {
  /** How a call that writes is run. */
  private enum Write {
    NONE,
    /** By the operator that does not write. */
    TWIN,
    /** In place, in a copy of the argument. */
    COPY,
    /** In place. */
    MEMORY
  }

  /** A call with its operator, names as they are after all writes before it. */
  private record Planned(
      ExportedStep step,
      ExportedOperators.Found found,
      List<ExportedArgument> arguments,
      Write write) {}

  private final ExportedGraph graph;
  private final ExportedTensors tensors;
  private final TensorCast cast;
  private final LoadOptions options;
  private final List<Pointer> owned = new ArrayList<>();
  private final ExportedOperators operators = new ExportedOperators(owned);
  private final Set<String> findings = new LinkedHashSet<>();

  private final Map<String, ExportedGraph.Input> stored = new HashMap<>();
  private final List<String> users = new ArrayList<>();
  private final List<Planned> plan = new ArrayList<>();
  private final Map<String, String> renamed = new HashMap<>();
  private final Map<String, Set<String>> groups = new HashMap<>();
  private final Map<String, Integer> lastReads = new HashMap<>();
  private final Set<String> copied = new LinkedHashSet<>();
  private final Set<String> dependent = new HashSet<>();
  private boolean writesInPlace;

  private final Map<String, Integer> lastUses = new HashMap<>();
  private final Map<String, Constant> constants = new HashMap<>();
  private int nextId;

  ExportedCompiler(
      ExportedGraph graph, ExportedTensors tensors, TensorCast cast, LoadOptions options) {
    this.graph = graph;
    this.tensors = tensors;
    this.cast = cast;
    this.options = options;
  }

  /** Makes the program, in the caller's scope. */
  ModelSource.Compiled compile() {
    boolean done = false;
    try {
      for (ExportedGraph.Input input : graph.inputs()) {
        switch (input.role()) {
          case USER -> users.add(input.name());
          case PARAMETER, BUFFER, CONSTANT -> stored.put(input.name(), input);
          case BAKED -> {}
        }
      }
      List<ExportedStep> steps =
          new ExportedRecomposer(graph.steps(), graph.outputs(), graph.metas(), stored.keySet())
              .recompose();
      plan(steps);
      ExportedInputs inputs = new ExportedInputs(graph, cast);
      Code code = root(inputs);
      done = true;
      return new ModelSource.Compiled(
          code,
          modules(),
          Collections.nCopies(users.size(), null),
          inputs.describe(),
          graph.outputNames(),
          writesInPlace,
          List.copyOf(findings),
          owned);
    } finally {
      if (!done) {
        Natives.releaseAll(owned);
      }
    }
  }

  // ---- What reads and writes what.

  private void plan(List<ExportedStep> steps) {
    for (int i = 0; i < steps.size(); i++) {
      for (String name : reads(steps.get(i))) {
        lastReads.put(name, i);
      }
    }
    Set<String> returned = new HashSet<>();
    graph.outputs().forEach(output -> ExportedGraph.collect(output, returned));
    returned.forEach(name -> lastReads.put(name, steps.size()));
    dependent.addAll(users);
    for (int i = 0; i < steps.size(); i++) {
      plan(steps.get(i), i);
    }
  }

  private static Set<String> reads(ExportedStep step) {
    Set<String> names = new LinkedHashSet<>();
    step.arguments().forEach(argument -> ExportedGraph.collect(argument.value(), names));
    return names;
  }

  private void plan(ExportedStep step, int position) {
    ExportedOperators.Found found = operators.find(step);
    ExportedArgument[] arguments = bind(step, found);
    checkResults(step, found);
    checkTraining(step, found, arguments);
    if (found.operator().withoutDerivative() && step.mode().records()) {
      findings.add(Derivatives.finding(step.path(), found.operator().name()));
    }
    boolean depends =
        !Operators.of(found.operator().name()).is(Operators.Trait.NO_VALUES)
            && reads(step).stream().anyMatch(dependent::contains);
    if (depends) {
      dependent.addAll(step.names());
    }
    Write write = write(step, found, position);
    switch (write) {
      case NONE -> share(found, arguments, step);
      case TWIN -> {
        ExportedOperators.Found twin = operators.twin(step, found);
        share(twin, arguments, step);
        rename(step);
        plan.add(new Planned(step, twin, Arrays.asList(arguments), write));
        return;
      }
      case COPY -> {
        writesInPlace = true;
        rename(step);
      }
      case MEMORY -> {
        writesInPlace = true;
        share(found, arguments, step);
        for (int i = 0; i < arguments.length; i++) {
          if (found.formals().get(i).written()) {
            written(step, arguments[i], depends);
          }
        }
      }
    }
    plan.add(new Planned(step, found, Arrays.asList(arguments), write));
  }

  /** What a memory write reaches depends on the input from now on; parameters must not change. */
  private void written(ExportedStep step, ExportedArgument argument, boolean depends) {
    if (!(argument instanceof ExportedArgument.Ref ref)) {
      return;
    }
    Set<String> storages = new HashSet<>();
    for (String name : group(ref.name())) {
      if (depends) {
        dependent.add(name);
      }
      if (stored.containsKey(name)) {
        copied.add(name);
        storages.add(name);
      }
    }
    if (storages.size() > 1) {
      throw new UnsupportedOperatorException(
          ExportedOperators.where(step)
              + "writes into memory that "
              + storages.size()
              + " parameters or buffers share ("
              + step.target()
              + "), which is not supported");
    }
  }

  private void rename(ExportedStep step) {
    renamed.put(current(step.ref(step.arguments().get(0).name())), step.names().get(0));
  }

  private String current(String name) {
    String result = name;
    while (renamed.containsKey(result)) {
      result = renamed.get(result);
    }
    return result;
  }

  private Write write(ExportedStep step, ExportedOperators.Found found, int position) {
    if (!found.writes()) {
      return Write.NONE;
    }
    List<ExportedOperators.Formal> formals = found.formals();
    boolean first =
        formals.get(0).written()
            && formals.stream().skip(1).noneMatch(ExportedOperators.Formal::written)
            && Operators.isInPlace(found.operator().name())
            && step.results().size() == 1
            && !step.arguments().isEmpty()
            && step.ref(formals.get(0).name()) != null
            && step.arguments().get(0).name().equals(formals.get(0).name());
    if (!first || !step.mode().records()) {
      return Write.MEMORY;
    }
    String target = current(step.ref(formals.get(0).name()));
    for (String other : group(target)) {
      boolean same = current(other).equals(target);
      if (!same && lastReads.getOrDefault(other, -1) > position) {
        return Write.MEMORY;
      }
    }
    if (operators.twin(step, found) == null) {
      return Write.COPY;
    }
    return promotes(step) ? Write.COPY : Write.TWIN;
  }

  /** In place a result keeps its dtype; the twin's may be another one. */
  private boolean promotes(ExportedStep step) {
    ExportedGraph.Meta own = graph.metas().get(step.names().get(0));
    if (own == null) {
      return false;
    }
    for (String name : reads(step)) {
      ExportedGraph.Meta other = graph.metas().get(name);
      boolean higher =
          other != null
              && other.dtype() != own.dtype()
              && other.dtype() != ScalarType.Bool
              && (isFloating(other.dtype()) || !isFloating(own.dtype()));
      if (higher) {
        return true;
      }
    }
    boolean integers = !isFloating(own.dtype());
    return integers
        && step.arguments().stream()
            .anyMatch(
                a ->
                    a.value() instanceof ExportedArgument.Literal literal
                        && literal.value() instanceof Double);
  }

  private static boolean isFloating(ScalarType type) {
    return switch (type) {
      case Byte, Char, Short, Int, Long, Bool, UInt16, UInt32, UInt64 -> false;
      default -> true;
    };
  }

  private Collection<String> group(String name) {
    return groups.getOrDefault(name, Set.of(name));
  }

  private void share(
      ExportedOperators.Found found, ExportedArgument[] arguments, ExportedStep step) {
    boolean passing = Operators.of(found.operator().name()).is(Operators.Trait.PASSING);
    if (!passing && !found.views()) {
      return;
    }
    Set<String> sources = new LinkedHashSet<>();
    for (int i = 0; i < arguments.length; i++) {
      if (arguments[i] != null && (found.formals().get(i).aliased() || (passing && i == 0))) {
        ExportedGraph.collect(arguments[i], sources);
      }
    }
    for (String made : step.names()) {
      sources.forEach(source -> share(made, source));
    }
  }

  private void share(String a, String b) {
    Set<String> first = groups.computeIfAbsent(a, k -> new HashSet<>(Set.of(a)));
    Set<String> second = groups.computeIfAbsent(b, k -> new HashSet<>(Set.of(b)));
    if (first != second) {
      first.addAll(second);
      second.forEach(name -> groups.put(name, first));
    }
  }

  // ---- Arguments.

  /** The arguments in the order of the schema, null for those that are left out. */
  private ExportedArgument[] bind(ExportedStep step, ExportedOperators.Found found) {
    List<ExportedOperators.Formal> formals = found.formals();
    ExportedArgument[] bound = new ExportedArgument[formals.size()];
    boolean numbers = !step.target().startsWith("torch.ops.");
    for (int i = 0; i < step.arguments().size(); i++) {
      ExportedStep.Argument given = step.arguments().get(i);
      int k = numbers ? i : found.operator().argument(given.name());
      if (k < 0 || bound[k] != null) {
        throw new UnsupportedOperatorException(
            ExportedOperators.where(step)
                + "gives "
                + found.operator().name()
                + " an argument '"
                + given.name()
                + "', which this LibTorch does not know; the file may be of a newer torch");
      }
      bound[k] = current(given.value());
      checkKind(step, found, formals.get(k), bound[k]);
    }
    for (int k = 0; k < bound.length; k++) {
      if (bound[k] == null && formals.get(k).byDefault() == null && !formals.get(k).optional()) {
        throw new ModelLoadException(
            ExportedOperators.where(step)
                + "calls "
                + found.operator().name()
                + " without its argument '"
                + formals.get(k).name()
                + "'");
      }
    }
    return bound;
  }

  private ExportedArgument current(ExportedArgument argument) {
    if (argument instanceof ExportedArgument.Ref ref) {
      return new ExportedArgument.Ref(current(ref.name()), ref.kind());
    }
    if (argument instanceof ExportedArgument.Items items) {
      return new ExportedArgument.Items(items.elements().stream().map(this::current).toList());
    }
    return argument;
  }

  private static void checkKind(
      ExportedStep step,
      ExportedOperators.Found found,
      ExportedOperators.Formal formal,
      ExportedArgument argument) {
    boolean wrapped =
        formal.kind() == TypeKind.TensorType
            && ExportedOperators.isKind(argument, TypeKind.NumberType);
    if (!formal.takes(argument) && !wrapped) {
      throw new ModelLoadException(
          ExportedOperators.where(step)
              + "gives "
              + found.operator().name()
              + " something else than it takes as '"
              + formal.name()
              + "'");
    }
  }

  private static void checkResults(ExportedStep step, ExportedOperators.Found found) {
    boolean fits = step.results().size() <= found.returns().size();
    for (int i = 0; fits && i < step.results().size(); i++) {
      ExportedStep.Result result = step.results().get(i);
      TypeKind kind = found.returns().get(i);
      fits =
          result.list()
              ? kind == TypeKind.ListType
              : switch (result.kind()) {
                case TENSOR -> kind == TypeKind.TensorType;
                case INT -> kind == TypeKind.IntType || kind == TypeKind.NumberType;
                case FLOAT -> kind == TypeKind.FloatType || kind == TypeKind.NumberType;
                case BOOL -> kind == TypeKind.BoolType || kind == TypeKind.NumberType;
              };
    }
    if (!fits) {
      throw new ModelLoadException(
          ExportedOperators.where(step)
              + "takes something else from "
              + found.operator().name()
              + " than it returns");
    }
  }

  private void checkTraining(
      ExportedStep step, ExportedOperators.Found found, ExportedArgument[] arguments) {
    String behaviour =
        TrainingBehaviour.of(
            found.operator().name(),
            name -> {
              int k = found.operator().argument(name);
              if (k < 0) {
                return null;
              }
              ExportedArgument argument = arguments[k];
              if (argument == null) {
                ExportedOperators.Formal formal = found.formals().get(k);
                return formal.byDefault() != null ? formal.byDefault() : new IValue();
              }
              return argument instanceof ExportedArgument.Literal literal
                  ? value(literal, found.formals().get(k).kind())
                  : null;
            });
    boolean ofWeights = reads(step).stream().noneMatch(dependent::contains);
    boolean random = Operators.of(found.operator().name()).is(Operators.Trait.RANDOM);
    if (behaviour == null || (ofWeights && !random)) {
      return;
    }
    String what = "module '" + step.path() + "' " + behaviour;
    if (!options.allowTraining()) {
      throw new ModelLoadException(
          what
              + ": training behaviour is written into the file; call eval() before torch.export.export and keep chance"
              + " out of forward, or allow training mode");
    }
    findings.add(what + ": outputs depend on chance or on the batch");
  }

  private IValue value(ExportedArgument.Literal literal, TypeKind kind) {
    Object value = literal.value();
    if (value == null) {
      return new IValue();
    }
    if (value == ExportedArgument.DEVICE) {
      return new IValue(cast.device());
    }
    if (value instanceof Long number) {
      return kind == TypeKind.FloatType ? new IValue((double) number) : new IValue((long) number);
    }
    if (value instanceof Double number) {
      return new IValue((double) number);
    }
    if (value instanceof Boolean flag) {
      return kind == TypeKind.IntType ? new IValue(flag ? 1L : 0L) : new IValue((boolean) flag);
    }
    return new IValue((String) value);
  }

  // ---- Code.

  private Code root(ExportedInputs inputs) {
    int end = plan.size();
    for (int i = 0; i < end; i++) {
      for (ExportedArgument argument : plan.get(i).arguments()) {
        use(argument, i);
      }
    }
    List<ExportedArgument> outputs = graph.outputs().stream().map(this::current).toList();
    outputs.forEach(output -> use(output, end));
    Builder builder = new Builder("", users);
    builder.instructions.add(inputs.check(users.stream().mapToInt(builder::slotOf).toArray()));
    for (String name : copied) {
      builder.copyAtStart(name);
    }
    emit(builder, 0, 0, end);
    int[] results = new int[outputs.size()];
    for (int i = 0; i < results.length; i++) {
      results[i] =
          outputs.get(i) instanceof ExportedArgument.Literal literal
              ? builder.constant(literal(value(literal, TypeKind.NoneType)))
              : builder.slot(((ExportedArgument.Ref) outputs.get(i)).name());
    }
    return builder.finish(results);
  }

  private void use(ExportedArgument argument, int position) {
    if (argument != null) {
      Set<String> names = new HashSet<>();
      ExportedGraph.collect(argument, names);
      names.forEach(name -> lastUses.merge(name, position, Math::max));
    }
  }

  private boolean isConstant(String name) {
    return stored.containsKey(name) && !copied.contains(name);
  }

  /** Emits the calls from one position to another that lie in a module at a depth. */
  private void emit(Builder builder, int depth, int from, int to) {
    int i = from;
    while (i < to) {
      List<ExportedStep.Frame> frames = plan.get(i).step().frames();
      if (frames.size() <= depth) {
        builder.operate(plan.get(i));
        i++;
        continue;
      }
      ExportedStep.Frame frame = frames.get(depth);
      int end = i + 1;
      while (end < to && isIn(frame, depth, plan.get(end).step().frames())) {
        end++;
      }
      invoke(builder, frame, depth, i, end);
      i = end;
    }
  }

  private static boolean isIn(
      ExportedStep.Frame frame, int depth, List<ExportedStep.Frame> frames) {
    return frames.size() > depth && frames.get(depth).isSameCall(frame);
  }

  private void invoke(Builder caller, ExportedStep.Frame frame, int depth, int from, int to) {
    Set<String> inside = new HashSet<>();
    Set<String> passed = new LinkedHashSet<>();
    List<String> results = new ArrayList<>();
    for (int i = from; i < to; i++) {
      for (ExportedArgument argument : plan.get(i).arguments()) {
        if (argument != null) {
          Set<String> names = new LinkedHashSet<>();
          ExportedGraph.collect(argument, names);
          names.removeIf(name -> inside.contains(name) || isConstant(name));
          passed.addAll(names);
        }
      }
      for (String name : plan.get(i).step().names()) {
        inside.add(name);
        if (lastUses.getOrDefault(name, -1) >= to) {
          results.add(name);
        }
      }
    }
    int id = nextId++;
    Builder callee = new Builder(frame.path(), List.copyOf(passed));
    emit(callee, depth + 1, from, to);
    Code code = callee.finish(results.stream().mapToInt(callee::slot).toArray());
    int[] in = passed.stream().mapToInt(caller::slot).toArray();
    int[] out = results.stream().mapToInt(caller::define).toArray();
    caller.instructions.add(new Instruction.Invoke(id, frame.path(), code, in, out));
  }

  private IValue own(IValue value) {
    owned.add(Natives.keep(value));
    return value;
  }

  private Constant literal(IValue value) {
    return Constant.of(own(value), null, null, owned);
  }

  /**
   * A stored tensor as a module sees it. Modules may share a tensor, and the program then reads one
   * of its names only: the one that belongs to the module counts.
   */
  private Constant stored(String name, String path) {
    ExportedGraph.Input input = stored.get(name);
    ExportedTensors.Stored tensor = tensors.get(input.target());
    if (tensor == null) {
      throw new ModelLoadException(
          "the archive is incomplete: it has no tensor '" + input.target() + "'");
    }
    String named = input.target();
    for (String other : tensor.names()) {
      if (owner(other).equals(path) && !owner(named).equals(path)) {
        named = other;
      }
    }
    boolean lifted = input.role() == ExportedGraph.Role.CONSTANT && named.startsWith("lifted_");
    String owner = lifted ? null : owner(named);
    String own = lifted ? null : named.substring(named.lastIndexOf('.') + 1);
    return constants.computeIfAbsent(
        named, key -> Constant.of(own(new IValue(cast.apply(tensor.tensor()))), owner, own, owned));
  }

  private static String owner(String name) {
    int dot = name.lastIndexOf('.');
    return dot < 0 ? "" : name.substring(0, dot);
  }

  /** Builds the code of one call. */
  private final class Builder {
    private final String path;
    private final int parameters;
    private final List<Constant> list = new ArrayList<>();
    private final Map<Constant, Integer> constantSlots = new HashMap<>();
    private final Map<String, Integer> names = new HashMap<>();
    private final List<Instruction> instructions = new ArrayList<>();
    private int slots;

    Builder(String path, List<String> parameters) {
      this.path = path;
      this.parameters = parameters.size();
      parameters.forEach(this::define);
    }

    int define(String name) {
      names.put(name, slots);
      return slots++;
    }

    int slotOf(String name) {
      return names.get(name);
    }

    int slot(String name) {
      return isConstant(name) ? constant(stored(name, path)) : slotOf(name);
    }

    int constant(Constant constant) {
      return constantSlots.computeIfAbsent(
          constant,
          c -> {
            list.add(c);
            return -list.size();
          });
    }

    Code finish(int[] results) {
      int[] own = java.util.stream.IntStream.range(0, parameters).toArray();
      return new Code(path, parameters, slots, list, new Block(instructions, results, own));
    }

    /** The program writes into a parameter or buffer: each run has a copy of its own. */
    void copyAtStart(String name) {
      ExportedStep step =
          new ExportedStep(
              "torch.ops.aten.clone.default", List.of(), List.of(), List.of(), OperatorMode.PLAIN);
      ExportedOperators.Found clone = operators.find(step);
      int none = constant(literal(new IValue()));
      int[] in = {constant(stored(name, path)), none};
      add(clone.operator(), in, new int[] {define(name)}, false);
    }

    private void add(Operator operator, int[] in, int[] out, boolean inPlace) {
      instructions.add(new Instruction.Operate(nextId++, operator, path, in, out, inPlace, null));
    }

    void operate(Planned planned) {
      ExportedOperators.Found found = planned.found();
      ExportedStep step = planned.step();
      int[] in = new int[found.formals().size()];
      List<IValue> literals = new ArrayList<>();
      for (int i = 0; i < in.length; i++) {
        ExportedOperators.Formal formal = found.formals().get(i);
        in[i] =
            planned.arguments().get(i) == null
                ? constant(literal(formal.byDefault() == null ? new IValue() : formal.byDefault()))
                : slot(step, planned.arguments().get(i), formal);
        literals.add(in[i] < 0 ? list.get(-1 - in[i]).value() : null);
      }
      cast.literalDtype(found.operator(), literals)
          .ifPresent(
              code -> in[found.operator().argument("dtype")] = constant(literal(new IValue(code))));
      if (planned.write() == Write.COPY) {
        ExportedOperators.Found clone = operators.builtIn(step, "aten::clone", "");
        int copy = slots++;
        add(
            clone.operator(),
            new int[] {in[0], constant(literal(new IValue()))},
            new int[] {copy},
            false);
        in[0] = copy;
      }
      int[] out = new int[step.results().size()];
      List<Instruction> unpacked = new ArrayList<>();
      for (int i = 0; i < out.length; i++) {
        ExportedStep.Result result = step.results().get(i);
        if (result.list()) {
          out[i] = slots++;
          int[] parts = result.names().stream().mapToInt(this::define).toArray();
          unpacked.add(new Instruction.Unpack(out[i], parts));
        } else {
          out[i] = define(result.names().get(0));
        }
      }
      add(found.operator(), in, out, planned.write() == Write.TWIN);
      instructions.addAll(unpacked);
    }

    private int slot(
        ExportedStep step, ExportedArgument argument, ExportedOperators.Formal formal) {
      if (formal.kind() == TypeKind.TensorType
          && ExportedOperators.isKind(argument, TypeKind.NumberType)) {
        return wrapped(step, argument);
      }
      if (argument instanceof ExportedArgument.Ref ref) {
        return slot(ref.name());
      }
      if (argument instanceof ExportedArgument.Items items) {
        return list(items.elements(), formal.element());
      }
      ExportedArgument.Literal literal = (ExportedArgument.Literal) argument;
      return formal.isList() && literal.value() != null
          ? list(List.of(argument), formal.element())
          : constant(literal(value(literal, formal.kind())));
    }

    /**
     * Python turns a number into a tensor without dimensions where an operator takes tensors only.
     * Among tensors of integers a floating number is of the default dtype.
     */
    private int wrapped(ExportedStep step, ExportedArgument argument) {
      boolean floating =
          argument instanceof ExportedArgument.Ref ref
              ? ref.kind() == ExportedArgument.Kind.FLOAT
              : ((ExportedArgument.Literal) argument).value() instanceof Double;
      boolean integers =
          reads(step).stream()
              .map(graph.metas()::get)
              .noneMatch(meta -> meta == null || isFloating(meta.dtype()));
      ScalarType type =
          !floating
              ? ScalarType.Long
              : integers ? cast.running(ScalarType.Float) : ScalarType.Double;
      ExportedOperators.Found make = operators.builtIn(step, "aten::scalar_tensor", "");
      int[] in = new int[make.formals().size()];
      Arrays.fill(in, constant(literal(new IValue())));
      in[0] =
          argument instanceof ExportedArgument.Ref ref
              ? slot(ref.name())
              : constant(literal(value((ExportedArgument.Literal) argument, TypeKind.NumberType)));
      in[make.operator().argument("dtype")] = constant(literal(new IValue((long) type.value)));
      in[make.operator().argument("device")] = constant(literal(new IValue(cast.device())));
      int out = slots++;
      add(make.operator(), in, new int[] {out}, false);
      return out;
    }

    private int list(List<ExportedArgument> elements, Type.TypePtr type) {
      TypeKind kind = type.get().kind().intern();
      int[] in = new int[elements.size()];
      boolean fixed = true;
      for (int i = 0; i < in.length; i++) {
        in[i] =
            elements.get(i) instanceof ExportedArgument.Ref ref
                ? slot(ref.name())
                : constant(literal(value((ExportedArgument.Literal) elements.get(i), kind)));
        fixed &= in[i] < 0;
      }
      if (fixed) {
        GenericList values = new GenericList(type);
        for (int slot : in) {
          values.push_back(list.get(-1 - slot).value());
        }
        return constant(literal(new IValue(values)));
      }
      int out = slots++;
      instructions.add(new Instruction.MakeList(type, in, out));
      return out;
    }
  }

  // ---- Modules.

  private List<ModuleEntry> modules() {
    Set<String> names = new LinkedHashSet<>();
    names.add("");
    names.addAll(graph.modules());
    Map<String, List<String>> parameters = new LinkedHashMap<>();
    for (ExportedGraph.Input input : graph.inputs()) {
      if (input.role() == ExportedGraph.Role.PARAMETER) {
        String owner = owner(input.target());
        parameters
            .computeIfAbsent(owner, k -> new ArrayList<>())
            .add(input.target().substring(input.target().lastIndexOf('.') + 1));
        addWithParents(owner, names);
      }
    }
    graph.classes().keySet().forEach(path -> addWithParents(path, names));
    Set<String> parents = new HashSet<>();
    names.stream().filter(name -> !name.isEmpty()).forEach(name -> parents.add(owner(name)));
    List<ModuleEntry> entries = new ArrayList<>();
    for (String name : names) {
      String className = className(name);
      entries.add(
          new ModuleEntry(
              name,
              className,
              parameters.getOrDefault(name, List.of()),
              !parents.contains(name),
              options.typesOf(className)));
    }
    return entries;
  }

  /**
   * The file names the classes of modules that were called. The projection of PyTorch's own
   * attention is never called, but what it is is known.
   */
  private String className(String name) {
    String attention = graph.classes().get(owner(name));
    boolean projection =
        name.endsWith(".out_proj")
            && "torch.nn.modules.activation.MultiheadAttention".equals(attention);
    return graph
        .classes()
        .getOrDefault(
            name,
            projection
                ? "torch.nn.modules.linear.NonDynamicallyQuantizableLinear"
                : "torch.nn.Module");
  }

  private static void addWithParents(String name, Set<String> names) {
    if (!names.contains(name)) {
      addWithParents(owner(name), names);
      names.add(name);
    }
  }
}
