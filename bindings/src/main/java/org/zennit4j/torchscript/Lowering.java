/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.torchscript;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.bytedeco.pytorch.Argument;
import org.bytedeco.pytorch.FunctionSchema;
import org.bytedeco.pytorch.FunctionType;
import org.bytedeco.pytorch.GenericList;
import org.bytedeco.pytorch.Graph;
import org.bytedeco.pytorch.IValue;
import org.bytedeco.pytorch.IValueOptional;
import org.bytedeco.pytorch.IValueVector;
import org.bytedeco.pytorch.JitModule;
import org.bytedeco.pytorch.JitNode;
import org.bytedeco.pytorch.Symbol;
import org.bytedeco.pytorch.Tuple;
import org.bytedeco.pytorch.Type;
import org.bytedeco.pytorch.TypeVector;
import org.bytedeco.pytorch.Value;
import org.bytedeco.pytorch.ValueArrayRef;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.TypeKind;
import org.bytedeco.pytorch.graph_node_list;
import org.bytedeco.pytorch.graph_node_list_iterator;
import org.zennit4j.bindings.ModelLoadException;
import org.zennit4j.bindings.Natives;
import org.zennit4j.bindings.UnsupportedOperatorException;
import org.zennit4j.graph.Operators;
import org.zennit4j.graph.Operators.Trait;
import org.zennit4j.graph.ir.Block;
import org.zennit4j.graph.ir.Code;
import org.zennit4j.graph.ir.Constant;
import org.zennit4j.graph.ir.Derivatives;
import org.zennit4j.graph.ir.Instruction;
import org.zennit4j.graph.ir.Operator;
import org.zennit4j.graph.ir.TrainingBehaviour;

/** Builds the code of one call site. */
final class Lowering {
  private final GraphCompiler compiler;
  private final String path;
  private final int parameters;
  private final List<Constant> constants = new ArrayList<>();
  private final Map<Constant, Integer> constantSlots = new HashMap<>();
  private List<Instruction> instructions = new ArrayList<>();
  private final Map<Integer, Integer> renamed = new HashMap<>();

  private final AliasSets aliases;

  /** Slots of values that are made of constants alone. */
  private final Set<Integer> ofConstants = new HashSet<>();

  private Activation active;

  /** Slots that were defined in the block under construction (nested blocks only). */
  private Set<Integer> definedHere;

  private int slots;

  /**
   * Begins a code.
   *
   * @param compiler what all codes of the model share
   * @param path the module
   * @param parameters the number of its parameters
   */
  Lowering(GraphCompiler compiler, String path, int parameters) {
    this.compiler = compiler;
    this.path = path;
    this.parameters = parameters;
    this.slots = parameters;
    this.aliases = new AliasSets(constants);
  }

  Code finish(List<Integer> results) {
    int[] own = java.util.stream.IntStream.range(0, parameters).toArray();
    Block body =
        new Block(instructions, results.stream().mapToInt(Integer::intValue).toArray(), own);
    return new Code(path, parameters, slots, constants, body);
  }

  int newSlot() {
    int slot = slots++;
    if (definedHere != null) {
      definedHere.add(slot);
    }
    return slot;
  }

  int slot(Binding binding) {
    if (binding instanceof Binding.Slot s) {
      int slot = s.slot();
      while (renamed.containsKey(slot)) {
        slot = renamed.get(slot);
      }
      return slot;
    }
    if (binding instanceof Binding.Fixed fixed) {
      return constantSlots.computeIfAbsent(
          fixed.constant(),
          c -> {
            constants.add(c);
            return -constants.size();
          });
    }
    throw new UnsupportedOperatorException(
        "module '" + path + "' uses a module or function as a value, which is not supported");
  }

  /**
   * Inlines a method of the module whose code this is, or of a child called by another name than
   * forward.
   */
  Binding inlineMethod(JitModule module, String modulePath, Graph graph, List<Binding> arguments) {
    List<Binding> all = new ArrayList<>();
    all.add(new Binding.Submodule(module, modulePath));
    all.addAll(arguments);
    return inlineFunction(graph, all, modulePath);
  }

  Binding inlineFunction(Graph graph, List<Binding> arguments, String modulePath) {
    Activation caller = active;
    Activation activation = new Activation(compiler.textOf(graph));
    active = activation;
    try {
      Map<Long, Binding> env = new HashMap<>();
      ValueArrayRef inputs = graph.inputs();
      for (int i = 0; i < arguments.size(); i++) {
        bind(env, inputs.get(i), arguments.get(i));
      }
      run(graph.nodes(), env, activation.text, modulePath);
      return resolve(env, graph.outputs().get(0), modulePath);
    } finally {
      activation.finished = true;
      active = caller;
    }
  }

  private void bind(Map<Long, Binding> env, Value value, Binding binding) {
    env.put(value.unique(), binding);
    if (binding instanceof Binding.Slot s) {
      aliases.name(slot(s), active, value.unique());
    }
  }

  private void rename(int from, int to) {
    renamed.put(from, to);
    aliases.rename(from, to);
  }

  private Binding resolve(Map<Long, Binding> env, Value value, String where) {
    Binding binding = env.get(value.unique());
    if (binding == null) {
      throw new UnsupportedOperatorException(
          "module '"
              + where
              + "': the value %"
              + value.debugName().getString()
              + " is not defined");
    }
    return binding;
  }

  private void run(graph_node_list nodes, Map<Long, Binding> env, GraphText text, String where) {
    graph_node_list_iterator it = nodes.begin();
    JitNode stop = nodes.end().multiply();
    for (JitNode node = it.multiply(); !node.equals(stop); it.increment(), node = it.multiply()) {
      active.position = text.positions().get(node.address());
      compile(node, env, text, where);
    }
  }

  private List<Binding> inputs(JitNode node, Map<Long, Binding> env, String where) {
    List<Binding> result = new ArrayList<>();
    ValueArrayRef values = node.inputs();
    for (long i = 0; i < values.size(); i++) {
      result.add(resolve(env, values.get(i), where));
    }
    return result;
  }

  private int[] slotsOf(List<Binding> bindings) {
    return bindings.stream().mapToInt(this::slot).toArray();
  }

  private int[] define(JitNode node, Map<Long, Binding> env) {
    int[] out = new int[(int) node.outputs().size()];
    for (int i = 0; i < out.length; i++) {
      out[i] = newSlot();
      bind(env, node.output(i), new Binding.Slot(out[i]));
    }
    return out;
  }

  private boolean allFixed(List<Binding> bindings) {
    return bindings.stream().allMatch(Binding.Fixed.class::isInstance);
  }

  private void compile(JitNode node, Map<Long, Binding> env, GraphText text, String where) {
    String kind = node.kind().toQualString().getString();
    switch (kind) {
      case "prim::Constant" -> {
        IValueOptional value = torch.toIValue(node.output());
        if (value.has_value()) {
          IValue v = value.get();
          bind(env, node.output(), new Binding.Fixed(compiler.literal(compiler.placed(v))));
        } else {
          bind(
              env,
              node.output(),
              new Binding.FreeFunction(new FunctionType(node.output().type().get()).function()));
        }
      }
      case "prim::Uninitialized" ->
          bind(env, node.output(), new Binding.Fixed(compiler.literal(IValue.uninitialized())));
      case "prim::GetAttr" -> compileAttribute(node, env, text, where);
      case "prim::CallMethod" -> compileMethodCall(node, env, text, where);
      case "prim::CallFunction" -> {
        List<Binding> in = inputs(node, env, where);
        if (!(in.get(0) instanceof Binding.FreeFunction f)) {
          throw new UnsupportedOperatorException(
              "module '" + where + "' calls a function that is not known");
        }
        Graph graph = torch.toGraphFunction(f.function()).graph();
        bind(env, node.output(), inlineFunction(graph, in.subList(1, in.size()), where));
      }
      case "prim::If" -> compileBranch(node, env, text, where);
      case "prim::Loop" -> compileLoop(node, env, text, where);
      case "prim::ListConstruct" -> {
        List<Binding> in = inputs(node, env, where);
        Type.TypePtr element = new Type.TypePtr(node.output().type().get().containedType(0));
        if (allFixed(in) && !in.isEmpty() && !ListLiterals.mayBeWritten(node, active.text)) {
          GenericList list = new GenericList(element);
          for (Binding b : in) {
            list.push_back(((Binding.Fixed) b).constant().value());
          }
          bind(env, node.output(), new Binding.Fixed(compiler.literal(new IValue(list))));
        } else {
          Natives.keep(element);
          compiler.resources().add(element);
          collect(new Instruction.MakeList(element, slotsOf(in), define(node, env)[0]));
        }
      }
      case "prim::TupleConstruct" -> {
        List<Binding> in = inputs(node, env, where);
        if (allFixed(in)) {
          IValueVector elements = new IValueVector(in.size());
          for (int i = 0; i < in.size(); i++) {
            elements.put(i, ((Binding.Fixed) in.get(i)).constant().value());
          }
          bind(
              env,
              node.output(),
              new Binding.Fixed(compiler.literal(new IValue(Tuple.create(elements)))));
        } else {
          collect(new Instruction.MakeTuple(slotsOf(in), define(node, env)[0]));
        }
      }
      case "prim::TupleSlice" -> {
        int in = slot(inputs(node, env, where).get(0));
        long begin = node.i(Symbol.attr("beg"));
        long end = node.i(Symbol.attr("end"));
        collect(new Instruction.Slice(in, (int) begin, (int) end, define(node, env)[0]));
      }
      case "prim::DictConstruct" -> {
        Type type = node.output().type().get();
        Type.TypePtr key = Natives.keep(new Type.TypePtr(type.containedType(0)));
        Type.TypePtr value = Natives.keep(new Type.TypePtr(type.containedType(1)));
        compiler.resources().add(key);
        compiler.resources().add(value);
        int[] in = slotsOf(inputs(node, env, where));
        collect(new Instruction.MakeDict(key, value, in, define(node, env)[0]));
      }
      case "prim::isinstance" -> {
        int in = slot(inputs(node, env, where).get(0));
        TypeVector types = node.tys(Symbol.attr("types"));
        List<String> names = new ArrayList<>();
        for (long i = 0; i < types.size(); i++) {
          names.add(types.get(i).get().kind().intern().name());
        }
        instructions.add(new Instruction.IsInstance(in, names, where, define(node, env)[0]));
      }
      case "prim::TupleUnpack", "prim::ListUnpack" -> {
        int in = slot(inputs(node, env, where).get(0));
        collect(new Instruction.Unpack(in, define(node, env)));
      }
      case "prim::TupleIndex" -> {
        List<Binding> in = inputs(node, env, where);
        collect(new Instruction.Element(slot(in.get(0)), slot(in.get(1)), define(node, env)[0]));
      }
      case "prim::unchecked_cast",
          "prim::unchecked_unwrap_optional",
          "aten::_unwrap_optional",
          "prim::data" ->
          bind(env, node.output(), inputs(node, env, where).get(0));
      case "aten::warn" ->
          instructions.add(new Instruction.Warn(where, slot(inputs(node, env, where).get(0))));
      case "prim::RaiseException" ->
          instructions.add(new Instruction.Raise(where, slot(inputs(node, env, where).get(0))));
      case "prim::SetAttr" ->
          instructions.add(
              new Instruction.Fail(
                  "module '"
                      + where
                      + "' assigns an attribute while it runs, which is not supported"));
      default -> compileOperator(node, kind, env, where);
    }
  }

  /** Adds an instruction that puts values into a collection, or takes them out of one. */
  private void collect(Instruction instruction) {
    instructions.add(instruction);
    for (int out : instruction.out) {
      for (int in : instruction.in) {
        aliases.share(out, in);
      }
    }
  }

  private void compileAttribute(
      JitNode node, Map<Long, Binding> env, GraphText text, String where) {
    String name = text.names().get(node.output().debugName().getString());
    Binding owner = resolve(env, node.input(), where);
    if (!(owner instanceof Binding.Submodule self)) {
      throw new UnsupportedOperatorException(
          "module '"
              + where
              + "' reads the attribute '"
              + name
              + "' of an object that is no module");
    }
    IValue value = self.module().attr(name);
    Binding binding;
    if (value.isModule()) {
      JitModule child = new JitModule(value.toObject());
      String fallback = self.path().isEmpty() ? name : self.path() + "." + name;
      binding = new Binding.Submodule(child, compiler.path(child, fallback));
    } else {
      binding = new Binding.Fixed(compiler.attribute(self.module(), self.path(), name, value));
    }
    bind(env, node.output(), binding);
  }

  private void compileMethodCall(
      JitNode node, Map<Long, Binding> env, GraphText text, String where) {
    String method = text.names().get(node.output().debugName().getString());
    List<Binding> in = inputs(node, env, where);
    if (!(in.get(0) instanceof Binding.Submodule target)) {
      throw new UnsupportedOperatorException(
          "module '"
              + where
              + "' calls the method '"
              + method
              + "' of an object that is no module");
    }
    Graph graph = target.module().get_method(method).graph();
    List<Binding> arguments = in.subList(1, in.size());
    boolean own = target.path().equals(where);
    boolean forward = method.matches("forward(__)?\\d*");
    if (own || !forward) {
      bind(env, node.output(), inlineMethod(target.module(), target.path(), graph, arguments));
      return;
    }
    List<Integer> passed = new ArrayList<>();
    List<Binding> formal = new ArrayList<>();
    for (Binding argument : arguments) {
      if (argument instanceof Binding.Slot) {
        formal.add(new Binding.Slot(passed.size()));
        passed.add(slot(argument));
      } else {
        formal.add(argument);
      }
    }
    Lowering callee = new Lowering(compiler, target.path(), passed.size());
    for (int i = 0; i < passed.size(); i++) {
      int argument = passed.get(i);
      boolean twice = false;
      for (int k = 0; k < passed.size(); k++) {
        twice |= k != i && aliases.group(argument).contains(passed.get(k));
      }
      if (twice || (!mayRename(argument) || aliases.memoryMatters(argument))) {
        callee.aliases.pin(i);
      }
    }
    int id = compiler.nextId();
    Binding result = callee.inlineMethod(target.module(), target.path(), graph, formal);
    List<Integer> results = new ArrayList<>();
    List<Integer> out = new ArrayList<>();
    if (result instanceof Binding.Slot) {
      int returned = callee.slot(result);
      results.add(returned);
      out.add(newSlot());
      bind(env, node.output(), new Binding.Slot(out.get(0)));
      for (int i = 0; i < passed.size(); i++) {
        if (callee.aliases.group(returned).contains(i)) {
          aliases.share(out.get(0), passed.get(i));
        }
      }
    } else {
      bind(env, node.output(), result);
    }
    for (int i = 0; i < passed.size(); i++) {
      int current = callee.slot(new Binding.Slot(i));
      if (current != i) {
        // The callee overwrote its argument: whoever reads it later must see the new value.
        int k = results.indexOf(current);
        if (k < 0) {
          k = results.size();
          results.add(current);
          out.add(newSlot());
        }
        rename(passed.get(i), out.get(k));
      }
    }
    instructions.add(
        new Instruction.Invoke(
            id,
            target.path(),
            callee.finish(results),
            passed.stream().mapToInt(Integer::intValue).toArray(),
            out.stream().mapToInt(Integer::intValue).toArray()));
  }

  private boolean mayRename(int slot) {
    return definedHere == null || definedHere.contains(slot);
  }

  private void compileBranch(JitNode node, Map<Long, Binding> env, GraphText text, String where) {
    Binding condition = resolve(env, node.input(), where);
    int[] alternative = text.alternatives().get(node.address());
    if (condition instanceof Binding.Fixed fixed) {
      boolean first = fixed.constant().value().toBool();
      org.bytedeco.pytorch.Block taken = node.blocks().get(first ? 0 : 1);
      if (first) {
        active.excluded.add(alternative);
      }
      run(taken.nodes(), env, text, where);
      active.excluded.remove(alternative);
      for (int i = 0; i < node.outputs().size(); i++) {
        bind(env, node.output(i), resolve(env, taken.outputs().get(i), where));
      }
      return;
    }
    int test = slot(condition);
    Block[] blocks = new Block[2];
    for (int b = 0; b < 2; b++) {
      org.bytedeco.pytorch.Block block = node.blocks().get(b);
      if (b == 0) {
        active.excluded.add(alternative);
      }
      blocks[b] = nested(block, new HashMap<>(env), text, where, new int[0]);
      active.excluded.remove(alternative);
    }
    int[] out = define(node, env);
    for (Block block : blocks) {
      aliases.shareAll(out, block.results);
    }
    instructions.add(new Instruction.Branch(test, blocks[0], blocks[1], out));
  }

  /**
   * Compiles a block that may or may not run; what is unsupported in it fails only when it is
   * reached.
   */
  private Block nested(
      org.bytedeco.pytorch.Block block,
      Map<Long, Binding> env,
      GraphText text,
      String where,
      int[] own) {
    List<Instruction> outer = instructions;
    Set<Integer> outerDefined = definedHere;
    Map<Integer, Integer> outerRenamed = new HashMap<>(renamed);
    instructions = new ArrayList<>();
    definedHere = new HashSet<>();
    int[] results;
    try {
      for (int slot : own) {
        definedHere.add(slot);
      }
      run(block.nodes(), env, text, where);
      results = new int[(int) block.outputs().size()];
      for (int i = 0; i < results.length; i++) {
        results[i] = slot(resolve(env, block.outputs().get(i), where));
      }
    } catch (UnsupportedOperatorException | ModelLoadException e) {
      instructions.add(new Instruction.Fail(e.getMessage()));
      results = new int[(int) block.outputs().size()];
      Arrays.fill(results, slot(new Binding.Fixed(compiler.literal(new IValue()))));
    }
    Block compiled = new Block(instructions, results, own);
    instructions = outer;
    definedHere = outerDefined;
    renamed.keySet().retainAll(outerRenamed.keySet());
    return compiled;
  }

  private void compileLoop(JitNode node, Map<Long, Binding> env, GraphText text, String where) {
    int[] in = slotsOf(inputs(node, env, where));
    org.bytedeco.pytorch.Block block = node.blocks().get(0);
    int[] bodyIn = new int[(int) block.inputs().size()];
    Map<Long, Binding> inner = new HashMap<>(env);
    for (int i = 0; i < bodyIn.length; i++) {
      bodyIn[i] = slots++;
      bind(inner, block.inputs().get(i), new Binding.Slot(bodyIn[i]));
    }
    int[] carried = Arrays.copyOfRange(in, 2, in.length);
    int[] carriedIn = Arrays.copyOfRange(bodyIn, 1, bodyIn.length);
    aliases.shareAll(carriedIn, carried);
    Block body = nested(block, inner, text, where, bodyIn);
    int[] out = define(node, env);
    aliases.shareAll(out, carried);
    aliases.shareAll(out, Arrays.copyOfRange(body.results, 1, body.results.length));
    instructions.add(new Instruction.Loop(in, bodyIn, body, out));
  }

  private void compileOperator(JitNode node, String kind, Map<Long, Binding> env, String where) {
    List<Binding> in = inputs(node, env, where);
    Operator operator = compiler.operators().operator(node, kind);
    if (operator == null) {
      throw new UnsupportedOperatorException(
          "module '" + where + "' uses " + kind + ", which this library cannot run");
    }
    if (foldable(node, kind, in) && fold(node, operator, in, env)) {
      return;
    }
    boolean constant = in.stream().allMatch(this::isConstant);
    if (!(constant && isStandardisation(operator, in))) {
      checkTraining(operator, in, where);
    }
    if (operator.withoutDerivative() && definedHere == null) {
      compiler.note(Derivatives.finding(where, kind));
    }
    if (Operators.of(kind).is(Trait.WRITES_LIST) && in.get(0) instanceof Binding.Fixed) {
      throw new UnsupportedOperatorException(
          "module '"
              + where
              + "' changes a list that is a constant ("
              + kind
              + "), which is not supported");
    }
    int[] arguments = castDtypes(operator, in);
    FunctionSchema schema = node.maybeSchema();
    boolean known = schema != null && !schema.isNull();
    if (known && writesTensor(kind) && isTensor(node.input(0))) {
      int target = arguments[0];
      Operator twin = compiler.operators().twin(kind, OperatorTable.text(schema.overload_name()));
      if (target >= 0 && twin != null && mayRename(target) && !aliases.memoryMatters(target)) {
        int[] out = define(node, env);
        shareMarked(kind, schema, arguments, out, true);
        instructions.add(
            new Instruction.Operate(
                compiler.nextId(),
                twin.orOverwriting(operator),
                where,
                arguments,
                out,
                true,
                null));
        rename(target, out[0]);
        return;
      }
      if (aliases.group(target).stream().anyMatch(slot -> slot < 0) && !compiler.cast().copies()) {
        throw new UnsupportedOperatorException(
            "module '"
                + where
                + "' writes into its own parameters, buffers or constants ("
                + kind
                + "), which is not supported");
      }
      compiler.noteWriteInPlace();
    }
    int[] out = define(node, env);
    if (constant) {
      Arrays.stream(out).forEach(ofConstants::add);
    }
    shareMarked(kind, schema, arguments, out, false);
    instructions.add(
        new Instruction.Operate(compiler.nextId(), operator, where, arguments, out, false, null));
  }

  private void checkTraining(Operator operator, List<Binding> in, String where) {
    String behaviour =
        TrainingBehaviour.of(
            operator.name(),
            name -> {
              int k = operator.argument(name);
              return k >= 0 && k < in.size() && in.get(k) instanceof Binding.Fixed fixed
                  ? fixed.constant().value()
                  : null;
            });
    if (behaviour == null) {
      return;
    }
    String what = "module '" + where + "' " + behaviour;
    if (!compiler.allowTraining()) {
      throw new ModelLoadException(
          what
              + ": training behaviour is written into the file, whatever its mode; call eval() before tracing and"
              + " keep chance out of forward, or allow training mode");
    }
    compiler.note(what + ": outputs depend on chance or on the batch");
  }

  /**
   * Whether a batch normalisation keeps no statistics. Of weights alone nothing depends on the
   * batch then: standardised convolutions are written so.
   */
  private static boolean isStandardisation(Operator operator, List<Binding> in) {
    int mean = operator.argument("running_mean");
    return Operators.of(operator.name()).is(Trait.BATCH_STATISTICS)
        && mean >= 0
        && in.get(mean) instanceof Binding.Fixed fixed
        && fixed.constant().isNone();
  }

  /** Whether a value is one, or is made of such alone. */
  private boolean isConstant(Binding binding) {
    return binding instanceof Binding.Fixed
        || (binding instanceof Binding.Slot && ofConstants.contains(slot(binding)));
  }

  private static boolean writesTensor(String kind) {
    return kind.startsWith("aten::") && Operators.isInPlace(kind);
  }

  private static boolean isTensor(Value value) {
    return value.type().get().kind().intern() == TypeKind.TensorType;
  }

  /** Outputs share memory with those inputs that the schema marks. */
  private void shareMarked(
      String kind, FunctionSchema schema, int[] arguments, int[] out, boolean replaced) {
    if (Operators.of(kind).is(Trait.PASSING)) {
      aliases.share(out[0], arguments[0]);
      return;
    }
    if (replaced || schema == null || schema.isNull() || !schema.hasAnyAliasInfo()) {
      return;
    }
    Argument formal = schema.arguments();
    Argument returns = schema.returns();
    for (int o = 0; returns != null && o < out.length && o < returns.limit(); o++) {
      if (!ListLiterals.marked(returns, o)) {
        continue;
      }
      for (int i = 0; i < arguments.length && i < formal.limit(); i++) {
        if (ListLiterals.marked(formal, i)) {
          aliases.share(out[o], arguments[i]);
        }
      }
    }
    // What is stored in a list shares its memory from now on.
    for (int i = 1; Operators.of(kind).is(Trait.WRITES_LIST) && i < arguments.length; i++) {
      if (ListLiterals.marked(formal, i)) {
        aliases.share(arguments[0], arguments[i]);
      }
    }
  }

  /**
   * Argument slots; a literal dtype that names the model's original floating dtype becomes the one
   * it runs in.
   */
  private int[] castDtypes(Operator operator, List<Binding> in) {
    int[] slots = slotsOf(in);
    List<IValue> literals =
        in.stream()
            .map(b -> b instanceof Binding.Fixed fixed ? fixed.constant().value() : null)
            .toList();
    int dtype = operator.argument("dtype");
    compiler
        .cast()
        .literalDtype(operator, literals)
        .ifPresent(
            code -> slots[dtype] = slot(new Binding.Fixed(compiler.literal(new IValue(code)))));
    return slots;
  }

  private boolean foldable(JitNode node, String kind, List<Binding> in) {
    if (in.isEmpty() || !allFixed(in) || Operators.of(kind).is(Trait.NEVER_FOLDED)) {
      return false;
    }
    FunctionSchema schema = node.maybeSchema();
    if (schema != null && !schema.isNull() && schema.is_mutable()) {
      return false;
    }
    for (long i = 0; i < node.outputs().size(); i++) {
      TypeKind type = node.output(i).type().get().kind().intern();
      if (type == TypeKind.TensorType
          || type == TypeKind.ListType
          || type == TypeKind.DictType
          || type == TypeKind.ClassType) {
        return false;
      }
    }
    return node.outputs().size() > 0;
  }

  private boolean fold(JitNode node, Operator operator, List<Binding> in, Map<Long, Binding> env) {
    IValueVector stack = new IValueVector(in.size());
    for (int i = 0; i < in.size(); i++) {
      stack.put(i, ((Binding.Fixed) in.get(i)).constant().value());
    }
    if (operator.vararg()) {
      stack.push_back(new IValue((long) in.size()));
    }
    try {
      operator.operation().apply(stack);
    } catch (RuntimeException e) {
      return false;
    }
    for (long i = 0; i < node.outputs().size(); i++) {
      bind(env, node.output(i), new Binding.Fixed(compiler.literal(stack.get(i))));
    }
    return true;
  }
}
