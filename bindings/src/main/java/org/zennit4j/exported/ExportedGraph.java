/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.exported;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.bytedeco.pytorch.global.torch.DeviceType;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.zennit4j.bindings.UnsupportedOperatorException;
import org.zennit4j.graph.ir.LayerTypes;
import org.zennit4j.graph.ir.OperatorMode;

/**
 * The program of a torch.export archive as one list of operators: what higher-order operators run
 * stands in their place, with the mode that they set; assertions, and what only they need, are
 * gone.
 */
final class ExportedGraph {
  private static final Pattern SYMBOL =
      Pattern.compile("Symbol\\('(\\w+)'[^()]*\\)|([A-Za-z_]\\w*)");
  private static final String HIGHER_ORDER = "torch.ops.higher_order.";

  /** A size of a tensor: a number, or a symbol, or an expression (both null). */
  record Size(Long fixed, String symbol) {}

  /** What the file says about a tensor. */
  record Meta(ScalarType dtype, List<Size> sizes) {}

  /** What an input of the graph stands for. */
  enum Role {
    PARAMETER,
    BUFFER,
    CONSTANT,
    USER,
    /** A Python value that was given at export and is baked into the program. */
    BAKED
  }

  /**
   * An input of the graph.
   *
   * @param name in the graph
   * @param target the name of parameter, buffer or constant; empty for others
   */
  record Input(String name, Role role, String target) {}

  /** The least and the largest value of a symbol. */
  record Range(double least, double most) {}

  private final List<Input> inputs = new ArrayList<>();
  private final List<ExportedArgument> outputs = new ArrayList<>();
  private final List<ExportedStep> steps = new ArrayList<>();
  private final Map<String, Meta> metas = new HashMap<>();
  private final Map<String, Range> ranges = new LinkedHashMap<>();
  private final Map<String, String> classes = new LinkedHashMap<>();
  private final List<String> modules = new ArrayList<>();
  private final List<String> outputNames;
  private final Set<String> defined = new HashSet<>();
  private int scopes;

  /**
   * Reads a program.
   *
   * @param program the whole JSON
   */
  ExportedGraph(ExportedJson program) {
    ExportedJson module = program.get("graph_module");
    ExportedJson graph = module.get("graph");
    ExportedJson signature = module.get("signature");
    readRanges(program);
    Map<String, ExportedArgument> names = new HashMap<>();
    for (ExportedJson spec : signature.get("input_specs").elements()) {
      readInput(spec, names);
    }
    List<ExportedArgument> results = run(graph, names, "", OperatorMode.PLAIN, 0);
    List<ExportedJson> specs = signature.get("output_specs").elements();
    if (specs.size() != results.size()) {
      throw signature.bad(
          "has " + specs.size() + " output_specs for " + results.size() + " outputs of the graph");
    }
    for (int i = 0; i < specs.size(); i++) {
      if (specs.get(i).union().kind().equals("user_output")) {
        outputs.add(results.get(i));
      }
    }
    outputNames = new ArrayList<>(new ExportedTree(module).outputNames(outputs.size()));
    putFirst("logits");
    for (ExportedJson call : module.list("module_call_graph")) {
      modules.add(call.text("fqn"));
    }
    removeDead();
    placeStray();
  }

  /**
   * Explanations begin at the first output; of a dictionary that has them, the logits are meant.
   */
  private void putFirst(String name) {
    int k = outputNames.indexOf(name);
    if (k > 0) {
      outputNames.add(0, outputNames.remove(k));
      outputs.add(0, outputs.remove(k));
    }
  }

  private void readRanges(ExportedJson program) {
    if (!program.has("range_constraints")) {
      return;
    }
    program
        .get("range_constraints")
        .fields()
        .forEach(
            (symbol, range) ->
                ranges.put(
                    symbol,
                    new Range(
                        range.has("min_val")
                            ? range.get("min_val").number()
                            : Double.NEGATIVE_INFINITY,
                        range.has("max_val")
                            ? range.get("max_val").number()
                            : Double.POSITIVE_INFINITY)));
  }

  private void readInput(ExportedJson spec, Map<String, ExportedArgument> names) {
    ExportedJson.Union union = spec.union();
    ExportedJson value = union.value();
    Input input =
        switch (union.kind()) {
          case "parameter" ->
              new Input(
                  value.get("arg").text("name"), Role.PARAMETER, value.text("parameter_name"));
          case "buffer" ->
              new Input(value.get("arg").text("name"), Role.BUFFER, value.text("buffer_name"));
          case "tensor_constant" ->
              new Input(
                  value.get("arg").text("name"), Role.CONSTANT, value.text("tensor_constant_name"));
          case "user_input" -> {
            ExportedArgument argument = ExportedArgument.read(value.get("arg"));
            if (argument instanceof ExportedArgument.Ref ref
                && ref.kind() == ExportedArgument.Kind.TENSOR) {
              yield new Input(ref.name(), Role.USER, "");
            }
            if (argument instanceof ExportedArgument.Literal) {
              yield null;
            }
            throw new UnsupportedOperatorException(
                "the model takes a number that may vary as an input; export it with a fixed one, or with a tensor"
                    + " in its place");
          }
          case "constant_input" -> new Input(value.text("name"), Role.BAKED, "");
          default ->
              throw new UnsupportedOperatorException(
                  "the model has an input of the kind '"
                      + union.kind()
                      + "', which is not supported");
        };
    if (input == null) {
      return;
    }
    if (input.role() == Role.BAKED) {
      inputs.add(input);
      return;
    }
    if (names.put(
            input.name(), new ExportedArgument.Ref(input.name(), ExportedArgument.Kind.TENSOR))
        != null) {
      throw spec.bad("names '" + input.name() + "' a second time");
    }
    defined.add(input.name());
    inputs.add(input);
  }

  /** Appends what a graph runs, and returns its results. */
  private List<ExportedArgument> run(
      ExportedJson graph,
      Map<String, ExportedArgument> names,
      String scope,
      OperatorMode mode,
      int depth) {
    if (depth > 64) {
      throw graph.bad("lies too deep");
    }
    if (graph.has("tensor_values")) {
      graph.get("tensor_values").fields().forEach((name, meta) -> readMeta(scope + name, meta));
    }
    for (ExportedJson node : graph.get("nodes").elements()) {
      String target = node.text("target");
      if (isAssertion(target)) {
        continue;
      }
      if (target.startsWith(HIGHER_ORDER)) {
        higherOrder(node, target.substring(HIGHER_ORDER.length()), names, mode, depth);
      } else {
        steps.add(step(node, target, names, scope, mode));
      }
    }
    List<ExportedArgument> results = new ArrayList<>();
    for (ExportedJson output : graph.get("outputs").elements()) {
      results.add(resolve(ExportedArgument.read(output), names, output));
    }
    return results;
  }

  private static boolean isAssertion(String target) {
    return target.startsWith("torch.ops.aten._assert_")
        || target.startsWith("torch.ops.aten.sym_constrain_range");
  }

  private ExportedStep step(
      ExportedJson node,
      String target,
      Map<String, ExportedArgument> names,
      String scope,
      OperatorMode mode) {
    List<ExportedStep.Argument> arguments = new ArrayList<>();
    for (ExportedJson input : node.list("inputs")) {
      ExportedArgument value = ExportedArgument.read(input.get("arg"));
      if (value instanceof ExportedArgument.Graph) {
        throw new UnsupportedOperatorException(
            "the program runs " + target + " with a program of its own, which is not supported");
      }
      arguments.add(
          new ExportedStep.Argument(input.text("name"), resolve(value, names, input.get("arg"))));
    }
    List<ExportedStep.Result> results = new ArrayList<>();
    for (ExportedJson output : node.list("outputs")) {
      ExportedArgument value = ExportedArgument.read(output);
      if (value instanceof ExportedArgument.Ref ref) {
        results.add(
            new ExportedStep.Result(
                ref.kind(), List.of(define(ref.name(), ref.kind(), names, scope, output)), false));
      } else if (value instanceof ExportedArgument.Items items) {
        List<String> made = new ArrayList<>();
        for (ExportedArgument item : items.elements()) {
          if (!(item instanceof ExportedArgument.Ref ref)
              || ref.kind() != ExportedArgument.Kind.TENSOR) {
            throw output.bad("is no list of tensors");
          }
          made.add(define(ref.name(), ref.kind(), names, scope, output));
        }
        results.add(new ExportedStep.Result(ExportedArgument.Kind.TENSOR, made, true));
      } else if (!value.equals(ExportedArgument.NONE)) {
        throw output.bad("is no name of a result");
      }
    }
    return new ExportedStep(target, arguments, results, frames(node), mode);
  }

  private String define(
      String name,
      ExportedArgument.Kind kind,
      Map<String, ExportedArgument> names,
      String scope,
      ExportedJson where) {
    String unique = scope + name;
    if (names.putIfAbsent(name, new ExportedArgument.Ref(unique, kind)) != null
        || !defined.add(unique)) {
      throw where.bad("names '" + name + "' a second time");
    }
    return unique;
  }

  private static ExportedArgument resolve(
      ExportedArgument argument, Map<String, ExportedArgument> names, ExportedJson where) {
    if (argument instanceof ExportedArgument.Ref ref) {
      ExportedArgument found = names.get(ref.name());
      if (found == null) {
        throw where.bad("names '" + ref.name() + "', which nothing has made");
      }
      if (found instanceof ExportedArgument.Ref made && made.kind() != ref.kind()) {
        throw where.bad("takes '" + ref.name() + "' for something else than it is");
      }
      return found;
    }
    if (argument instanceof ExportedArgument.Items items) {
      return new ExportedArgument.Items(
          items.elements().stream().map(item -> resolve(item, names, where)).toList());
    }
    return argument;
  }

  private void higherOrder(
      ExportedJson node,
      String operator,
      Map<String, ExportedArgument> names,
      OperatorMode mode,
      int depth) {
    List<ExportedArgument> given = new ArrayList<>();
    for (ExportedJson input : node.list("inputs")) {
      given.add(resolve(ExportedArgument.read(input.get("arg")), names, input.get("arg")));
    }
    int graph = 0;
    while (graph < given.size() && !(given.get(graph) instanceof ExportedArgument.Graph)) {
      graph++;
    }
    OperatorMode inner;
    if (operator.equals("wrap_with_set_grad_enabled") && graph == 1) {
      inner = mode.withRecords(flag(given.get(0), node));
    } else if (operator.equals("wrap_with_autocast") && graph == 4) {
      inner = mode.withAutocast(autocast(given, node));
    } else {
      throw new UnsupportedOperatorException(
          "the program runs the higher-order operator '"
              + operator
              + "', which is not supported; export the model without it (of torch.cond: with the branch that is to be"
              + " explained)");
    }
    if (graph == given.size()) {
      throw node.bad("runs no graph");
    }
    List<ExportedArgument> operands = given.subList(graph + 1, given.size());
    ExportedJson body = ((ExportedArgument.Graph) given.get(graph)).graph();
    List<ExportedJson> formal = body.get("inputs").elements();
    if (formal.size() != operands.size()) {
      throw body.bad("takes " + formal.size() + " inputs, but is given " + operands.size());
    }
    Map<String, ExportedArgument> local = new HashMap<>();
    for (int i = 0; i < operands.size(); i++) {
      if (ExportedArgument.read(formal.get(i)) instanceof ExportedArgument.Ref ref) {
        local.put(ref.name(), operands.get(i));
      }
    }
    List<ExportedArgument> results = run(body, local, ++scopes + "/", inner, depth + 1);
    List<String> made = new ArrayList<>();
    for (ExportedJson output : node.list("outputs")) {
      ExportedArgument value = ExportedArgument.read(output);
      List<ExportedArgument> each =
          value instanceof ExportedArgument.Items items ? items.elements() : List.of(value);
      each.forEach(item -> made.add(item instanceof ExportedArgument.Ref ref ? ref.name() : null));
    }
    if (made.size() != results.size()) {
      throw node.bad("names " + made.size() + " of " + results.size() + " results");
    }
    for (int i = 0; i < made.size(); i++) {
      if (made.get(i) != null && names.putIfAbsent(made.get(i), results.get(i)) != null) {
        throw node.bad("names '" + made.get(i) + "' a second time");
      }
    }
  }

  private static boolean flag(ExportedArgument argument, ExportedJson node) {
    if (argument instanceof ExportedArgument.Literal literal
        && literal.value() instanceof Boolean value) {
      return value;
    }
    throw node.bad("does not say whether gradients are on");
  }

  private static OperatorMode.Autocast autocast(List<ExportedArgument> given, ExportedJson node) {
    boolean fits =
        given.get(0) instanceof ExportedArgument.Literal device
            && device.value() instanceof String
            && given.get(1) instanceof ExportedArgument.Literal dtype
            && (dtype.value() == null || dtype.value() instanceof Long);
    if (!fits) {
      throw node.bad("is no block of autocast that can be read");
    }
    String device = (String) ((ExportedArgument.Literal) given.get(0)).value();
    Long code = (Long) ((ExportedArgument.Literal) given.get(1)).value();
    ScalarType dtype = null;
    for (ScalarType type : ExportedArgument.DTYPES.values()) {
      if (code != null && type.value == code) {
        dtype = type;
      }
    }
    return new OperatorMode.Autocast(
        device.startsWith("cuda") ? DeviceType.CUDA : DeviceType.CPU,
        dtype,
        flag(given.get(2), node));
  }

  private void readMeta(String name, ExportedJson json) {
    List<Size> sizes = new ArrayList<>();
    for (ExportedJson size : json.list("sizes")) {
      ExportedJson.Union union = size.union();
      if (union.kind().equals("as_int")) {
        sizes.add(new Size(union.value().integer(), null));
      } else {
        String text = union.value().has("expr_str") ? union.value().text("expr_str") : "";
        Matcher matcher = SYMBOL.matcher(text);
        boolean symbol = matcher.matches();
        sizes.add(
            new Size(
                null,
                !symbol ? null : matcher.group(1) != null ? matcher.group(1) : matcher.group(2)));
      }
    }
    metas.put(name, new Meta(ExportedArgument.dtype(json.get("dtype")), sizes));
  }

  /**
   * The module calls around a node: {@code KEY,PATH,CLASS} joined by semicolons. Null where the
   * exporter did not know.
   */
  private List<ExportedStep.Frame> frames(ExportedJson node) {
    ExportedJson metadata = node.has("metadata") ? node.get("metadata") : null;
    if (metadata == null || !metadata.has("nn_module_stack")) {
      return null;
    }
    List<ExportedStep.Frame> frames = new ArrayList<>();
    for (String part : metadata.text("nn_module_stack").split(";", -1)) {
      int first = part.indexOf(',');
      int last = part.lastIndexOf(',');
      if (first < 0 || first == last) {
        continue;
      }
      String key = part.substring(0, first);
      String path = part.substring(first + 1, last).replaceFirst("^L\\['[^']*'\\]\\.?", "");
      if (key.startsWith("_empty_nn_module_stack")) {
        return null;
      }
      String className = LayerTypes.className(part.substring(last + 1));
      classes.putIfAbsent(path, className);
      boolean again = !frames.isEmpty() && frames.get(frames.size() - 1).path().equals(path);
      if (!path.isEmpty() && !again) {
        frames.add(new ExportedStep.Frame(path, key, className));
      }
    }
    return frames;
  }

  /** Removes what nothing needs, such as the comparisons that assertions were given. */
  private void removeDead() {
    Set<String> needed = new HashSet<>();
    outputs.forEach(output -> collect(output, needed));
    Set<ExportedStep> kept = new HashSet<>();
    // What is written into a tensor is seen by its views, so that writes stay.
    for (int i = steps.size() - 1; i >= 0; i--) {
      ExportedStep step = steps.get(i);
      boolean scalar =
          step.results().stream().allMatch(r -> r.kind() != ExportedArgument.Kind.TENSOR);
      boolean reads = step.names().stream().anyMatch(needed::contains);
      if (reads || (!scalar && ExportedOperators.writes(step.target()))) {
        kept.add(step);
        step.arguments().forEach(argument -> collect(argument.value(), needed));
      }
    }
    steps.removeIf(step -> !kept.contains(step));
  }

  static void collect(ExportedArgument argument, Set<String> names) {
    if (argument instanceof ExportedArgument.Ref ref) {
      names.add(ref.name());
    } else if (argument instanceof ExportedArgument.Items items) {
      items.elements().forEach(item -> collect(item, names));
    }
  }

  /** A node that belongs to no module must not tear the module apart in whose middle it stands. */
  private void placeStray() {
    List<ExportedStep.Frame> before = List.of();
    for (int i = 0; i < steps.size(); i++) {
      if (steps.get(i).frames() != null) {
        before = steps.get(i).frames();
        continue;
      }
      List<ExportedStep.Frame> after = List.of();
      for (int k = i + 1; k < steps.size(); k++) {
        if (steps.get(k).frames() != null) {
          after = steps.get(k).frames();
          break;
        }
      }
      int common = 0;
      while (common < before.size()
          && common < after.size()
          && before.get(common).isSameCall(after.get(common))) {
        common++;
      }
      steps.set(i, steps.get(i).withFrames(before.subList(0, common)));
    }
  }

  List<Input> inputs() {
    return inputs;
  }

  List<ExportedArgument> outputs() {
    return outputs;
  }

  List<String> outputNames() {
    return outputNames;
  }

  List<ExportedStep> steps() {
    return steps;
  }

  Map<String, Meta> metas() {
    return metas;
  }

  Map<String, Range> ranges() {
    return ranges;
  }

  /** The Python class of each module that is called, by path; "" for the root. */
  Map<String, String> classes() {
    return classes;
  }

  /** The names of all modules, in the order of registration, as far as the file lists them. */
  List<String> modules() {
    return modules;
  }
}
