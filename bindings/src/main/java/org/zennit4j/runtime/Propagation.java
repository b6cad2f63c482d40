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
import org.zennit4j.bindings.internal.Leaks;
import org.zennit4j.bindings.internal.NativeMessage;
import org.zennit4j.bindings.internal.NativeWork;
import org.zennit4j.bindings.internal.Precision;
import org.zennit4j.bindings.internal.Uses;
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
  private final List<Recorder.Captured> captured = new ArrayList<>();
  private final Map<String, Integer> calls = new HashMap<>();
  private List<Tensor> inputs = List.of();

  /** Whether each input lies in memory as the caller gave it. */
  private final List<Boolean> asGiven = new ArrayList<>();

  private List<Tensor> outputs = List.of();
  private List<LayerRelevance> layerRelevances = List.of();
  private final List<Recorder.Start> starts = new ArrayList<>();
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
      Recorder recorder = new Recorder(pass(), tape, segments(), options.meter().orElse(null));
      IValue[] results = recorder.invoke(program.definition().entry(), given, false);
      if (results == null) {
        results =
            new Interpreter(recorder, this::checkpoint)
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
      for (Recorder.Captured c : captured) {
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
      for (Recorder.Start start : starts) {
        ofStarts.add(orZeros(found.get(next[0]++), start.leaf()));
      }
      tokens = tokens(ofStarts);
      List<LayerRelevance> layers = new ArrayList<>();
      for (Recorder.Captured c : captured) {
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

  static List<Long> shape(Tensor tensor) {
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

  private Recorder.Pass pass() {
    return new Recorder.Pass(
        program,
        functions,
        options,
        lookups,
        recording,
        () -> inactive,
        this::checkpoint,
        findings::add,
        calls,
        captured,
        starts);
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
}
