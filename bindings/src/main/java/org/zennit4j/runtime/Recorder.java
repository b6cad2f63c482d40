/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.runtime;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.AutoGradMode;
import org.bytedeco.pytorch.IValue;
import org.bytedeco.pytorch.Tensor;
import org.zennit4j.bindings.ClosedException;
import org.zennit4j.bindings.Natives;
import org.zennit4j.bindings.ShapeException;
import org.zennit4j.bindings.internal.AutogradFunction;
import org.zennit4j.graph.OperatorCall;
import org.zennit4j.graph.Operators;
import org.zennit4j.graph.Program;
import org.zennit4j.graph.Region;
import org.zennit4j.graph.ir.Instruction;

/**
 * Runs the calls of a program such that relevance finds its way back: layer functions stand for
 * gradients, hooks see what comes by, what is asked for is remembered on a tape. A part that runs
 * twice has a recorder and a tape of its own. Used by one run.
 */
final class Recorder implements Interpreter.Interceptor {
  /** The vectors that were looked up, where relevance starts, and the inputs that chose them. */
  record Start(Set<Integer> inputs, Tensor leaf, List<Long> shape) {}

  /** A call whose relevances were asked for. */
  record Captured(
      String layer, int call, List<Tensor> inputs, List<Tensor> outputs, List<Integer> order) {}

  /**
   * What all recorders of a pass share.
   *
   * @param program what runs
   * @param functions by {@link Region#id()}
   * @param options how it runs
   * @param lookups operators that look vectors up, with the inputs that choose them
   * @param recording whether relevance will come back
   * @param inactive whether the relevance itself is being differentiated
   * @param checkpoint throws where the pass has to stop
   * @param findings takes what is unusual
   * @param calls how often each layer was called
   * @param captured calls whose relevances were asked for
   * @param starts where relevance starts besides the inputs
   */
  record Pass(
      Program program,
      Map<Integer, LayerFunction> functions,
      PropagationOptions options,
      Map<Integer, Set<Integer>> lookups,
      boolean recording,
      BooleanSupplier inactive,
      Runnable checkpoint,
      Consumer<String> findings,
      Map<String, Integer> calls,
      List<Captured> captured,
      List<Start> starts) {}

  /** How often it goes into what counts as large beside it. */
  private static final int LITTLE = 4;

  private static final String GRAD_OUTPUT = "org.zennit4j.gradOutput";

  private final Pass pass;
  private final Interpreter inner;
  private final Tape tape;
  private final Segments segments;

  /** Counts what is made; null for nothing. */
  private final Meter size;

  /** The values of the largest part up to now, in bytes. */
  private long largestPart;

  /**
   * A recorder.
   *
   * @param pass what it shares with others
   * @param tape owns what is kept
   * @param segments the parts that run twice, or null for none
   * @param size counts what is made, or null
   */
  Recorder(Pass pass, Tape tape, Segments segments, Meter size) {
    this.pass = pass;
    this.inner = new Interpreter(this, pass.checkpoint());
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
   * unless the rest of the program, if it is like this part, needs little beside the largest part:
   * what is run on the way back first is then kept.
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
      Recorder recorder = new Recorder(pass, own, null, size);
      IValue[] made = part.run(recorder.inner, given.with(leaves, replaced));
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
    pass.checkpoint().run();
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
    Region region = pass.program().region(call.id);
    LayerFunction function = pass.recording() ? pass.functions().get(call.id) : null;
    boolean capture = pass.recording() && pass.options().capture().test(region.layer());
    List<ModuleHook> hooks = pass.options().hooks().getOrDefault(region.name(), List.of());
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
    if (!pass.recording() && pass.options().hooks().isEmpty()) {
      return size == null ? null : metered(call, arguments);
    }
    if (changesContainer(call, arguments)) {
      return null;
    }
    LayerFunction function = pass.recording() ? pass.functions().get(call.id) : null;
    Region region = pass.program().region(call.id);
    boolean capture = pass.recording() && pass.options().capture().test(region.layer());
    List<ModuleHook> hooks = pass.options().hooks().getOrDefault(region.name(), List.of());
    if (function == null && !capture && hooks.isEmpty()) {
      if (pass.lookups().containsKey(call.id)) {
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
    pass.calls().merge(region.name(), 1, Integer::sum);
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
    int index = pass.calls().merge(region.name(), 1, Integer::sum) - 1;
    Values given = Values.copyOf(arguments, slots);
    if (pass.recording() && hooks.isEmpty()) {
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
        pass.captured().add(new Captured(region.name(), index, in, captured, order));
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
   * Where an operator overwrites its first argument, and what it made is not that any more: copies
   * it to where others see it. The copy is recorded, so that relevance goes on to the layer.
   */
  private IValue[] written(Region region, Values given, IValue[] results) {
    if (!pass.recording() || !isWriter(region, given)) {
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
    if (pass.options().createGraph()) {
      return LayerFunction.Reads.KEPT;
    }
    LayerFunction.Reads own = function.reads();
    return own == LayerFunction.Reads.BOTH && pass.options().saveMemory()
        ? LayerFunction.Reads.INPUTS
        : own;
  }

  /** Lets relevance start at vectors that were looked up. */
  private IValue[] started(Region region, IValue[] results) {
    Set<Integer> chosenBy = pass.lookups().get(region.id());
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
      List<Long> shape = Propagation.shape(leaf);
      pass.starts().add(new Start(chosenBy, leaf, shape.subList(0, Math.max(0, shape.size() - 1))));
      Tensor passed = pass.program().definition().writesInPlace() ? leaf.clone() : leaf;
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
          boolean writes = pass.program().definition().writesInPlace();
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
          boolean writes = pass.program().definition().writesInPlace();
          Tensor value = writes ? tensor.clone() : tensor.detach();
          values.add(keeps ? Natives.keep(value) : value);
        }
        if (pass.options().createGraph()) {
          Natives.releaseAll(detached);
        }
        LayerCall call =
            tape.own(
                new LayerCall(
                    region,
                    given,
                    pass.options().createGraph() ? in : Collections.unmodifiableList(detached),
                    !pass.options().createGraph(),
                    values,
                    keeps,
                    in.stream().map(Tensor::requires_grad).toList(),
                    pass.options().createGraph(),
                    pass.options().hooks().isEmpty() && region.inputsNeverNegative(),
                    pass.findings()));
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

  /** The engine also comes by where nothing arrives, as behind a factor that counts as constant. */
  private List<Tensor> backward(LayerCall call, LayerFunction function, List<Tensor> gradients) {
    pass.checkpoint().run();
    if (gradients.stream().allMatch(Objects::isNull)) {
      return Arrays.asList(new Tensor[call.inputs().size()]);
    }
    if (pass.inactive().getAsBoolean()) {
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
    if (!pass.recording() || changed.stream().noneMatch(Tensor::requires_grad)) {
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
    if (!pass.recording() || changed.stream().noneMatch(Tensor::requires_grad)) {
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
