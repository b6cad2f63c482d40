/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.bindings;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerScope;
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
import org.bytedeco.pytorch.Operation;
import org.bytedeco.pytorch.OperatorName;
import org.bytedeco.pytorch.Tuple;
import org.bytedeco.pytorch.Type;
import org.bytedeco.pytorch.Value;
import org.bytedeco.pytorch.ValueArrayRef;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.TypeKind;
import org.bytedeco.pytorch.graph_node_list;
import org.bytedeco.pytorch.graph_node_list_iterator;

/**
 * The TorchScript front end: turns the graphs of a module's methods into {@link Code}, one for each
 * call site.
 *
 * <p>What is known before the program runs is resolved here: attributes, literals, scalar
 * arithmetic on them, and the branches that depend on them. In-place operators are replaced by
 * their out-of-place twins, and later uses of the overwritten value read the twin's result.
 */
final class GraphCompiler {
  private static final Pattern NAMED =
      Pattern.compile(
          "%([^ ,:]+) : [^\\n]*? = prim::(?:GetAttr|CallMethod)\\[name=\"([^\"]*)\"\\]");

  /**
   * Operators whose result shares memory with their first input: writing into it must reach that
   * memory.
   */
  private static final Set<String> VIEWS =
      Set.of(
          "aten::select",
          "aten::slice",
          "aten::view",
          "aten::reshape",
          "aten::transpose",
          "aten::permute",
          "aten::unsqueeze",
          "aten::squeeze",
          "aten::expand",
          "aten::chunk",
          "aten::split",
          "aten::narrow",
          "aten::detach",
          "aten::alias",
          "aten::flatten",
          "aten::t",
          "aten::unbind",
          "aten::expand_as",
          "aten::view_as",
          "aten::movedim",
          "aten::diagonal",
          "aten::as_strided",
          "aten::contiguous");

  /** Operators that are never evaluated ahead of the run. */
  private static final Set<String> NEVER_FOLDED =
      Set.of(
          "prim::RaiseException",
          "aten::warn",
          "prim::Print",
          "aten::rand",
          "aten::randn",
          "aten::manual_seed",
          "aten::append",
          "prim::AutogradZero");

  /** Operators that change the list that they are given. */
  private static final Set<String> LIST_WRITERS =
      Set.of(
          "aten::append",
          "aten::extend",
          "aten::insert",
          "aten::pop",
          "aten::clear",
          "aten::_set_item",
          "aten::remove",
          "aten::reverse",
          "aten::sort",
          "aten::Delete");

  /** What a value of a graph stands for. */
  private sealed interface Binding {
    record Slot(int slot) implements Binding {}

    record Fixed(Constant constant) implements Binding {}

    record Submodule(JitModule module, String path) implements Binding {}

    record FreeFunction(org.bytedeco.pytorch.Function function) implements Binding {}
  }

  private final Map<Long, String> paths;
  private final TensorCast cast;
  private final List<Pointer> resources = new ArrayList<>();
  private final Map<String, Operator> operators = new HashMap<>();
  private final Map<String, Constant> attributes = new HashMap<>();
  private final Map<Long, GraphText> texts = new HashMap<>();
  private int nextId;
  private boolean writesInPlace;

  /** The attribute names that a graph's text holds, by the debug name of the node's output. */
  private record GraphText(Map<String, String> names, String text) {}

  GraphCompiler(Map<Long, String> paths, TensorCast cast) {
    this.paths = paths;
    this.cast = cast;
  }

  /** Native objects that the compiled code refers to; the program owns them. */
  List<Pointer> resources() {
    return resources;
  }

  int ids() {
    return nextId;
  }

  boolean writesInPlace() {
    return writesInPlace;
  }

  static long identity(JitModule module) {
    return module._ivalue().address();
  }

  /**
   * Compiles a method of the root module: its parameters are all the method's arguments but self.
   */
  Code compile(JitModule root, String method) {
    try (PointerScope scope = new PointerScope()) {
      Graph graph = root.get_method(method).graph();
      int parameters = (int) graph.inputs().size() - 1;
      List<Binding> arguments = new ArrayList<>();
      for (int i = 0; i < parameters; i++) {
        arguments.add(new Binding.Slot(i));
      }
      CodeBuilder builder = new CodeBuilder("", parameters);
      Binding result = builder.inlineMethod(root, "", graph, arguments);
      return builder.finish(List.of(builder.slot(result)));
    }
  }

  private Constant literal(IValue value) {
    return new Constant(own(value), null, null);
  }

  private IValue own(IValue value) {
    IValue copy = Natives.keep(new IValue(value));
    resources.add(copy);
    return copy;
  }

  private Constant attribute(String owner, String name, IValue value) {
    return attributes.computeIfAbsent(
        owner + "\n" + name,
        key -> {
          IValue v =
              value.isTensor() && value.toTensor().defined()
                  ? new IValue(cast.apply(value.toTensor()))
                  : value;
          return new Constant(own(v), owner, name);
        });
  }

  private static String text(org.bytedeco.javacpp.BytePointer pointer) {
    return pointer == null || pointer.isNull() ? "" : pointer.getString();
  }

  private Operator operator(JitNode node, String kind) {
    FunctionSchema schema = node.maybeSchema();
    boolean known = schema != null && !schema.isNull();
    String key =
        known && kind.startsWith("aten::") ? kind + "." + text(schema.overload_name()) : null;
    if (key != null && operators.containsKey(key)) {
      return operators.get(key);
    }
    Operation operation;
    try {
      operation = node.getOperation();
    } catch (RuntimeException e) {
      return null;
    }
    if (operation == null || operation.isNull() || !operation.asBoolean()) {
      return null;
    }
    Natives.keep(operation);
    resources.add(operation);
    Operator result =
        new Operator(
            kind,
            known ? argumentNames(schema) : List.of(),
            known && schema.is_vararg(),
            operation);
    if (key != null) {
      operators.put(key, result);
    }
    return result;
  }

  /** The out-of-place twin of an in-place operator, or null. */
  private Operator twin(String kind, String overload) {
    String name = kind.substring(0, kind.length() - 1);
    String key = name + "." + overload;
    if (operators.containsKey(key)) {
      return operators.get(key);
    }
    org.bytedeco.pytorch.Operator found = torch.findOperatorFor(new OperatorName(name, overload));
    if (found == null || found.isNull() || !found.hasOperation()) {
      return null;
    }
    Operation operation = Natives.keep(found.getOperation());
    resources.add(operation);
    Operator result = new Operator(name, argumentNames(found.schema()), false, operation);
    operators.put(key, result);
    return result;
  }

  private static List<String> argumentNames(FunctionSchema schema) {
    List<String> names = new ArrayList<>();
    Argument arguments = schema.arguments();
    for (long i = 0; i < arguments.limit(); i++) {
      names.add(text(arguments.getPointer(i).name()));
    }
    return names;
  }

  private GraphText textOf(Graph graph) {
    return texts.computeIfAbsent(
        graph.address(),
        address -> {
          Map<String, String> names = new HashMap<>();
          String content = graph.toString();
          Matcher matcher = NAMED.matcher(content);
          while (matcher.find()) {
            names.put(matcher.group(1), matcher.group(2));
          }
          return new GraphText(names, content);
        });
  }

  /** Builds the code of one call site. */
  private final class CodeBuilder {
    private final String path;
    private final int parameters;
    private final List<Constant> constants = new ArrayList<>();
    private final Map<Constant, Integer> constantSlots = new HashMap<>();
    private List<Instruction> instructions = new ArrayList<>();
    private final Map<Integer, Integer> renamed = new HashMap<>();
    private final Set<Integer> viewSlots = new HashSet<>();

    /** Slots that were defined in the block under construction (nested blocks only). */
    private Set<Integer> definedHere;

    private int slots;

    CodeBuilder(String path, int parameters) {
      this.path = path;
      this.parameters = parameters;
      this.slots = parameters;
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
    Binding inlineMethod(
        JitModule module, String modulePath, Graph graph, List<Binding> arguments) {
      Map<Long, Binding> env = new HashMap<>();
      ValueArrayRef inputs = graph.inputs();
      env.put(inputs.get(0).unique(), new Binding.Submodule(module, modulePath));
      for (int i = 0; i < arguments.size(); i++) {
        env.put(inputs.get(i + 1).unique(), arguments.get(i));
      }
      run(graph.nodes(), env, textOf(graph), modulePath);
      return resolve(env, graph.outputs().get(0), modulePath);
    }

    Binding inlineFunction(Graph graph, List<Binding> arguments, String modulePath) {
      Map<Long, Binding> env = new HashMap<>();
      ValueArrayRef inputs = graph.inputs();
      for (int i = 0; i < arguments.size(); i++) {
        env.put(inputs.get(i).unique(), arguments.get(i));
      }
      run(graph.nodes(), env, textOf(graph), modulePath);
      return resolve(env, graph.outputs().get(0), modulePath);
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
        env.put(node.output(i).unique(), new Binding.Slot(out[i]));
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
            IValue stored =
                v.isTensor() && v.toTensor().defined() ? new IValue(cast.apply(v.toTensor())) : v;
            env.put(node.output().unique(), new Binding.Fixed(literal(stored)));
          } else {
            env.put(
                node.output().unique(),
                new Binding.FreeFunction(new FunctionType(node.output().type().get()).function()));
          }
        }
        case "prim::Uninitialized" ->
            env.put(node.output().unique(), new Binding.Fixed(literal(IValue.uninitialized())));
        case "prim::GetAttr" -> compileAttribute(node, env, text, where);
        case "prim::CallMethod" -> compileMethodCall(node, env, text, where);
        case "prim::CallFunction" -> {
          List<Binding> in = inputs(node, env, where);
          if (!(in.get(0) instanceof Binding.FreeFunction f)) {
            throw new UnsupportedOperatorException(
                "module '" + where + "' calls a function that is not known");
          }
          Graph graph = torch.toGraphFunction(f.function()).graph();
          env.put(node.output().unique(), inlineFunction(graph, in.subList(1, in.size()), where));
        }
        case "prim::If" -> compileBranch(node, env, text, where);
        case "prim::Loop" -> compileLoop(node, env, text, where);
        case "prim::ListConstruct" -> {
          List<Binding> in = inputs(node, env, where);
          Type.TypePtr element = new Type.TypePtr(node.output().type().get().containedType(0));
          if (allFixed(in) && !in.isEmpty() && neverWritten(node.output())) {
            GenericList list = new GenericList(element);
            for (Binding b : in) {
              list.push_back(((Binding.Fixed) b).constant().value());
            }
            env.put(node.output().unique(), new Binding.Fixed(literal(new IValue(list))));
          } else {
            Natives.keep(element);
            resources.add(element);
            instructions.add(new Instruction.MakeList(element, slotsOf(in), define(node, env)[0]));
          }
        }
        case "prim::TupleConstruct" -> {
          List<Binding> in = inputs(node, env, where);
          if (allFixed(in)) {
            IValueVector elements = new IValueVector(in.size());
            for (int i = 0; i < in.size(); i++) {
              elements.put(i, ((Binding.Fixed) in.get(i)).constant().value());
            }
            env.put(
                node.output().unique(),
                new Binding.Fixed(literal(new IValue(Tuple.create(elements)))));
          } else {
            instructions.add(new Instruction.MakeTuple(slotsOf(in), define(node, env)[0]));
          }
        }
        case "prim::TupleUnpack", "prim::ListUnpack" -> {
          int in = slot(inputs(node, env, where).get(0));
          instructions.add(new Instruction.Unpack(in, define(node, env)));
        }
        case "prim::TupleIndex" -> {
          List<Binding> in = inputs(node, env, where);
          instructions.add(
              new Instruction.Element(slot(in.get(0)), slot(in.get(1)), define(node, env)[0]));
        }
        case "prim::unchecked_cast",
            "prim::unchecked_unwrap_optional",
            "aten::_unwrap_optional",
            "prim::data" ->
            env.put(node.output().unique(), inputs(node, env, where).get(0));
        case "aten::warn" ->
            instructions.add(new Instruction.Warn(where, slot(inputs(node, env, where).get(0))));
        case "prim::SetAttr" ->
            instructions.add(
                new Instruction.Fail(
                    "module '"
                        + where
                        + "' assigns an attribute while it runs, which is not supported"));
        default -> compileOperator(node, kind, env, where);
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
        binding = new Binding.Submodule(child, paths.getOrDefault(identity(child), fallback));
      } else {
        binding = new Binding.Fixed(attribute(self.path(), name, value));
      }
      env.put(node.output().unique(), binding);
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
      boolean forward = method.matches("forward\\d*");
      if (own || !forward) {
        env.put(
            node.output().unique(), inlineMethod(target.module(), target.path(), graph, arguments));
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
      CodeBuilder callee = new CodeBuilder(target.path(), passed.size());
      int id = nextId++;
      Binding result = callee.inlineMethod(target.module(), target.path(), graph, formal);
      List<Integer> results = new ArrayList<>();
      List<Integer> out = new ArrayList<>();
      if (result instanceof Binding.Slot) {
        results.add(callee.slot(result));
        out.add(newSlot());
        env.put(node.output().unique(), new Binding.Slot(out.get(0)));
      } else {
        env.put(node.output().unique(), result);
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
          int argument = passed.get(i);
          if (argument >= 0 && !mayRename(argument)) {
            throw new UnsupportedOperatorException(
                "module '"
                    + target.path()
                    + "' overwrites its input inside a conditional, which is not supported");
          }
          if (argument >= 0) {
            renamed.put(argument, out.get(k));
          }
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
      if (condition instanceof Binding.Fixed fixed) {
        org.bytedeco.pytorch.Block taken =
            node.blocks().get(fixed.constant().value().toBool() ? 0 : 1);
        run(taken.nodes(), env, text, where);
        for (int i = 0; i < node.outputs().size(); i++) {
          env.put(node.output(i).unique(), resolve(env, taken.outputs().get(i), where));
        }
        return;
      }
      int test = slot(condition);
      Block[] blocks = new Block[2];
      for (int b = 0; b < 2; b++) {
        org.bytedeco.pytorch.Block block = node.blocks().get(b);
        blocks[b] = nested(block, new HashMap<>(env), text, where, new int[0]);
      }
      instructions.add(new Instruction.Branch(test, blocks[0], blocks[1], define(node, env)));
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
      } catch (UnsupportedOperatorException e) {
        instructions.add(new Instruction.Fail(e.getMessage()));
        results = new int[(int) block.outputs().size()];
        Arrays.fill(results, slot(new Binding.Fixed(literal(new IValue()))));
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
        inner.put(block.inputs().get(i).unique(), new Binding.Slot(bodyIn[i]));
      }
      Block body = nested(block, inner, text, where, bodyIn);
      instructions.add(new Instruction.Loop(in, bodyIn, body, define(node, env)));
    }

    private void compileOperator(JitNode node, String kind, Map<Long, Binding> env, String where) {
      List<Binding> in = inputs(node, env, where);
      Operator operator = operator(node, kind);
      if (operator == null) {
        throw new UnsupportedOperatorException(
            "module '" + where + "' uses " + kind + ", which this library cannot run");
      }
      if (foldable(node, kind, in) && fold(node, operator, in, env)) {
        return;
      }
      if (LIST_WRITERS.contains(kind) && in.get(0) instanceof Binding.Fixed) {
        throw new UnsupportedOperatorException(
            "module '"
                + where
                + "' changes a list that is a constant ("
                + kind
                + "), which is not supported");
      }
      int[] arguments = castDtypes(operator, in);
      if (kind.endsWith("_")
          && !kind.endsWith("__")
          && in.get(0) instanceof Binding.Slot
          && node.input(0).type().get().kind() == TypeKind.TensorType) {
        int target = arguments[0];
        FunctionSchema schema = node.schema();
        Operator twin = twin(kind, text(schema.overload_name()));
        boolean memoryMatters = viewSlots.contains(target) || !mayRename(target);
        if (twin != null && !memoryMatters) {
          int[] out = define(node, env);
          instructions.add(
              new Instruction.Operate(nextId++, twin, where, arguments, out, null, null));
          renamed.put(target, out[0]);
          return;
        }
        writesInPlace = true;
      }
      int[] out = define(node, env);
      if (VIEWS.contains(kind)) {
        for (int slot : out) {
          viewSlots.add(slot);
        }
      }
      instructions.add(
          new Instruction.Operate(nextId++, operator, where, arguments, out, null, null));
    }

    /**
     * Argument slots; a literal dtype that names the model's original floating dtype becomes the
     * one it runs in.
     */
    private int[] castDtypes(Operator operator, List<Binding> in) {
      int[] slots = slotsOf(in);
      int dtype = operator.argument("dtype");
      if (dtype >= 0
          && dtype < in.size()
          && in.get(dtype) instanceof Binding.Fixed fixed
          && fixed.constant().value().isInt()) {
        long code = fixed.constant().value().toInt();
        long wanted = cast.dtypeCode(code);
        if (wanted != code) {
          slots[dtype] = slot(new Binding.Fixed(literal(new IValue(wanted))));
        }
      }
      return slots;
    }

    private boolean foldable(JitNode node, String kind, List<Binding> in) {
      if (in.isEmpty() || !allFixed(in) || NEVER_FOLDED.contains(kind)) {
        return false;
      }
      FunctionSchema schema = node.maybeSchema();
      if (schema != null && !schema.isNull() && schema.is_mutable()) {
        return false;
      }
      for (long i = 0; i < node.outputs().size(); i++) {
        TypeKind type = node.output(i).type().get().kind();
        if (type == TypeKind.TensorType
            || type == TypeKind.ListType
            || type == TypeKind.ClassType) {
          return false;
        }
      }
      return node.outputs().size() > 0;
    }

    private boolean fold(
        JitNode node, Operator operator, List<Binding> in, Map<Long, Binding> env) {
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
        env.put(node.output(i).unique(), new Binding.Fixed(literal(stack.get(i))));
      }
      return true;
    }

    /** Whether a list of literals can be shared: no operator of the graph changes lists. */
    private boolean neverWritten(Value list) {
      String graph = textOf(list.owningGraph()).text();
      return LIST_WRITERS.stream().noneMatch(writer -> graph.contains(writer + "("));
    }
  }
}
