/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.runtime;

import java.lang.ref.Cleaner;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Supplier;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.AutoGradMode;
import org.bytedeco.pytorch.BoolOptional;
import org.bytedeco.pytorch.IValue;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.MemoryFormat;
import org.zennit4j.bindings.ClosedException;
import org.zennit4j.bindings.Natives;
import org.zennit4j.bindings.ShapeException;
import org.zennit4j.bindings.Zennit4jException;
import org.zennit4j.bindings.internal.AutogradFunction;
import org.zennit4j.bindings.internal.Leaks;
import org.zennit4j.bindings.internal.NativeMessage;
import org.zennit4j.bindings.internal.NativeWork;
import org.zennit4j.bindings.internal.Precision;
import org.zennit4j.bindings.internal.Uses;
import org.zennit4j.graph.OperatorCall;
import org.zennit4j.graph.Operators;
import org.zennit4j.graph.Program;
import org.zennit4j.graph.Region;
import org.zennit4j.graph.ir.Instruction;

/**
 * One run of a program, forward and backward, with layer functions in the place of gradients.
 *
 * <p>Holds everything about the call; nothing is stored in the program or the functions. Used by
 * one thread at a time; layer functions and hooks run in the autograd engine's threads, which are
 * the caller's on the CPU and LibTorch's own on CUDA. Owned by who makes it, in try-with-resources.
 * All tensors that it returns belong to the pass and are freed with it: copy what has to live
 * longer.
 */
public final class Propagation implements AutoCloseable {
  private Program program;
  private Map<Integer, LayerFunction> functions;
  private final Variants variants;
  private final PropagationOptions options;
  private final Tape tape = new Tape();
  private final List<Captured> captured = new ArrayList<>();
  private final Map<String, Integer> calls = new HashMap<>();
  private List<Tensor> inputs = List.of();

  /** Whether each input lies in memory as the caller gave it. */
  private final List<Boolean> asGiven = new ArrayList<>();

  private List<Tensor> outputs = List.of();
  private List<LayerRelevance> layerRelevances = List.of();
  private final List<Start> starts = new ArrayList<>();
  private List<Tensor> tokens = List.of();
  private Map<Integer, Set<Integer>> lookups = Map.of();
  private final Set<String> findings = Collections.synchronizedSet(new LinkedHashSet<>());
  private final Cleaner.Cleanable exit;
  private final Leaks.Trace trace;
  private boolean recording;
  private volatile boolean inactive;
  private volatile NativeWork work;
  private boolean closed;

  /** A pass that is forgotten leaves its program when the collector finds it. */
  private static final Cleaner CLEANER = Cleaner.create();

  /** The vectors that were looked up, where relevance starts, and the inputs that chose them. */
  private record Start(Set<Integer> inputs, Tensor leaf, List<Long> shape) {}

  /** A call whose relevances were asked for. */
  private record Captured(
      String layer, int call, List<Tensor> inputs, List<Tensor> outputs, List<Integer> order) {}

  /**
   * Prepares a run.
   *
   * @param program what to run
   * @param functions layer functions by {@link Region#id()}; inside a region that has one, others
   *     are ignored
   * @param options how to run
   */
  public Propagation(
      Program program, Map<Integer, LayerFunction> functions, PropagationOptions options) {
    this(program, functions, options, Variants.none(), () -> {});
  }

  /**
   * Prepares a run that somebody else counts too.
   *
   * @param program what to run; it is freed after the run was closed at the earliest
   * @param functions as above
   * @param options how to run
   * @param variants what runs instead where the program does not fit the inputs
   * @param closed runs once, when this run is closed or was forgotten; it must not refer to the run
   */
  public Propagation(
      Program program,
      Map<Integer, LayerFunction> functions,
      PropagationOptions options,
      Variants variants,
      Runnable closed) {
    Uses uses = program.uses();
    uses.enter();
    this.program = program;
    this.functions = functions;
    this.options = options;
    this.variants = variants;
    this.trace = Leaks.of(this, "a pass");
    this.exit =
        CLEANER.register(
            this,
            () -> {
              uses.leave();
              closed.run();
            });
  }

  /**
   * Runs a program without recording anything.
   *
   * @param program what to run
   * @param inputs one tensor for each argument; trailing ones with a default may be left out
   * @return the output tensors, in the caller's scope
   * @throws ShapeException if an operator does not accept its inputs
   */
  public static List<Tensor> run(Program program, Tensor... inputs) {
    try (Propagation pass = new Propagation(program, Map.of(), PropagationOptions.defaults())) {
      List<Tensor> kept = pass.forward(List.of(inputs)).stream().map(Natives::keep).toList();
      pass.close();
      kept.forEach(Natives::handOver);
      return kept;
    }
  }

  /**
   * Runs forward without recording.
   *
   * @param tensors one for each argument of the model; trailing ones with a default may be left out
   * @return the floating tensors of the model's result, in order
   * @throws ShapeException if an operator does not accept its inputs
   */
  public List<Tensor> forward(List<Tensor> tensors) {
    return forward(tensors, false);
  }

  /**
   * Runs forward and records what {@link #backward} needs.
   *
   * @param tensors one for each argument of the model; trailing ones with a default may be left
   *     out. With {@link PropagationOptions#createGraph()}, the relevance can be differentiated
   *     with respect to those that require gradients
   * @return the floating tensors of the model's result, in order
   * @throws ShapeException if an operator does not accept its inputs
   */
  public List<Tensor> record(List<Tensor> tensors) {
    return forward(tensors, true);
  }

  private void checkpoint() {
    NativeWork current = work;
    if (current != null) {
      current.check();
    }
  }

  private void checkOpen() {
    if (closed) {
      throw trace.refusal("this pass was closed");
    }
  }

  private List<Tensor> forward(List<Tensor> tensors, boolean record) {
    checkOpen();
    for (int i = 0; i < tensors.size(); i++) {
      Objects.requireNonNull(tensors.get(i), "input " + i + " is null");
    }
    List<Integer> dimensions =
        tensors.stream().map(t -> t.isNull() || !t.defined() ? 0 : (int) t.dim()).toList();
    variants.of(dimensions).ifPresent(this::use);
    while (true) {
      try {
        return once(tensors, record);
      } catch (Zennit4jException e) {
        DimensionsException unfit = DimensionsException.in(e);
        if (unfit == null) {
          throw e;
        }
        use(variants.after(unfit.call(), unfit.dimensions(), dimensions).orElseThrow(() -> e));
      }
    }
  }

  /** Goes on with another program, as if nothing had run yet. */
  private void use(Variants.Variant variant) {
    program = variant.program();
    functions = variant.functions();
    findings.clear();
    findings.add(variant.finding());
    calls.clear();
    captured.clear();
  }

  private List<Tensor> once(List<Tensor> tensors, boolean record) {
    recording = record;
    starts.clear();
    // Vectors that integers choose depend on no input that has a gradient.
    boolean whole = tensors.stream().anyMatch(t -> !t.isNull() && !t.is_floating_point());
    lookups = record && whole ? program.lookups().operators() : Map.of();
    int wanted = program.inputs();
    List<IValue> arguments = new ArrayList<>();
    try (NativeWork running = NativeWork.begin(options.deadline());
        PointerScope scope = new PointerScope();
        AutoGradMode on = new AutoGradMode(true)) {
      work = running;
      List<Tensor> leaves = new ArrayList<>();
      asGiven.clear();
      for (Tensor tensor : tensors) {
        if (tensor.isNull()) {
          throw new ClosedException("an input tensor was closed before it was used");
        }
        if (!tensor.defined()) {
          throw new ShapeException("input " + leaves.size() + " is an undefined tensor");
        }
        if (tensor.is_sparse()) {
          throw new ShapeException(
              "input " + leaves.size() + " is a sparse tensor; give input.to_dense()");
        }
        if (record && tensor.is_floating_point() && tensor.numel() == 0) {
          throw new ShapeException(
              "input "
                  + leaves.size()
                  + " is empty (its shape is "
                  + Arrays.toString(tensor.shape())
                  + "): there is nothing to explain");
        }
        Tensor leaf;
        if (record && options.createGraph() && tensor.requires_grad()) {
          leaf = tensor.view_as(tensor);
        } else {
          leaf = turned(tensor).detach();
          if (record && leaf.is_floating_point()) {
            leaf.requires_grad_(true);
          }
        }
        leaves.add(keep(leaf));
        asGiven.add(leaf.is_alias_of(tensor));
        // The caller's tensor must not be overwritten.
        arguments.add(keep(new IValue(program.definition().writesInPlace() ? leaf.clone() : leaf)));
      }
      while (arguments.size() < wanted) {
        IValue value = program.definition().defaults().get(arguments.size());
        if (value == null) {
          break;
        }
        arguments.add(value);
      }
      if (arguments.size() != wanted) {
        throw new ShapeException(
            "the model takes " + wanted + " inputs, but " + tensors.size() + " were given");
      }
      inputs = leaves;
      IValue[] given = arguments.toArray(IValue[]::new);
      Interceptor interceptor = new Interceptor(tape, segments(), options.meter().orElse(null));
      IValue[] results = interceptor.invoke(program.definition().entry(), given, false);
      if (results == null) {
        results =
            new Interpreter(interceptor, this::checkpoint)
                .run(program.definition().entry().callee, given, null);
      }
      Values values = tape.own(new Values(results));
      outputs = values.tensors().stream().map(this::straight).toList();
      return outputs;
    } finally {
      work = null;
    }
  }

  /**
   * The floating tensors of the model's result, with their history.
   *
   * @return the outputs of the last forward
   */
  public List<Tensor> outputs() {
    return outputs;
  }

  /**
   * Runs backward.
   *
   * @param seeds the relevance of each output, null for none
   * @return the relevance of each input; null for inputs that are no floating tensors, zeros for
   *     those that the outputs do not depend on
   * @throws Zennit4jException if a layer function fails
   */
  public List<Tensor> backward(List<Tensor> seeds) {
    checkOpen();
    if (!recording) {
      throw new IllegalStateException("nothing was recorded");
    }
    try (NativeWork running = NativeWork.begin(options.deadline());
        PointerScope scope = new PointerScope()) {
      work = running;
      running.check();
      List<Tensor> wanted = new ArrayList<>();
      for (Tensor input : inputs) {
        if (input.requires_grad()) {
          wanted.add(input);
        }
      }
      starts.forEach(start -> wanted.add(start.leaf()));
      for (Captured c : captured) {
        for (Tensor t : c.inputs()) {
          if (t.requires_grad()) {
            wanted.add(t);
          }
        }
        for (Tensor t : c.outputs()) {
          if (t.requires_grad()) {
            wanted.add(t);
          }
        }
      }
      List<Tensor> found = gradients(seeds, wanted);
      int[] next = {0};
      List<Tensor> relevances = new ArrayList<>();
      for (int i = 0; i < inputs.size(); i++) {
        Tensor input = inputs.get(i);
        Tensor relevance = input.requires_grad() ? orZeros(found.get(next[0]++), input) : null;
        relevances.add(relevance == null ? null : asGiven(relevance, input, asGiven.get(i)));
      }
      List<Tensor> ofStarts = new ArrayList<>();
      for (Start start : starts) {
        ofStarts.add(orZeros(found.get(next[0]++), start.leaf()));
      }
      tokens = tokens(ofStarts);
      List<LayerRelevance> layers = new ArrayList<>();
      for (Captured c : captured) {
        List<Tensor> in = take(c.inputs(), found, next);
        List<Tensor> out = take(c.outputs(), found, next);
        List<Tensor> ordered = new ArrayList<>();
        for (int i = 0; i < in.size(); i++) {
          ordered.add(in.get(c.order().size() == in.size() ? c.order().get(i) : i));
        }
        layers.add(new LayerRelevance(c.layer(), c.call(), ordered, out));
      }
      layerRelevances = layers;
      List<Tensor> all = new ArrayList<>(relevances);
      all.addAll(ofStarts);
      Precision.finding(seeds, all, functions.size()).ifPresent(findings::add);
      return relevances;
    } finally {
      work = null;
    }
  }

  /** Sums the relevance of each vector; what one input chooses several times is added up. */
  private List<Tensor> tokens(List<Tensor> ofStarts) {
    List<Tensor> result = new ArrayList<>();
    for (int i = 0; i < inputs.size(); i++) {
      Tensor sum = null;
      List<Long> shape = null;
      List<Long> own = shape(inputs.get(i));
      for (int k = 0; k < starts.size(); k++) {
        if (!starts.get(k).inputs().contains(i)) {
          continue;
        }
        // Of look-ups of several shapes those count that are the input's own.
        List<Long> found = starts.get(k).shape();
        Tensor one = ofStarts.get(k).sum(-1);
        if (sum == null || (found.equals(own) && !own.equals(shape))) {
          sum = one;
          shape = found;
        } else if (found.equals(shape)) {
          sum = sum.add(one);
        }
      }
      result.add(sum == null ? null : keep(sum));
    }
    return result;
  }

  private static List<Long> shape(Tensor tensor) {
    return Arrays.stream(tensor.shape()).boxed().toList();
  }

  private List<Tensor> take(List<Tensor> tensors, List<Tensor> found, int[] next) {
    List<Tensor> result = new ArrayList<>();
    for (Tensor tensor : tensors) {
      result.add(tensor.requires_grad() ? straight(orZeros(found.get(next[0]++), tensor)) : null);
    }
    return result;
  }

  /** An image with its channels last in memory, where that was asked for. */
  private Tensor turned(Tensor tensor) {
    return options.channelsLast() && tensor.dim() == 4 && tensor.is_floating_point()
        ? tensor.contiguous(MemoryFormat.ChannelsLast)
        : tensor;
  }

  /** What {@link #turned} undone gives. */
  private Tensor straight(Tensor tensor) {
    return options.channelsLast() && tensor.dim() == 4 && !tensor.is_contiguous()
        ? keep(tensor.contiguous())
        : tensor;
  }

  /** The relevance as the caller's input lies in memory. */
  private Tensor asGiven(Tensor relevance, Tensor input, boolean given) {
    if (!given) {
      return straight(relevance);
    }
    boolean last =
        options.channelsLast()
            && input.dim() == 4
            && !input.is_contiguous()
            && input.is_contiguous(MemoryFormat.ChannelsLast);
    return last ? keep(turned(relevance)) : relevance;
  }

  private Tensor orZeros(Tensor gradient, Tensor like) {
    return keep(gradient != null ? gradient : torch.zeros_like(like.detach()));
  }

  private List<Tensor> gradients(List<Tensor> seeds, List<Tensor> wanted) {
    List<Tensor> roots = new ArrayList<>();
    List<Tensor> starts = new ArrayList<>();
    for (int i = 0; i < outputs.size(); i++) {
      Tensor output = outputs.get(i);
      Tensor seed = i < seeds.size() ? seeds.get(i) : null;
      if (seed == null) {
        continue;
      }
      if (!Arrays.equals(seed.shape(), output.shape())) {
        throw new ShapeException(
            "the output relevance has shape "
                + Arrays.toString(seed.shape())
                + ", the output has "
                + Arrays.toString(output.shape()));
      }
      if (output.requires_grad()) {
        roots.add(output);
        starts.add(seed);
      }
    }
    List<Tensor> result = new ArrayList<>();
    if (roots.isEmpty() || wanted.isEmpty()) {
      wanted.forEach(w -> result.add(null));
      return result;
    }
    TensorVector found;
    inactive = false;
    try {
      found =
          torch.grad(
              new TensorVector(roots.toArray(Tensor[]::new)),
              new TensorVector(wanted.toArray(Tensor[]::new)),
              new TensorVector(starts.toArray(Tensor[]::new)),
              new BoolOptional(options.createGraph()),
              options.createGraph(),
              true);
    } catch (RuntimeException e) {
      tape.autograd.rethrow(e);
      throw e instanceof Zennit4jException
          ? e
          : new Zennit4jException("the backward pass failed: " + NativeMessage.firstLine(e), e);
    }
    if (tape.autograd.failed()) {
      tape.autograd.rethrow(new IllegalStateException("a callback failed"));
    }
    inactive = true;
    for (long i = 0; i < found.size(); i++) {
      Tensor gradient = found.get(i);
      result.add(gradient.defined() ? new Tensor(gradient) : null);
    }
    return result;
  }

  /**
   * The relevances at the layers that were asked for, after {@link #backward}.
   *
   * @return one for each call, in the order of execution
   */
  public List<LayerRelevance> layerRelevances() {
    return layerRelevances;
  }

  /**
   * The relevances of token ids and other indices, after {@link #backward}: that of the vector
   * which each of them chose, summed over the vector's axis.
   *
   * @return one for each input, of the indices' shape (of an embedding bag: one for each bag); null
   *     for inputs that choose no vectors
   */
  public List<Tensor> tokens() {
    return tokens;
  }

  /**
   * What layer functions found unusual, and whether the relevance is not finite, zero or noise.
   *
   * @return one sentence each, perhaps none
   */
  public List<String> findings() {
    synchronized (findings) {
      return List.copyOf(findings);
    }
  }

  private <P extends Pointer> P keep(P pointer) {
    return tape.keep(pointer);
  }

  /** The parts that run twice, or null for none. */
  private Segments segments() {
    boolean possible =
        options.saveMemory()
            && recording
            && !options.createGraph()
            && options.hooks().isEmpty()
            && !program.definition().writesInPlace();
    return possible
        ? new Segments(
            program.definition().entry().callee,
            call -> functions.containsKey(id(call)),
            call ->
                lookups.containsKey(id(call))
                    || options.capture().test(program.region(id(call)).layer()))
        : null;
  }

  private static int id(Instruction call) {
    return call instanceof Instruction.Invoke invoke ? invoke.id : ((Instruction.Operate) call).id;
  }

  /** Frees everything that the run made. */
  @Override
  public void close() {
    if (closed) {
      return;
    }
    closed = true;
    trace.close();
    tape.close();
    exit.clean();
  }

  private final class Interceptor implements Interpreter.Interceptor {
    private final Interpreter inner = new Interpreter(this, Propagation.this::checkpoint);
    private final Tape tape;
    private final Segments segments;

    /** Counts what is made; null for nothing. */
    private final Meter size;

    /** The values of the largest part up to now, in bytes. */
    private long largestPart;

    Interceptor(Tape tape, Segments segments, Meter size) {
      this.tape = tape;
      this.segments = segments;
      this.size = size;
    }

    private <P extends Pointer> P keep(P pointer) {
      return tape.keep(pointer);
    }

    @Override
    public Segments segments() {
      return segments;
    }

    /**
     * Runs a part as it will run again, with everything that rules keep, and lets all of that go,
     * unless the rest of the program, if it is like this part, needs little beside the largest
     * part: what is run on the way back first is then kept.
     */
    @Override
    public IValue[] part(Interpreter.Part part, int rest, IValue[] arguments) {
      Values given = tape.own(Values.copyOf(arguments, new int[arguments.length]));
      Meter size = new Meter();
      Tape.Part recorded = recorded(part, given, size);
      largestPart = Math.max(largestPart, size.total());
      boolean keeps = size.total() * rest * LITTLE <= largestPart;
      if (keeps) {
        tape.own(recorded);
      }
      try {
        List<Tensor> inner = recorded.made.tensors();
        List<Tensor> connected =
            tape.autograd.apply(
                null,
                given.tensors(),
                inner.stream().filter(Tensor::requires_grad).toList(),
                gradients -> backward(part, given, keeps ? recorded : null, gradients));
        List<Tensor> all = new ArrayList<>();
        int next = 0;
        for (Tensor tensor : inner) {
          all.add(tensor.requires_grad() ? connected.get(next++) : tensor);
        }
        IValue[] results = recorded.made.with(all, new ArrayList<>());
        Natives.releaseAll(connected);
        return results;
      } finally {
        if (!keeps) {
          recorded.close();
        }
      }
    }

    /** Runs a part on inputs that depend on nothing. */
    private Tape.Part recorded(Interpreter.Part part, Values given, Meter size) {
      List<IValue> replaced = new ArrayList<>();
      List<Tensor> leaves = new ArrayList<>();
      Tape own = new Tape();
      boolean done = false;
      try (PointerScope scope = new PointerScope();
          AutoGradMode on = new AutoGradMode(true)) {
        for (Tensor tensor : given.tensors()) {
          Tensor leaf = own.keep(tensor.detach());
          leaf.requires_grad_(tensor.requires_grad());
          leaves.add(leaf);
        }
        Interceptor interceptor = new Interceptor(own, null, size);
        IValue[] made = part.run(interceptor.inner, given.with(leaves, replaced));
        done = true;
        return new Tape.Part(own, leaves, new Values(made));
      } finally {
        Natives.releaseAll(replaced);
        if (!done) {
          own.close();
        }
      }
    }

    /** Runs a part backward, and forward before if that was not kept. */
    private List<Tensor> backward(
        Interpreter.Part part, Values given, Tape.Part kept, List<Tensor> gradients) {
      checkpoint();
      try (Tape.Part recorded = kept != null ? kept : recorded(part, given, null)) {
        List<Tensor> outputs =
            recorded.made.tensors().stream().filter(Tensor::requires_grad).toList();
        List<Tensor> wanted = recorded.leaves.stream().filter(Tensor::requires_grad).toList();
        List<Tensor> found;
        try (AutoGradMode on = new AutoGradMode(true)) {
          found = LayerCall.vectorJacobian(outputs, wanted, gradients, false);
        } catch (RuntimeException e) {
          recorded.tape.autograd.rethrow(e);
          throw e;
        }
        if (recorded.tape.autograd.failed()) {
          recorded.tape.autograd.rethrow(new IllegalStateException("a callback failed"));
        }
        List<Tensor> result = new ArrayList<>();
        int next = 0;
        for (Tensor leaf : recorded.leaves) {
          result.add(leaf.requires_grad() ? found.get(next++) : null);
        }
        given.close();
        return result;
      }
    }

    @Override
    public IValue[] invoke(Instruction.Invoke call, IValue[] arguments, boolean last) {
      Region region = program.region(call.id);
      LayerFunction function = recording ? functions.get(call.id) : null;
      boolean capture = recording && options.capture().test(region.layer());
      List<ModuleHook> hooks = options.hooks().getOrDefault(region.name(), List.of());
      if (function == null && !capture && hooks.isEmpty()) {
        return null;
      }
      IValue[] result = last && !capture ? overwritten(region, arguments, function, hooks) : null;
      return result != null
          ? result
          : around(region, call.in, arguments, function, capture, hooks, List.of());
    }

    @Override
    public IValue[] operate(Instruction.Operate call, IValue[] arguments, boolean last) {
      if (!recording && options.hooks().isEmpty()) {
        return size == null ? null : metered(call, arguments);
      }
      if (changesContainer(call, arguments)) {
        return null;
      }
      LayerFunction function = recording ? functions.get(call.id) : null;
      Region region = program.region(call.id);
      boolean capture = recording && options.capture().test(region.layer());
      List<ModuleHook> hooks = options.hooks().getOrDefault(region.name(), List.of());
      if (function == null && !capture && hooks.isEmpty()) {
        if (lookups.containsKey(call.id)) {
          return started(region, Interpreter.operate(call, arguments));
        }
        return size == null ? null : metered(call, arguments);
      }
      IValue[] result = last && !capture ? overwritten(region, arguments, function, hooks) : null;
      if (result != null) {
        return result;
      }
      return around(
          region,
          call.in,
          arguments,
          function,
          capture,
          hooks,
          call.label == null ? List.of() : call.label.order());
    }

    /** Runs an operator and counts what is new. */
    private IValue[] metered(Instruction.Operate call, IValue[] arguments) {
      IValue[] results = Interpreter.operate(call, arguments);
      try (PointerScope scope = new PointerScope()) {
        for (IValue result : results) {
          if (result.isTensor() && result.toTensor().defined()) {
            Tensor made = result.toTensor();
            boolean view =
                Arrays.stream(arguments)
                    .anyMatch(a -> a.isTensor() && made.is_alias_of(a.toTensor()));
            if (!view) {
              size.count(made);
            }
          }
        }
        return results;
      }
    }

    /** Runs a layer in the memory of its input, or returns null where that can be seen. */
    private IValue[] overwritten(
        Region region, IValue[] arguments, LayerFunction function, List<ModuleHook> hooks) {
      if (function == null || !hooks.isEmpty() || reads(function).inputs()) {
        return null;
      }
      Instruction.Operate operator = Memory.overwritable(region, arguments);
      if (operator == null) {
        return null;
      }
      calls.merge(region.name(), 1, Integer::sum);
      Values given = tape.own(Values.copyOf(arguments, new int[arguments.length]));
      Tensor overwritten = given.tensors().get(0);
      if (!overwritten.requires_grad()) {
        return Interpreter.overwrite(operator, arguments);
      }
      try (PointerScope scope = new PointerScope()) {
        IValue[] alias = arguments.clone();
        alias[0] = new IValue(overwritten.detach());
        IValue[] results = Interpreter.overwrite(operator, alias);
        List<Tensor> in = given.tensors();
        List<Tensor> unread = new ArrayList<>(Collections.nCopies(in.size(), null));
        IValue[] all = connected(region, given, in, function, unread, results, new LayerCall[1]);
        given.close();
        return all;
      }
    }

    /** Such an operator needs the very list or dictionary that the program goes on with. */
    private boolean changesContainer(Instruction.Operate call, IValue[] arguments) {
      String name = call.operator.name();
      boolean writes =
          Operators.of(name).is(Operators.Trait.WRITES_LIST) || Operators.isInPlace(name);
      return writes
          && arguments.length > 0
          && (arguments[0].isList() || arguments[0].isGenericDict());
    }

    private IValue[] around(
        Region region,
        int[] slots,
        IValue[] arguments,
        LayerFunction function,
        boolean capture,
        List<ModuleHook> hooks,
        List<Integer> order) {
      int index = calls.merge(region.name(), 1, Integer::sum) - 1;
      Values given = Values.copyOf(arguments, slots);
      if (recording && hooks.isEmpty()) {
        given = given.recorded();
      }
      tape.own(given);
      List<ModuleHook.Call> states = new ArrayList<>();
      List<Tensor> tensors = given.tensors();
      for (ModuleHook hook : hooks) {
        ModuleHook.Call state = new ModuleHook.Call(region, new HashMap<>());
        states.add(state);
        tensors = guardInputs(region, hook, state, tensors);
      }
      List<Tensor> in = capture ? aliases(tensors) : tensors;
      LayerCall[] call = {null};
      IValue[] results = run(region, given, in, function, call);
      if (hooks.isEmpty() && !capture) {
        IValue[] all = written(region, given, results);
        if (call[0] != null && !reads(function).inputs()) {
          given.close();
        }
        return all;
      }
      try (Values made = new Values(results)) {
        List<Tensor> out = made.tensors();
        List<Tensor> captured = capture ? aliases(out) : out;
        if (capture) {
          Propagation.this.captured.add(new Captured(region.name(), index, in, captured, order));
        }
        List<Tensor> current = captured;
        for (int h = hooks.size() - 1; h >= 0; h--) {
          current = guardOutputs(region, hooks.get(h), states.get(h), tensors, current);
        }
        List<IValue> replaced = new ArrayList<>();
        return written(region, given, made.with(current, replaced));
      }
    }

    /**
     * Where an operator overwrites its first argument, and what it made is not that any more:
     * copies it to where others see it. The copy is recorded, so that relevance goes on to the
     * layer.
     */
    private IValue[] written(Region region, Values given, IValue[] results) {
      if (!recording || !isWriter(region, given)) {
        return results;
      }
      try (PointerScope scope = new PointerScope()) {
        Tensor target = given.values()[0].toTensor();
        Tensor made = results[0].toTensor();
        if (!made.is_alias_of(target)) {
          target.copy_(made);
          Natives.release(results[0]);
          results[0] = Natives.keep(new IValue(target));
        }
        return results;
      }
    }

    private IValue[] run(
        Region region, Values given, List<Tensor> in, LayerFunction function, LayerCall[] made) {
      if (function == null || in.stream().noneMatch(Tensor::requires_grad) || !region.records()) {
        List<IValue> replaced = new ArrayList<>();
        try {
          boolean same = in == given.tensors();
          IValue[] arguments = same ? given.values() : given.with(in, replaced);
          IValue[] results = RegionRunner.run(inner, region, arguments);
          if (!same) {
            given.takeOver(arguments, in);
          }
          return started(region, results);
        } finally {
          Natives.releaseAll(replaced);
        }
      }
      return connect(region, given, in, function, made);
    }

    /** What is kept for a function. */
    private LayerFunction.Reads reads(LayerFunction function) {
      if (options.createGraph()) {
        return LayerFunction.Reads.KEPT;
      }
      LayerFunction.Reads own = function.reads();
      return own == LayerFunction.Reads.BOTH && options.saveMemory()
          ? LayerFunction.Reads.INPUTS
          : own;
    }

    /** Lets relevance start at vectors that were looked up. */
    private IValue[] started(Region region, IValue[] results) {
      Set<Integer> chosenBy = lookups.get(region.id());
      if (chosenBy == null || !region.records() || !results[0].isTensor()) {
        return results;
      }
      try (PointerScope scope = new PointerScope()) {
        Tensor made = results[0].toTensor();
        if (!made.is_floating_point() || made.requires_grad()) {
          return results;
        }
        Tensor leaf = keep(made.detach());
        leaf.requires_grad_(true);
        List<Long> shape = shape(leaf);
        starts.add(new Start(chosenBy, leaf, shape.subList(0, Math.max(0, shape.size() - 1))));
        Tensor passed = program.definition().writesInPlace() ? leaf.clone() : leaf;
        Natives.release(results[0]);
        results[0] = Natives.keep(new IValue(passed));
        return results;
      }
    }

    private IValue[] connect(
        Region region, Values given, List<Tensor> in, LayerFunction function, LayerCall[] made) {
      boolean overwrites = isWriter(region, given);
      LayerFunction.Reads reads = reads(function);
      List<Tensor> detached = new ArrayList<>();
      List<IValue> replaced = new ArrayList<>();
      IValue[] results;
      try (PointerScope scope = new PointerScope()) {
        List<Tensor> passed = new ArrayList<>();
        for (Tensor tensor : in) {
          Tensor alias = tensor.detach();
          // What is written to is changed below, where it is recorded.
          passed.add(overwrites && passed.isEmpty() ? alias.clone() : alias);
          if (!reads.inputs()) {
            detached.add(null);
          } else {
            boolean writes = program.definition().writesInPlace();
            detached.add(Natives.keep(writes ? alias.clone() : alias));
          }
        }
        IValue[] arguments = given.with(passed, replaced);
        results = RegionRunner.run(region, arguments, Map.of());
      } catch (RuntimeException | Error e) {
        Natives.releaseAll(detached);
        throw e;
      } finally {
        Natives.releaseAll(replaced);
      }
      return connected(region, given, in, function, detached, results, made);
    }

    /** Puts a function between a layer's inputs and what it made of them. */
    private IValue[] connected(
        Region region,
        Values given,
        List<Tensor> in,
        LayerFunction function,
        List<Tensor> detached,
        IValue[] results,
        LayerCall[] made) {
      try (Values outputs = new Values(results)) {
        if (size != null) {
          outputs.tensors().forEach(size::count);
        }
        boolean keeps = reads(function).outputs();
        List<Tensor> values = new ArrayList<>();
        boolean owned = false;
        try (PointerScope scope = new PointerScope()) {
          for (Tensor tensor : outputs.tensors()) {
            boolean writes = program.definition().writesInPlace();
            Tensor value = writes ? tensor.clone() : tensor.detach();
            values.add(keeps ? Natives.keep(value) : value);
          }
          if (options.createGraph()) {
            Natives.releaseAll(detached);
          }
          LayerCall call =
              tape.own(
                  new LayerCall(
                      region,
                      given,
                      options.createGraph() ? in : Collections.unmodifiableList(detached),
                      !options.createGraph(),
                      values,
                      keeps,
                      in.stream().map(Tensor::requires_grad).toList(),
                      options.createGraph(),
                      options.hooks().isEmpty() && region.inputsNeverNegative(),
                      findings::add));
          owned = true;
          made[0] = call;
          List<Tensor> connected =
              tape.autograd.apply(
                  region.name(),
                  in,
                  outputs.tensors(),
                  gradients -> backward(call, function, gradients));
          IValue[] all = outputs.with(connected, new ArrayList<>());
          Natives.releaseAll(connected);
          return all;
        } finally {
          if (!owned) {
            Natives.releaseAll(detached);
            if (keeps) {
              Natives.releaseAll(values);
            }
          }
        }
      }
    }

    /** Whether an operator writes into the memory of its first argument, which others may see. */
    private boolean isWriter(Region region, Values given) {
      return region instanceof OperatorCall call
          && Operators.isInPlace(call.operator())
          && given.values().length > 0
          && given.values()[0].isTensor()
          && given.firstTensor(0) == 0;
    }

    /**
     * The engine also comes by where nothing arrives, as behind a factor that counts as constant.
     */
    private List<Tensor> backward(LayerCall call, LayerFunction function, List<Tensor> gradients) {
      checkpoint();
      if (gradients.stream().allMatch(Objects::isNull)) {
        return Arrays.asList(new Tensor[call.inputs().size()]);
      }
      if (inactive) {
        return call.gradient(gradients);
      }
      List<Tensor> found = function.backward(call, gradients);
      if (reads(function) != LayerFunction.Reads.KEPT) {
        call.close();
      }
      return found;
    }

    private List<Tensor> aliases(List<Tensor> tensors) {
      List<Tensor> result = new ArrayList<>();
      try (PointerScope scope = new PointerScope()) {
        for (Tensor tensor : tensors) {
          result.add(keep(tensor.view_as(tensor)));
        }
      }
      return result;
    }

    private List<Tensor> guardInputs(
        Region region, ModuleHook hook, ModuleHook.Call state, List<Tensor> tensors) {
      List<Tensor> changed =
          keepAll(ask(region, () -> hook.forwardPre(state, tensors)), tensors.size(), region);
      if (!recording || changed.stream().noneMatch(Tensor::requires_grad)) {
        return changed;
      }
      List<Tensor> guarded =
          tape.autograd.apply(
              region.name(), changed, changed, g -> hook.backward(state, g, gradOutput(state)));
      tape.takeOver(guarded);
      return guarded;
    }

    private List<Tensor> guardOutputs(
        Region region, ModuleHook hook, ModuleHook.Call state, List<Tensor> in, List<Tensor> out) {
      List<Tensor> changed =
          keepAll(ask(region, () -> hook.forward(state, in, out)), out.size(), region);
      if (!recording || changed.stream().noneMatch(Tensor::requires_grad)) {
        return changed;
      }
      List<Tensor> guarded =
          tape.autograd.apply(
              region.name(),
              changed,
              changed,
              g -> {
                List<Tensor> passed = hook.backwardPre(state, g);
                state.state().put(GRAD_OUTPUT, keepAll(passed, passed.size(), region));
                return passed;
              });
      tape.takeOver(guarded);
      return guarded;
    }

    private List<Tensor> ask(Region region, Supplier<List<Tensor>> method) {
      try {
        return method.get();
      } catch (RuntimeException e) {
        throw AutogradFunction.named(region.name(), e);
      }
    }

    private List<Tensor> keepAll(List<Tensor> tensors, int size, Region region) {
      if (tensors == null || tensors.size() != size) {
        throw new ShapeException(
            "a hook on '" + region.name() + "' must return " + size + " tensors");
      }
      if (tensors.stream().anyMatch(t -> t != null && t.isNull())) {
        throw new ClosedException("a hook on '" + region.name() + "' returned a closed tensor");
      }
      tensors.stream().filter(t -> t != null).forEach(this::keep);
      return tensors;
    }

    @SuppressWarnings("unchecked")
    private List<Tensor> gradOutput(ModuleHook.Call state) {
      return (List<Tensor>) state.state().getOrDefault(GRAD_OUTPUT, List.of());
    }
  }

  /** How often it goes into what counts as large beside it. */
  private static final int LITTLE = 4;

  private static final String GRAD_OUTPUT = "org.zennit4j.gradOutput";
}
