/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.model;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.JitModule;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.zennit4j.bindings.ClosedException;
import org.zennit4j.bindings.Devices;
import org.zennit4j.bindings.Dtype;
import org.zennit4j.bindings.LibTorch;
import org.zennit4j.bindings.LoadOptions;
import org.zennit4j.bindings.ModelLoadException;
import org.zennit4j.bindings.Natives;
import org.zennit4j.bindings.ShapeException;
import org.zennit4j.bindings.UnsupportedOperatorException;
import org.zennit4j.bindings.Zennit4jException;
import org.zennit4j.bindings.internal.Leaks;
import org.zennit4j.bindings.internal.ModelArchive;
import org.zennit4j.bindings.internal.NativeMessage;
import org.zennit4j.bindings.internal.NativeWork;
import org.zennit4j.exported.ExportedSource;
import org.zennit4j.graph.Ending;
import org.zennit4j.graph.ModelInput;
import org.zennit4j.graph.Program;
import org.zennit4j.graph.ir.Code;
import org.zennit4j.graph.ir.Definition;
import org.zennit4j.graph.ir.Instruction;
import org.zennit4j.graph.ir.ModelSource;
import org.zennit4j.graph.ir.TensorCast;
import org.zennit4j.runtime.ConstantFolding;
import org.zennit4j.runtime.HookHandle;
import org.zennit4j.runtime.ModuleHook;
import org.zennit4j.runtime.Propagation;
import org.zennit4j.torchscript.TorchScriptSource;

/**
 * A model, of a TorchScript file or a torch.export archive, with the program that it computes.
 *
 * <p>Thread-safe. Device and floating dtype are fixed at load; {@link #to} makes another model that
 * shares what it can. The loaded module is never changed. Owned by who loads it, who closes it when
 * nothing uses it any more: closing it while plans are open fails.
 */
public final class ScriptModel implements AutoCloseable {
  private final ModelSource module;
  private final LoadOptions options;
  private final ScalarType dtype;
  private final Device device;
  private final Program program;
  private final List<Pointer> owned;
  private final boolean training;
  private final List<ModelInput> inputs;
  private final List<String> outputNames;
  private final AtomicInteger users = new AtomicInteger();
  private final Map<String, List<ModuleHook>> hooks = new ConcurrentHashMap<>();
  private final List<String> findings;
  private final UnaryOperator<Program> rewriting;
  private final Leaks.Trace trace;
  private volatile boolean closed;

  private ScriptModel(ModelSource module, LoadOptions options) {
    this(module, options, UnaryOperator.identity());
  }

  private ScriptModel(ModelSource module, LoadOptions options, UnaryOperator<Program> rewriting) {
    this.options = options;
    this.rewriting = rewriting;
    this.owned = new ArrayList<>();
    TensorCast cast = null;
    boolean compiled = false;
    Program loaded = null;
    try (NativeWork work = NativeWork.begin();
        PointerScope scope = new PointerScope()) {
      this.device = device(options.device());
      Natives.keep(device);
      owned.add(device);
      ScalarType stored = module.storedDtype();
      this.dtype =
          options.dtype() == Dtype.AS_STORED
              ? (stored == null ? ScalarType.Float : stored)
              : options.dtype().scalarType();
      this.training = module.isTraining();
      if (training && !options.allowTraining()) {
        throw new ModelLoadException(
            module.name()
                + ": the model is in training mode, so that its outputs depend on chance and batch; call eval() before"
                + " saving it, or allow training mode");
      }
      cast = new TensorCast(stored, dtype, device, training);
      ModelSource.Compiled made = module.compile(cast, options);
      owned.addAll(made.owned());
      owned.addAll(cast.owned());
      compiled = true;
      Code code = made.writesInPlace() ? made.code() : ConstantFolding.fold(made.code(), owned);
      int[] arguments = java.util.stream.IntStream.range(0, code.parameters()).toArray();
      int[] results = java.util.stream.IntStream.range(0, code.body().results.length).toArray();
      Instruction.Invoke entry = new Instruction.Invoke(-1, "", code, arguments, results);
      loaded =
          new Program(
              new Definition(entry, made.modules(), made.defaults(), made.writesInPlace()),
              () -> free(module),
              null);
      this.inputs = withIndices(made.inputs(), loaded);
      this.outputNames = List.copyOf(made.outputNames());
      module.retain();
      Program rewritten = rewriting.apply(loaded);
      this.program = rewritten == loaded ? loaded : rewritten.owning(loaded);
      this.findings = inspectModel(made.findings());
    } catch (Throwable e) {
      if (!compiled && cast != null) {
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
            module.name() + ": the model cannot be read: " + NativeMessage.firstLine(e), e);
      }
      throw e;
    }
    this.module = module;
    this.trace = Leaks.of(this, "the model " + module.name());
  }

  /** What is used to look vectors up is an integer, although TorchScript does not say so. */
  private static List<ModelInput> withIndices(List<ModelInput> said, Program program) {
    List<ModelInput> result = new ArrayList<>();
    for (ModelInput input : said) {
      boolean index = input.dtype().isEmpty() && program.lookups().isIndex(result.size());
      result.add(
          index
              ? new ModelInput(input.name(), Optional.of(ScalarType.Long), input.shape())
              : input);
    }
    return List.copyOf(result);
  }

  /** Runs when no pass is inside the loaded program any more. */
  private void free(ModelSource loaded) {
    Natives.releaseAll(owned);
    loaded.release();
  }

  /**
   * Loads a model on the CPU, in the dtype in which it is stored.
   *
   * @param file what {@code torch.jit.save} or {@code torch.export.save} wrote
   * @return the model, to be closed by the caller
   * @throws ModelLoadException if the file is missing or no model that can be read
   */
  public static ScriptModel load(Path file) {
    return load(file, LoadOptions.defaults());
  }

  /**
   * Loads a model.
   *
   * @param file what {@code torch.jit.save} or {@code torch.export.save} wrote
   * @param options device, dtype, ...
   * @return the model, to be closed by the caller
   * @throws ModelLoadException if the file is missing or no model that can be read
   * @throws UnsupportedOperatorException if the model holds something that cannot be run here
   */
  public static ScriptModel load(Path file, LoadOptions options) {
    LibTorch.load();
    if (!Files.isRegularFile(file)) {
      throw new ModelLoadException(
          file + ": no such file" + (Files.isDirectory(file) ? " (it is a folder)" : ""));
    }
    Objects.requireNonNull(file, "the file is null");
    Objects.requireNonNull(options, "the options are null");
    return load(file, file.toString(), options);
  }

  /**
   * Loads a model from a stream.
   *
   * @param stream the bytes of such a file; read to its end, not closed
   * @param options device, dtype, ...
   * @return the model, to be closed by the caller
   * @throws ModelLoadException if the bytes are no model that can be read
   */
  public static ScriptModel load(InputStream stream, LoadOptions options) {
    LibTorch.load();
    try {
      Path copy = Files.createTempFile("zennit4j-model", ".pt");
      try {
        Files.copy(stream, copy, java.nio.file.StandardCopyOption.REPLACE_EXISTING);
        return load(copy, "stream", options);
      } finally {
        Files.deleteIfExists(copy);
      }
    } catch (IOException e) {
      throw new ModelLoadException(
          "the model cannot be read from the stream: " + e.getMessage(), e);
    }
  }

  private static ScriptModel load(Path file, String name, LoadOptions options) {
    ModelArchive.Format format = ModelArchive.check(file, name, options.checksums());
    try (NativeWork work = NativeWork.begin();
        PointerScope scope = new PointerScope()) {
      Device device = device(options.device());
      ModelSource source =
          switch (format) {
            case TORCH_SCRIPT -> TorchScriptSource.read(file, name, device);
            case EXPORTED -> ExportedSource.read(file, name);
          };
      source.retain();
      try {
        return new ScriptModel(source, options);
      } finally {
        source.release();
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
    return new ScriptModel(TorchScriptSource.of(module), options);
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

  /**
   * Makes a model that ends before its softmax, log-softmax or sigmoid, in logits.
   *
   * @return an independent model, to be closed by the caller; it ends as this one if there is no
   *     such {@link Ending}
   */
  public ScriptModel withoutEnding() {
    return rewritten(Ending::without);
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
    return Propagation.run(program(), inputs);
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
    return module.name();
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
   * What is known about the inputs before the model runs.
   *
   * @return one for each argument, in order; keyword arguments of an exported model stand last
   */
  public List<ModelInput> inputs() {
    return inputs;
  }

  /**
   * The dtype in which an input is to be given.
   *
   * @param input its number, from 0
   * @return what the file says, converted with the model; {@link #dtype()} where it says nothing
   */
  public ScalarType inputDtype(int input) {
    return input < inputs.size() ? inputs.get(input).dtype().orElse(dtype) : dtype;
  }

  /**
   * The dtype in which an array is to be given.
   *
   * @param input the number of the input, from 0
   * @param given the array's own dtype
   * @return as {@link #inputDtype(int)}, but {@code given} for integers and truth values of which
   *     nothing is said beside token ids, such as masks and lengths
   */
  public ScalarType inputDtype(int input, ScalarType given) {
    boolean said = input < inputs.size() && inputs.get(input).dtype().isPresent();
    boolean whole =
        switch (given) {
          case Byte, Char, Short, Int, Long, Bool -> true;
          default -> false;
        };
    return !said && whole && program().lookups().isFree(input) ? given : inputDtype(input);
  }

  /**
   * The format of the file.
   *
   * @return {@code TorchScript} or {@code torch.export}
   */
  public String format() {
    return module.format();
  }

  /**
   * The names of the outputs, for a model that says them: an exported one whose result is a
   * dictionary, perhaps with tuples in it.
   *
   * @return such as {@code logits}, one for each tensor or number of the result, in its order but
   *     for {@code logits}, which come first; none where the file names none
   */
  public List<String> outputNames() {
    return outputNames;
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
      throw trace.refusal("the model " + module.name() + " was closed");
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
              + module.name()
              + " is still used by "
              + open
              + " open plan"
              + (open == 1 ? "" : "s"));
    }
    closed = true;
    trace.close();
    program.close();
  }

  /** Where the model came from, what is in it, and how it computes. */
  @Override
  public String toString() {
    return "ScriptModel["
        + source()
        + ", "
        + format()
        + ", "
        + inputs.size()
        + (inputs.size() == 1 ? " input, " : " inputs, ")
        + program.layers().size()
        + " modules, "
        + Dtype.of(dtype).map(Dtype::toString).orElse(dtype.toString())
        + " on "
        + device()
        + "]";
  }
}
