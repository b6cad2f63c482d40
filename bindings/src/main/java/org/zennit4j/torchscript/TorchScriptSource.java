/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.torchscript;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.pytorch.Argument;
import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.DeviceOptional;
import org.bytedeco.pytorch.FunctionSchema;
import org.bytedeco.pytorch.IValue;
import org.bytedeco.pytorch.IValueOptional;
import org.bytedeco.pytorch.JitModule;
import org.bytedeco.pytorch.JitNode;
import org.bytedeco.pytorch.NamedIValue;
import org.bytedeco.pytorch.NamedJitModule;
import org.bytedeco.pytorch.NamedTensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.bytedeco.pytorch.graph_node_list;
import org.bytedeco.pytorch.graph_node_list_iterator;
import org.bytedeco.pytorch.named_attribute_iterator;
import org.bytedeco.pytorch.named_attribute_list;
import org.bytedeco.pytorch.named_module_iterator;
import org.bytedeco.pytorch.named_module_list;
import org.bytedeco.pytorch.named_parameter_iterator;
import org.bytedeco.pytorch.named_parameter_list;
import org.zennit4j.bindings.LoadOptions;
import org.zennit4j.bindings.ModelLoadException;
import org.zennit4j.bindings.Natives;
import org.zennit4j.bindings.UnsupportedOperatorException;
import org.zennit4j.bindings.Zennit4jException;
import org.zennit4j.bindings.internal.ModelArchive;
import org.zennit4j.bindings.internal.NativeMessage;
import org.zennit4j.graph.ModelInput;
import org.zennit4j.graph.ir.Code;
import org.zennit4j.graph.ir.LayerTypes;
import org.zennit4j.graph.ir.ModelSource;
import org.zennit4j.graph.ir.ModuleEntry;
import org.zennit4j.graph.ir.TensorCast;

/** The TorchScript front end's view of a file: a loaded module, scripted or traced. */
public final class TorchScriptSource implements ModelSource {
  private final JitModule jit;
  private final String name;
  private final boolean borrowed;
  private int uses;

  private TorchScriptSource(JitModule jit, String name, boolean borrowed) {
    this.jit = jit;
    this.name = name;
    this.borrowed = borrowed;
  }

  /** A module that the application keeps. */
  public static TorchScriptSource of(JitModule module) {
    return new TorchScriptSource(module, "module", true);
  }

  /**
   * Reads a file.
   *
   * @param name the file's name for messages
   * @param device where to
   */
  public static TorchScriptSource read(Path file, String name, Device device) {
    JitModule jit;
    try {
      // Not the debug files: printing a graph would unpickle them, and nothing here needs them.
      jit = torch.load(file.toString(), new DeviceOptional(device), false);
    } catch (Zennit4jException e) {
      throw e;
    } catch (RuntimeException e) {
      String operator = ModelArchive.unknownOperator(e);
      if (operator != null) {
        throw new UnsupportedOperatorException(
            name
                + ": the model calls "
                + operator
                + ", an operator of another library, which this LibTorch does not have; save the part of the model"
                + " before it (of a detector: the backbone or the head whose scores are to be explained)",
            e);
      }
      throw new ModelLoadException(
          name
              + ": not a TorchScript model that this LibTorch can read ("
              + NativeMessage.firstLine(e)
              + "); save it with torch.jit.script or torch.jit.trace and torch.jit.save",
          e);
    }
    return new TorchScriptSource(Natives.keep(jit), name, false);
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public String format() {
    return "TorchScript";
  }

  @Override
  public synchronized void retain() {
    uses++;
  }

  @Override
  public synchronized void release() {
    if (--uses == 0 && !borrowed) {
      Natives.release(jit);
    }
  }

  @Override
  public Compiled compile(TensorCast cast, LoadOptions options) {
    Map<Long, String> paths = new HashMap<>();
    List<ModuleEntry> entries = modules(paths, options);
    GraphCompiler compiler = new GraphCompiler(paths, cast, options.allowTraining());
    boolean done = false;
    try {
      Code code = compile(compiler);
      List<Pointer> owned = new ArrayList<>();
      List<IValue> defaults = defaults(owned);
      owned.addAll(compiler.resources());
      done = true;
      return new Compiled(
          code,
          entries,
          defaults,
          inputs(),
          List.of(),
          compiler.writesInPlace(),
          compiler.findings(),
          owned);
    } finally {
      if (!done) {
        Natives.releaseAll(compiler.resources());
      }
    }
  }

  private Code compile(GraphCompiler compiler) {
    try {
      return compiler.compile(jit, "forward");
    } catch (ModelLoadException e) {
      throw new ModelLoadException(name + ": " + e.getMessage(), e);
    }
  }

  @Override
  public ScalarType storedDtype() {
    named_attribute_list attributes = jit.named_attributes(true);
    named_attribute_iterator end = attributes.end();
    ScalarType found = null;
    for (named_attribute_iterator it = attributes.begin(); it.notEquals(end); it.increment()) {
      IValue value = it.multiply().value();
      if (value.isTensor() && value.toTensor().defined() && value.toTensor().is_floating_point()) {
        ScalarType type = value.toTensor().scalar_type().intern();
        if (found == null) {
          found = type;
        }
      }
    }
    return found != null ? found : ofConstants(jit.get_method("forward").graph().nodes());
  }

  /** A frozen model has no attributes: its parameters are constants of its code. */
  private static ScalarType ofConstants(graph_node_list nodes) {
    graph_node_list_iterator it = nodes.begin();
    JitNode stop = nodes.end().multiply();
    for (JitNode node = it.multiply(); !node.equals(stop); it.increment(), node = it.multiply()) {
      if (node.kind().toQualString().getString().equals("prim::Constant")) {
        IValueOptional value = torch.toIValue(node.output());
        // A number that was traced is a float64 tensor without axes, whatever the weights are.
        if (value.has_value()
            && value.get().isTensor()
            && value.get().toTensor().defined()
            && value.get().toTensor().dim() > 0
            && value.get().toTensor().is_floating_point()) {
          return value.get().toTensor().scalar_type().intern();
        }
      }
      for (long i = 0; i < node.blocks().size(); i++) {
        ScalarType inside = ofConstants(node.blocks().get(i).nodes());
        if (inside != null) {
          return inside;
        }
      }
    }
    return null;
  }

  @Override
  public boolean isTraining() {
    return jit.hasattr("training")
        && jit.attr("training").isBool()
        && jit.attr("training").toBool();
  }

  /**
   * What tells whether two modules are one: scripting copies a module that stands under two names,
   * but its type and the memory of its parameters and buffers stay the same.
   *
   * @return the type and the addresses of all tensors; the name where there are none
   */
  private static String memory(JitModule module, String name) {
    StringBuilder key = new StringBuilder(module.type().name().get().qualifiedName().getString());
    named_attribute_list all = module.named_attributes(true);
    named_attribute_iterator end = all.end();
    boolean any = false;
    for (named_attribute_iterator it = all.begin(); it.notEquals(end); it.increment()) {
      NamedIValue attribute = it.multiply();
      IValue value = attribute.value();
      if (value.isTensor() && value.toTensor().defined() && value.toTensor().numel() > 0) {
        any = true;
        Pointer data = value.toTensor().data_ptr();
        long address = data == null ? 0 : data.address();
        key.append('\n').append(name(attribute.name())).append(' ').append(address);
      }
    }
    return any ? key.toString() : name;
  }

  private List<ModuleEntry> modules(Map<Long, String> paths, LoadOptions options) {
    List<ModuleEntry> entries = new ArrayList<>();
    List<NamedJitModule> found = new ArrayList<>();
    named_module_list list = jit.named_modules();
    named_module_iterator end = list.end();
    Set<String> parents = new HashSet<>();
    for (named_module_iterator it = list.begin(); it.notEquals(end); it.increment()) {
      NamedJitModule named = it.multiply();
      found.add(named);
      String name = name(named.name());
      int dot = name.lastIndexOf('.');
      if (!name.isEmpty()) {
        parents.add(dot < 0 ? "" : name.substring(0, dot));
      }
    }
    Map<String, String> firstNames = new HashMap<>();
    Map<String, String> shared = new HashMap<>();
    for (NamedJitModule named : found) {
      JitModule child = named.value();
      String name = name(named.name());
      int dot = name.lastIndexOf('.');
      String parent = dot < 0 ? "" : name.substring(0, dot);
      String first =
          shared.containsKey(parent)
              ? shared.get(parent) + name.substring(dot)
              : name.isEmpty() ? null : firstNames.putIfAbsent(memory(child, name), name);
      if (first != null) {
        shared.put(name, first);
        paths.putIfAbsent(GraphCompiler.identity(child), first);
        continue;
      }
      if (paths.putIfAbsent(GraphCompiler.identity(child), name) != null) {
        continue;
      }
      String className =
          LayerTypes.className(child.type().name().get().qualifiedName().getString());
      List<String> parameters = new ArrayList<>();
      named_parameter_list own = child.named_parameters(false);
      named_parameter_iterator last = own.end();
      for (named_parameter_iterator it = own.begin(); it.notEquals(last); it.increment()) {
        NamedTensor tensor = it.multiply();
        parameters.add(name(tensor.name()));
      }
      entries.add(
          new ModuleEntry(
              name,
              className,
              parameters,
              !parents.contains(name),
              types(child, className, options)));
    }
    return entries;
  }

  /**
   * The types that the user gave, or that a scripted subclass shows: scripting keeps what PyTorch's
   * own classes declare as constants.
   *
   * @return null where neither is known
   */
  private static Set<String> types(JitModule module, String className, LoadOptions options) {
    Set<String> given = options.typesOf(className);
    if (given != null || LayerTypes.ofClass(className) != null) {
      return given;
    }
    if (declares(module, "in_features", "out_features")) {
      return LayerTypes.withParents(LayerTypes.LINEAR);
    }
    if (declares(module, "in_channels", "out_channels", "kernel_size", "groups", "padding_mode")
        && module.hasattr("transposed")) {
      boolean transposed = module.attr("transposed").toBool();
      return LayerTypes.withParents(transposed ? LayerTypes.TRANSPOSE : LayerTypes.STANDARD);
    }
    return null;
  }

  private static boolean declares(JitModule module, String... constants) {
    return Arrays.stream(constants).allMatch(name -> module.type().hasConstant(name));
  }

  private static String name(org.bytedeco.javacpp.BytePointer pointer) {
    return pointer == null || pointer.isNull() ? "" : pointer.getString();
  }

  private List<IValue> defaults(List<Pointer> owned) {
    FunctionSchema schema = jit.get_method("forward").function().getSchema();
    Argument arguments = schema.arguments();
    List<IValue> defaults = new ArrayList<>();
    for (long i = 1; arguments != null && i < arguments.limit(); i++) {
      IValueOptional value = arguments.getPointer(i).default_value();
      if (value.has_value()) {
        IValue copy = Natives.keep(new IValue(value.get()));
        owned.add(copy);
        defaults.add(copy);
      } else {
        defaults.add(null);
      }
    }
    return defaults;
  }

  /** The arguments of forward; what they must be is not written in the file. */
  private List<ModelInput> inputs() {
    List<ModelInput> inputs = new ArrayList<>();
    Argument arguments = jit.get_method("forward").function().getSchema().arguments();
    for (long i = 1; arguments != null && i < arguments.limit(); i++) {
      inputs.add(ModelInput.unknown(name(arguments.getPointer(i).name())));
    }
    return inputs;
  }
}
