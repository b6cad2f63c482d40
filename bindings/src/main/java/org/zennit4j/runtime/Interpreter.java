/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.runtime;

import java.lang.System.Logger.Level;
import java.util.Arrays;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.GradMode;
import org.bytedeco.pytorch.IValue;
import org.bytedeco.pytorch.IValueVector;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.MemoryFormat;
import org.zennit4j.bindings.Natives;
import org.zennit4j.bindings.ShapeException;
import org.zennit4j.bindings.UnsupportedOperatorException;
import org.zennit4j.bindings.Zennit4jException;
import org.zennit4j.bindings.internal.NativeMessage;
import org.zennit4j.graph.ir.Block;
import org.zennit4j.graph.ir.Code;
import org.zennit4j.graph.ir.Derivatives;
import org.zennit4j.graph.ir.Instruction;
import org.zennit4j.graph.ir.Operator;
import org.zennit4j.graph.ir.OperatorMode;

/**
 * Executes {@link Code} operator by operator. Values are freed after their last use. Stateless:
 * each run has frames of its own, so one code may run on several threads at once.
 */
final class Interpreter {
  private static final System.Logger LOG = System.getLogger("org.zennit4j.model");

  /** What happens where a layer is reached; the default runs it. */
  interface Interceptor {
    /**
     * Runs a call of a module.
     *
     * @param call the call
     * @param arguments the arguments, not owned
     * @param last whether nothing reads the slot of the first argument after the call
     * @return the results, kept for the caller, or null to let the interpreter run the call itself
     */
    IValue[] invoke(Instruction.Invoke call, IValue[] arguments, boolean last);

    /**
     * Runs an operator.
     *
     * @param call the operator with its slots
     * @param arguments the arguments, not owned
     * @param last whether nothing reads the slot of the first argument after the call
     * @return the results, kept for the caller, or null to let the interpreter run the operator
     *     itself
     */
    IValue[] operate(Instruction.Operate call, IValue[] arguments, boolean last);

    /** The parts that are run by {@link #part}, or null for none. */
    default Segments segments() {
      return null;
    }

    /**
     * Runs a part of a code.
     *
     * @param part runs it, with values of its inputs
     * @param rest how many parts are left, with it
     * @param arguments the inputs' values, not owned
     * @return the values of its outputs, kept for the caller
     */
    default IValue[] part(Part part, int rest, IValue[] arguments) {
      throw new IllegalStateException("there are no parts");
    }
  }

  /** A part of a code, which can be run any number of times. */
  interface Part {
    /**
     * Runs it.
     *
     * @param interpreter what runs its instructions; there are no parts in it
     * @param arguments the inputs' values, not owned
     * @return the values of its outputs, kept for the caller
     */
    IValue[] run(Interpreter interpreter, IValue[] arguments);
  }

  private final Interceptor interceptor;
  private final Runnable checkpoint;

  /**
   * Makes an interpreter.
   *
   * @param interceptor what happens where a layer is reached, or null
   * @param checkpoint called before each step; what it throws ends the run
   */
  Interpreter(Interceptor interceptor, Runnable checkpoint) {
    this.interceptor = interceptor;
    this.checkpoint = checkpoint;
  }

  /** The values of one running code. */
  private final class Frame implements AutoCloseable {
    private final Code code;
    private final IValue[] values;
    private final IValue[] substitutes;
    private final Steps steps = new Steps(this);

    /** The slots that the running step is the last to use. */
    private int[] dying = {};

    Frame(Code code, IValue[] substitutes) {
      this.code = code;
      this.values = new IValue[code.slots()];
      this.substitutes = substitutes;
    }

    IValue get(int slot) {
      if (slot >= 0) {
        return values[slot];
      }
      int k = -1 - slot;
      return substitutes != null && substitutes[k] != null
          ? substitutes[k]
          : code.constants().get(k).value();
    }

    IValue[] get(int[] slots) {
      IValue[] result = new IValue[slots.length];
      for (int i = 0; i < slots.length; i++) {
        result[i] = get(slots[i]);
      }
      return result;
    }

    /** Stores a value that the frame owns from now on. */
    void set(int slot, IValue kept) {
      Natives.release(values[slot]);
      values[slot] = kept;
    }

    boolean isDying(int slot) {
      for (int last : dying) {
        if (last == slot) {
          return true;
        }
      }
      return false;
    }

    /** Gives a value away, whose new owner frees it; a copy where somebody still needs it here. */
    IValue handOver(int slot) {
      if (slot < 0 || !isDying(slot)) {
        return copy(get(slot));
      }
      IValue value = values[slot];
      values[slot] = null;
      return value;
    }

    void free(int[] slots) {
      for (int slot : slots) {
        Natives.release(values[slot]);
        values[slot] = null;
      }
    }

    @Override
    public void close() {
      for (IValue value : values) {
        Natives.release(value);
      }
      Arrays.fill(values, null);
    }
  }

  /**
   * Runs a code.
   *
   * @param code what to run
   * @param arguments one for each parameter; not owned
   * @param substitutes values that replace constants, by constant index, or null
   * @return the results, kept for the caller
   */
  IValue[] run(Code code, IValue[] arguments, IValue[] substitutes) {
    try (Frame frame = new Frame(code, substitutes)) {
      for (int i = 0; i < arguments.length; i++) {
        frame.set(i, copy(arguments[i]));
      }
      return run(frame);
    }
  }

  private IValue[] run(Frame frame) {
    run(frame.code.body(), frame);
    int[] slots = frame.code.body().results;
    IValue[] results = new IValue[slots.length];
    for (int i = 0; i < slots.length; i++) {
      results[i] = copy(frame.get(slots[i]));
    }
    return results;
  }

  /** Runs a module; what nobody else uses any more belongs to it. */
  private IValue[] enter(Instruction.Invoke call, Frame caller) {
    try (Frame frame = new Frame(call.callee, null)) {
      for (int i = 0; i < call.in.length; i++) {
        boolean again = false;
        for (int k = i + 1; k < call.in.length; k++) {
          again |= call.in[k] == call.in[i];
        }
        frame.set(i, again ? copy(caller.get(call.in[i])) : caller.handOver(call.in[i]));
      }
      return run(frame);
    }
  }

  static IValue copy(IValue value) {
    try (PointerScope scope = new PointerScope()) {
      return Natives.keep(new IValue(value));
    }
  }

  private void run(Block block, Frame frame) {
    Segments segments = interceptor == null ? null : interceptor.segments();
    if (segments == null) {
      run(block, frame, 0, block.instructions.size());
      return;
    }
    int i = 0;
    while (i < block.instructions.size()) {
      Segments.Piece piece = segments.at(block, i);
      if (piece == null) {
        run(block, frame, i, i + 1);
        i++;
        continue;
      }
      Part part = (other, arguments) -> other.run(piece, frame.code, frame.substitutes, arguments);
      store(
          frame, piece.out(), interceptor.part(part, segments.rest(piece), frame.get(piece.in())));
      while (i < piece.to()) {
        frame.free(block.dead[i]);
        i++;
      }
    }
  }

  private void run(Block block, Frame frame, int from, int to) {
    Steps steps = frame.steps;
    for (int i = from; i < to; i++) {
      checkpoint.run();
      frame.dying = block.dead[i];
      block.instructions.get(i).accept(steps);
      frame.free(block.dead[i]);
    }
  }

  /** Runs a part in a frame of its own. */
  private IValue[] run(Segments.Piece piece, Code code, IValue[] substitutes, IValue[] arguments) {
    try (Frame frame = new Frame(code, substitutes)) {
      for (int i = 0; i < arguments.length; i++) {
        frame.set(piece.in()[i], copy(arguments[i]));
      }
      run(piece.block(), frame, piece.from(), piece.to());
      IValue[] results = new IValue[piece.out().length];
      for (int i = 0; i < results.length; i++) {
        results[i] = copy(frame.get(piece.out()[i]));
      }
      return results;
    }
  }

  /** Runs the steps of a code. */
  private final class Steps implements Instruction.Visitor<Void> {
    private final Frame frame;

    Steps(Frame frame) {
      this.frame = frame;
    }

    private boolean isLast(Instruction call) {
      return call.in.length > 0 && frame.isDying(call.in[0]);
    }

    @Override
    public Void operate(Instruction.Operate call) {
      IValue[] arguments = frame.get(call.in);
      boolean last = isLast(call);
      IValue[] results = interceptor == null ? null : interceptor.operate(call, arguments, last);
      if (results == null) {
        results =
            last && Memory.mayBeOverwritten(call, arguments)
                ? overwrite(call, arguments)
                : Interpreter.operate(call, arguments);
      }
      store(frame, call.out, results);
      return null;
    }

    @Override
    public Void invoke(Instruction.Invoke call) {
      IValue[] arguments = frame.get(call.in);
      IValue[] results =
          interceptor == null ? null : interceptor.invoke(call, arguments, isLast(call));
      store(frame, call.out, results == null ? enter(call, frame) : results);
      return null;
    }

    @Override
    public Void branch(Instruction.Branch branch) {
      Block taken = isTrue(frame.get(branch.in[0])) ? branch.then : branch.otherwise;
      run(taken, frame);
      move(frame, taken.results, branch.out);
      frame.free(taken.left);
      return null;
    }

    @Override
    public Void loop(Instruction.Loop loop) {
      Interpreter.this.loop(loop, frame);
      return null;
    }

    @Override
    public Void fail(Instruction.Fail fail) {
      throw new UnsupportedOperatorException(fail.message);
    }

    @Override
    public Void raise(Instruction.Raise raise) {
      throw new Zennit4jException(
          where(raise.path)
              + "the model itself raises: "
              + NativeMessage.firstLine(frame.get(raise.in[0]).toStringRef().getString()));
    }

    @Override
    public Void warn(Instruction.Warn warn) {
      LOG.log(
          Level.WARNING,
          "module ''{0}'' warns: {1}",
          warn.path,
          frame.get(warn.in[0]).toStringRef().getString());
      return null;
    }

    @Override
    public Void other(Instruction instruction) {
      try (PointerScope scope = new PointerScope()) {
        store(
            frame, instruction.out, instruction.accept(new Structures(frame.get(instruction.in))));
        return null;
      } catch (Zennit4jException e) {
        throw e;
      } catch (RuntimeException e) {
        throw unfit(e);
      }
    }
  }

  private static boolean isTrue(IValue condition) {
    if (!condition.isBool()) {
      throw unfit(new IllegalStateException("a condition is no truth value"));
    }
    return condition.toBool();
  }

  /** Values of other types than the program says: the file is damaged, or was made by hand. */
  private static Zennit4jException unfit(RuntimeException e) {
    return new Zennit4jException(
        "the program cannot run: " + NativeMessage.firstLine(e) + "; the model may be damaged", e);
  }

  private static void store(Frame frame, int[] slots, IValue[] kept) {
    for (int i = 0; i < slots.length; i++) {
      frame.set(slots[i], kept[i]);
    }
  }

  /**
   * Values of a block's results become the outputs; constants and outer values may be among them.
   */
  private static void move(Frame frame, int[] from, int[] to) {
    IValue[] copies = new IValue[to.length];
    for (int i = 0; i < to.length; i++) {
      copies[i] = copy(frame.get(from[i]));
    }
    store(frame, to, copies);
  }

  private void loop(Instruction.Loop loop, Frame frame) {
    IValue most = frame.get(loop.in[0]);
    if (!most.isInt()) {
      throw unfit(new IllegalStateException("the limit of a loop is no integer"));
    }
    long limit = most.toInt();
    boolean goOn = isTrue(frame.get(loop.in[1]));
    int carried = loop.out.length;
    int[] from = Arrays.copyOfRange(loop.in, 2, 2 + carried);
    int[] carriedIn = Arrays.copyOfRange(loop.bodyIn, 1, 1 + carried);
    int[] carriedOut = Arrays.copyOfRange(loop.body.results, 1, 1 + carried);
    move(frame, from, loop.out);
    for (long t = 0; t < limit && goOn; t++) {
      checkpoint.run();
      move(frame, loop.out, carriedIn);
      try (PointerScope scope = new PointerScope()) {
        frame.set(loop.bodyIn[0], Natives.keep(new IValue(t)));
      }
      run(loop.body, frame);
      goOn = isTrue(frame.get(loop.body.results[0]));
      move(frame, carriedOut, loop.out);
      frame.free(loop.body.left);
    }
  }

  /** Calls an operator of LibTorch; the results are kept for the caller. */
  static IValue[] operate(Instruction.Operate call, IValue[] arguments) {
    return operate(call, arguments, false);
  }

  /** Calls an operator in the memory of its first argument, which may be overwritten. */
  static IValue[] overwrite(Instruction.Operate call, IValue[] arguments) {
    return operate(call, arguments, true);
  }

  @SuppressWarnings("try") // the mode works by being there
  private static IValue[] operate(Instruction.Operate call, IValue[] arguments, boolean inPlace) {
    Operator operator = call.operator;
    if (operator.withoutDerivative() && isRecorded(arguments)) {
      throw new UnsupportedOperatorException(
          where(call.path) + Derivatives.refusal(operator.name()));
    }
    try (PointerScope scope = new PointerScope()) {
      IValueVector stack = new IValueVector(arguments.length);
      for (int i = 0; i < arguments.length; i++) {
        stack.put(i, arguments[i]);
      }
      if (operator.vararg()) {
        stack.push_back(new IValue((long) arguments.length));
      }
      try (OperatorMode.Guard mode = operator.mode().enter()) {
        (inPlace ? operator.overwriting() : operator.operation()).apply(stack);
      } catch (RuntimeException e) {
        if (!isOfTurned(operator, arguments)) {
          throw failure(call, e);
        }
        IValue[] straight = arguments.clone();
        straight[0] = new IValue(arguments[0].toTensor().contiguous());
        return operate(call, straight, false);
      }
      IValue[] results = new IValue[call.out.length];
      for (int i = 0; i < results.length; i++) {
        results[i] = Natives.keep(new IValue(stack.get(i)));
      }
      return results;
    }
  }

  /** A view that would be one if the channels were not last in memory. */
  private static boolean isOfTurned(Operator operator, IValue[] arguments) {
    if (!operator.name().endsWith("::view") || !arguments[0].isTensor()) {
      return false;
    }
    Tensor tensor = arguments[0].toTensor();
    return tensor.dim() == 4
        && !tensor.is_contiguous()
        && tensor.is_contiguous(MemoryFormat.ChannelsLast);
  }

  private static boolean isRecorded(IValue[] arguments) {
    try (PointerScope scope = new PointerScope()) {
      return GradMode.is_enabled()
          && Arrays.stream(arguments)
              .anyMatch(
                  a -> a.isTensor() && a.toTensor().defined() && a.toTensor().requires_grad());
    }
  }

  private static Zennit4jException failure(Instruction.Operate call, RuntimeException e) {
    String reason = NativeMessage.firstLine(e);
    String operator = where(call.path) + call.operator.name() + ": ";
    if (NativeMessage.isAboutMemory(reason)) {
      return new Zennit4jException(
          operator + "LibTorch ran out of memory; give it a smaller batch (" + reason + ")", e);
    }
    return NativeMessage.isAboutShapes(reason)
        ? new ShapeException(operator + reason, e)
        : new Zennit4jException(operator + reason, e);
  }

  static String where(String path) {
    return path.isEmpty() ? "" : "in layer '" + path + "': ";
  }
}
