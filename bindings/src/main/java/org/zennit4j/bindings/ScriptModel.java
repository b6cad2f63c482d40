/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.bindings;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Argument;
import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.DeviceOptional;
import org.bytedeco.pytorch.FunctionSchema;
import org.bytedeco.pytorch.IValue;
import org.bytedeco.pytorch.IValueOptional;
import org.bytedeco.pytorch.JitModule;
import org.bytedeco.pytorch.NamedIValue;
import org.bytedeco.pytorch.NamedJitModule;
import org.bytedeco.pytorch.NamedTensor;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.bytedeco.pytorch.named_attribute_iterator;
import org.bytedeco.pytorch.named_attribute_list;
import org.bytedeco.pytorch.named_module_iterator;
import org.bytedeco.pytorch.named_module_list;
import org.bytedeco.pytorch.named_parameter_iterator;
import org.bytedeco.pytorch.named_parameter_list;
import org.zennit4j.bindings.internal.Leaks;
import org.zennit4j.bindings.internal.NativeWork;

/**
 * A TorchScript model, scripted or traced, with the program that it computes.
 *
 * <p>Thread-safe. Device and floating dtype are fixed at load; {@link #to} makes another model that
 * shares what it can. The loaded module is never changed. Close the model when nothing uses it any
 * more: closing it while plans are open fails.
 */
public final class ScriptModel implements AutoCloseable {
  private final Module module;
  private final LoadOptions options;
  private final ScalarType dtype;
  private final Device device;
  private final Program program;
  private final List<Pointer> owned;
  private final boolean training;
  private final AtomicInteger users = new AtomicInteger();
  private final Map<String, List<ModuleHook>> hooks = new ConcurrentHashMap<>();
  private final List<String> findings;
  private final UnaryOperator<Program> rewriting;
  private final Leaks.Trace trace;
  private volatile boolean closed;

  /** The loaded module, shared between models of several dtypes. */
  private static final class Module {
    final JitModule jit;
    final String source;
    final boolean borrowed;
    int uses;

    Module(JitModule jit, String source, boolean borrowed) {
      this.jit = jit;
      this.source = source;
      this.borrowed = borrowed;
    }

    synchronized Module retain() {
      uses++;
      return this;
    }

    synchronized void release() {
      if (--uses == 0 && !borrowed) {
        Natives.release(jit);
      }
    }
  }

  private ScriptModel(Module module, LoadOptions options) {
    this(module, options, UnaryOperator.identity());
  }

  private ScriptModel(Module module, LoadOptions options, UnaryOperator<Program> rewriting) {
    this.options = options;
    this.rewriting = rewriting;
    this.owned = new ArrayList<>();
    TensorCast cast = null;
    GraphCompiler compiler = null;
    boolean compiled = false;
    Program loaded = null;
    try (NativeWork work = NativeWork.begin();
        PointerScope scope = new PointerScope()) {
      this.device = device(options.device());
      Natives.keep(device);
      owned.add(device);
      ScalarType stored = storedDtype(module.jit);
      this.dtype =
          options.dtype() == Dtype.AS_STORED
              ? (stored == null ? ScalarType.Float : stored)
              : options.dtype().scalarType();
      this.training = isTraining(module.jit);
      if (training && !options.allowTraining()) {
        throw new ModelLoadException(
            module.source
                + ": the model is in training mode, so that its outputs depend on chance and batch; call eval() before"
                + " saving it, or allow training mode");
      }
      cast = new TensorCast(stored, dtype, device, training);
      Map<Long, String> paths = new HashMap<>();
      List<ModuleEntry> entries = modules(module.jit, paths);
      compiler = new GraphCompiler(paths, cast, options.allowTraining());
      Code code = compile(compiler, module);
      int[] arguments = java.util.stream.IntStream.range(0, code.parameters()).toArray();
      int[] results = java.util.stream.IntStream.range(0, code.body().results.length).toArray();
      Instruction.Invoke entry = new Instruction.Invoke(-1, "", code, arguments, results);
      List<IValue> defaults = defaults(module.jit);
      owned.addAll(compiler.resources());
      owned.addAll(cast.owned());
      compiled = true;
      loaded =
          new Program(entry, entries, defaults, compiler.writesInPlace(), () -> free(module), null);
      module.retain();
      Program rewritten = rewriting.apply(loaded);
      this.program = rewritten == loaded ? loaded : rewritten.owning(loaded);
      this.findings = inspectModel(compiler.findings());
    } catch (Throwable e) {
      if (!compiled && compiler != null) {
        Natives.releaseAll(compiler.resources());
        Natives.releaseAll(cast.owned());
      }
      if (loaded == null) {
        Natives.releaseAll(owned);
      } else {
        loaded.close();
      }
      if (loaded == null && e instanceof RuntimeException && !(e instanceof Zennit4jException)) {
        // A damaged program fails anywhere in LibTorch.
        throw new ModelLoadException(
            module.source + ": the model cannot be read: " + Natives.firstLine(e), e);
      }
      throw e;
    }
    this.module = module;
    this.trace = Leaks.of(this, "the model " + module.source);
  }

  private static Code compile(GraphCompiler compiler, Module module) {
    try {
      return compiler.compile(module.jit, "forward");
    } catch (ModelLoadException e) {
      throw new ModelLoadException(module.source + ": " + e.getMessage(), e);
    }
  }

  /** Runs when no pass is inside the loaded program any more. */
  private void free(Module loaded) {
    Natives.releaseAll(owned);
    loaded.release();
  }

  /**
   * Loads a model on the CPU, in the dtype in which it is stored.
   *
   * @param file a TorchScript archive, as {@code torch.jit.save} writes it
   * @return the model, to be closed by the caller
   * @throws ModelLoadException if the file is missing or no TorchScript model
   */
  public static ScriptModel load(Path file) {
    return load(file, LoadOptions.defaults());
  }

  /**
   * Loads a model.
   *
   * @param file a TorchScript archive, as {@code torch.jit.save} writes it
   * @param options device, dtype, ...
   * @return the model, to be closed by the caller
   * @throws ModelLoadException if the file is missing or no TorchScript model
   * @throws UnsupportedOperatorException if the model holds something that cannot be run here
   */
  public static ScriptModel load(Path file, LoadOptions options) {
    LibTorch.load();
    if (!Files.isRegularFile(file)) {
      throw new ModelLoadException(
          file + ": no such file" + (Files.isDirectory(file) ? " (it is a folder)" : ""));
    }
    ModelArchive.check(file, file.toString(), options.checksums());
    return load(file.toString(), file.toString(), options);
  }

  /**
   * Loads a model from a stream.
   *
   * @param stream the bytes of a TorchScript archive; read to its end, not closed
   * @param options device, dtype, ...
   * @return the model, to be closed by the caller
   * @throws ModelLoadException if the bytes are no TorchScript model
   */
  public static ScriptModel load(InputStream stream, LoadOptions options) {
    LibTorch.load();
    try {
      Path copy = Files.createTempFile("zennit4j-model", ".pt");
      try {
        Files.copy(stream, copy, java.nio.file.StandardCopyOption.REPLACE_EXISTING);
        ModelArchive.check(copy, "stream", options.checksums());
        return load(copy.toString(), "stream", options);
      } finally {
        Files.deleteIfExists(copy);
      }
    } catch (IOException e) {
      throw new ModelLoadException(
          "the model cannot be read from the stream: " + e.getMessage(), e);
    }
  }

  private static ScriptModel load(String path, String source, LoadOptions options) {
    try (NativeWork work = NativeWork.begin();
        PointerScope scope = new PointerScope()) {
      JitModule jit;
      try {
        // Not the debug files: printing a graph would unpickle them, and nothing here needs them.
        jit = torch.load(path, new DeviceOptional(device(options.device())), false);
      } catch (Zennit4jException e) {
        throw e;
      } catch (RuntimeException e) {
        String operator = ModelArchive.unknownOperator(e);
        if (operator != null) {
          throw new UnsupportedOperatorException(
              source
                  + ": the model calls "
                  + operator
                  + ", an operator of another library, which this LibTorch does not have; save the part of the model"
                  + " before it (of a detector: the backbone or the head whose scores are to be explained)",
              e);
        }
        throw new ModelLoadException(
            source
                + ": not a TorchScript model that this LibTorch can read ("
                + Natives.firstLine(e)
                + "); save it with torch.jit.script or torch.jit.trace and torch.jit.save",
            e);
      }
      Natives.keep(jit);
      Module module = new Module(jit, source, false).retain();
      try {
        return new ScriptModel(module, options);
      } finally {
        module.release();
      }
    }
  }

  /**
   * Wraps a module that the application keeps.
   *
   * @param module a TorchScript module; never changed, not closed by the model, to be kept open as
   *     long as the model
   * @param options device, dtype, ...; tensors are copied if the device is another
   * @return the model, to be closed by the caller
   */
  public static ScriptModel of(JitModule module, LoadOptions options) {
    LibTorch.load();
    return new ScriptModel(new Module(module, "module", true), options);
  }

  /**
   * Wraps a module that the application keeps, in its own dtype, on the CPU.
   *
   * @param module a TorchScript module
   * @return the model, to be closed by the caller
   */
  public static ScriptModel of(JitModule module) {
    return of(module, LoadOptions.defaults());
  }

  private static Device device(String name) {
    try {
      return Devices.of(name);
    } catch (Zennit4jException e) {
      throw new ModelLoadException(e.getMessage(), e);
    }
  }

  private static ScalarType storedDtype(JitModule jit) {
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
    return found;
  }

  private static boolean isTraining(JitModule jit) {
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

  private List<ModuleEntry> modules(JitModule jit, Map<Long, String> paths) {
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
              options.classTypes().get(className)));
    }
    return entries;
  }

  private static String name(org.bytedeco.javacpp.BytePointer pointer) {
    return pointer == null || pointer.isNull() ? "" : pointer.getString();
  }

  private List<IValue> defaults(JitModule jit) {
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

  private List<String> inspectModel(List<String> ofOperators) {
    List<String> result = new ArrayList<>();
    if (training) {
      result.add(
          "the model is in training mode: dropout and batch statistics make its outputs depend on chance");
    }
    if (dtype == ScalarType.Half || dtype == ScalarType.BFloat16) {
      result.add(
          "the model runs in half precision ("
              + dtype
              + "), in which small relevances vanish; load it as float32");
    }
    result.addAll(ofOperators);
    Ending ending = Ending.of(program);
    if (ending != Ending.OTHER) {
      result.add(ending.finding());
    }
    return List.copyOf(result);
  }

  /**
   * Makes a model that runs in another dtype; both are independent, and the file is not read again.
   *
   * @param wanted the floating dtype
   * @return the model, to be closed by the caller
   */
  public ScriptModel to(Dtype wanted) {
    checkOpen();
    return new ScriptModel(module, options.withDtype(wanted), rewriting);
  }

  /**
   * Makes a model that runs on another device; both are independent, and the file is not read
   * again.
   *
   * @param device {@code cpu}, {@code cuda} or {@code cuda:N}
   * @return the model, to be closed by the caller
   * @throws ModelLoadException if there is no such device
   */
  public ScriptModel to(String device) {
    checkOpen();
    return new ScriptModel(module, options.withDevice(device), rewriting);
  }

  /**
   * Makes a model that computes a rewritten program, for instance one without its last operator;
   * both are independent, and the file is not read again.
   *
   * @param rewrite makes the new program by means of {@link Program#edit()}; the same object if
   *     nothing changes
   * @return the model, to be closed by the caller
   */
  public ScriptModel rewritten(UnaryOperator<Program> rewrite) {
    checkOpen();
    return new ScriptModel(
        module, options, program -> rewrite(rewrite, rewriting.apply(program), program));
  }

  private static Program rewrite(UnaryOperator<Program> rewrite, Program before, Program loaded) {
    Program after = rewrite.apply(before);
    return after == before || before == loaded ? after : after.owning(before);
  }

  /**
   * What the model computes.
   *
   * @return the program, owned by this model
   * @throws ClosedException if the model was closed
   */
  public Program program() {
    checkOpen();
    return program;
  }

  /**
   * Runs the model without recording anything.
   *
   * @param inputs one tensor for each argument, of the model's dtype and device
   * @return the floating tensors of the result, in the caller's scope
   * @throws ShapeException if an operator does not accept its inputs
   */
  public List<Tensor> run(Tensor... inputs) {
    return program().run(inputs);
  }

  /**
   * The floating dtype in which the model runs.
   *
   * @return such as {@code Float}
   */
  public ScalarType dtype() {
    return dtype;
  }

  /**
   * Where the model's tensors are.
   *
   * @return such as {@code cpu}
   */
  public String device() {
    return options.device();
  }

  /**
   * Where the model came from.
   *
   * @return the path, for messages
   */
  public String source() {
    return module.source;
  }

  /**
   * What is unusual about the model.
   *
   * @return one sentence each, perhaps none
   */
  public List<String> findings() {
    return findings;
  }

  /**
   * Registers a hook on a module.
   *
   * @param path the module's path, "" for the root
   * @param hook the hook; it must be thread-safe if the model is used by several threads
   * @return a handle that removes it
   * @throws Zennit4jException if there is no such module
   */
  public HookHandle registerHook(String path, ModuleHook hook) {
    if (program().layers().stream().noneMatch(layer -> layer.name().equals(path))) {
      throw new Zennit4jException(source() + ": there is no module '" + path + "'");
    }
    List<ModuleHook> list = hooks.computeIfAbsent(path, p -> new CopyOnWriteArrayList<>());
    list.add(hook);
    AtomicBoolean removed = new AtomicBoolean();
    return () -> {
      if (removed.compareAndSet(false, true)) {
        list.remove(hook);
      }
    };
  }

  /**
   * The hooks that are registered now.
   *
   * @return a snapshot, by module path
   */
  public Map<String, List<ModuleHook>> hooks() {
    Map<String, List<ModuleHook>> snapshot = new HashMap<>();
    hooks.forEach(
        (path, list) -> {
          if (!list.isEmpty()) {
            snapshot.put(path, List.copyOf(list));
          }
        });
    return snapshot;
  }

  /**
   * Counts something that needs the model to stay open.
   *
   * @return the model, for {@link #release}
   */
  public synchronized ScriptModel retain() {
    checkOpen();
    users.incrementAndGet();
    return this;
  }

  /** Takes back a {@link #retain}. */
  public void release() {
    users.decrementAndGet();
  }

  private void checkOpen() {
    if (closed) {
      throw trace.refusal("the model " + module.source + " was closed");
    }
  }

  /**
   * Frees the model, once the passes that run in other threads are done; new ones are refused at
   * once. Closing twice is harmless.
   *
   * @throws ClosedException if plans of this model are still open
   */
  @Override
  public synchronized void close() {
    if (closed) {
      return;
    }
    int open = users.get();
    if (open > 0) {
      throw new ClosedException(
          "the model "
              + module.source
              + " is still used by "
              + open
              + " open plan"
              + (open == 1 ? "" : "s"));
    }
    closed = true;
    trace.close();
    program.close();
  }
}
