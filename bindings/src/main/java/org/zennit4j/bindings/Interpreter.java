/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.bindings;

import java.lang.System.Logger.Level;
import java.util.Arrays;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.GenericList;
import org.bytedeco.pytorch.GradMode;
import org.bytedeco.pytorch.IValue;
import org.bytedeco.pytorch.IValueArrayRef;
import org.bytedeco.pytorch.IValueVector;
import org.bytedeco.pytorch.Tuple;
import org.bytedeco.pytorch.TupleElements;
import org.zennit4j.bindings.internal.Derivatives;

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
     * @return the results, kept for the caller, or null to let the interpreter run the call itself
     */
    IValue[] invoke(Instruction.Invoke call, IValue[] arguments);

    /**
     * Runs an operator.
     *
     * @param call the operator with its slots
     * @param arguments the arguments, not owned
     * @return the results, kept for the caller, or null to let the interpreter run the operator
     *     itself
     */
    IValue[] operate(Instruction.Operate call, IValue[] arguments);
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
  private static final class Frame implements AutoCloseable {
    private final Code code;
    private final IValue[] values;
    private final IValue[] substitutes;

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
      run(code.body(), frame);
      int[] slots = code.body().results;
      IValue[] results = new IValue[slots.length];
      for (int i = 0; i < slots.length; i++) {
        results[i] = copy(frame.get(slots[i]));
      }
      return results;
    }
  }

  static IValue copy(IValue value) {
    try (PointerScope scope = new PointerScope()) {
      return Natives.keep(new IValue(value));
    }
  }

  private void run(Block block, Frame frame) {
    List<Instruction> instructions = block.instructions;
    for (int i = 0; i < instructions.size(); i++) {
      checkpoint.run();
      step(instructions.get(i), frame);
      frame.free(block.dead[i]);
    }
  }

  private void step(Instruction instruction, Frame frame) {
    if (instruction instanceof Instruction.Operate call) {
      IValue[] arguments = frame.get(call.in);
      IValue[] results = interceptor == null ? null : interceptor.operate(call, arguments);
      store(frame, call.out, results == null ? operate(call, arguments) : results);
    } else if (instruction instanceof Instruction.Invoke call) {
      IValue[] arguments = frame.get(call.in);
      IValue[] results = interceptor == null ? null : interceptor.invoke(call, arguments);
      store(frame, call.out, results == null ? run(call.callee, arguments, null) : results);
    } else if (instruction instanceof Instruction.Branch branch) {
      Block taken = isTrue(frame.get(branch.in[0])) ? branch.then : branch.otherwise;
      run(taken, frame);
      move(frame, taken.results, branch.out);
      frame.free(taken.left);
    } else if (instruction instanceof Instruction.Loop loop) {
      loop(loop, frame);
    } else if (instruction instanceof Instruction.Fail fail) {
      throw new UnsupportedOperatorException(fail.message);
    } else if (instruction instanceof Instruction.Raise raise) {
      throw new Zennit4jException(
          where(raise.path)
              + "the model itself raises: "
              + Natives.firstLine(frame.get(raise.in[0]).toStringRef().getString()));
    } else if (instruction instanceof Instruction.Warn warn) {
      LOG.log(
          Level.WARNING,
          "module ''{0}'' warns: {1}",
          warn.path,
          frame.get(warn.in[0]).toStringRef().getString());
    } else {
      try (PointerScope scope = new PointerScope()) {
        structure(instruction, frame);
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
        "the program cannot run: " + Natives.firstLine(e) + "; the model may be damaged", e);
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

  private static void structure(Instruction instruction, Frame frame) {
    if (instruction instanceof Instruction.MakeList make) {
      GenericList list = new GenericList(make.element);
      for (int slot : make.in) {
        list.push_back(frame.get(slot));
      }
      frame.set(make.out[0], Natives.keep(new IValue(list)));
    } else if (instruction instanceof Instruction.MakeTuple make) {
      IValueVector elements = new IValueVector(make.in.length);
      for (int i = 0; i < make.in.length; i++) {
        elements.put(i, frame.get(make.in[i]));
      }
      frame.set(make.out[0], Natives.keep(new IValue(Tuple.create(elements))));
    } else if (instruction instanceof Instruction.MakeDict make) {
      frame.set(make.out[0], Dictionaries.make(make.key, make.value, frame.get(make.in)));
    } else if (instruction instanceof Instruction.Slice slice) {
      TupleElements tuple = frame.get(slice.in[0]).toTupleRef().elements();
      IValueVector part = new IValueVector(slice.end - slice.begin);
      for (int i = slice.begin; i < slice.end; i++) {
        part.put(i - slice.begin, tuple.at(i));
      }
      frame.set(slice.out[0], Natives.keep(new IValue(Tuple.create(part))));
    } else if (instruction instanceof Instruction.IsInstance test) {
      IValue value = frame.get(test.in[0]);
      boolean is = test.kinds.stream().anyMatch(kind -> isInstance(value, kind, test.path));
      frame.set(test.out[0], Natives.keep(new IValue(is)));
    } else if (instruction instanceof Instruction.Unpack unpack) {
      IValue value = frame.get(unpack.in[0]);
      IValue[] elements = new IValue[unpack.out.length];
      if (value.isTuple()) {
        TupleElements tuple = value.toTupleRef().elements();
        for (int i = 0; i < elements.length; i++) {
          elements[i] = Natives.keep(new IValue(tuple.at(i)));
        }
      } else {
        IValueArrayRef list = value.toListRef();
        if (list.size() != elements.length) {
          throw new ShapeException(
              "a list of " + list.size() + " is unpacked into " + elements.length);
        }
        for (int i = 0; i < elements.length; i++) {
          elements[i] = Natives.keep(new IValue(list.at(i)));
        }
      }
      store(frame, unpack.out, elements);
    } else if (instruction instanceof Instruction.Element element) {
      TupleElements tuple = frame.get(element.in[0]).toTupleRef().elements();
      long index = frame.get(element.in[1]).toInt();
      long position = index < 0 ? index + tuple.size() : index;
      frame.set(element.out[0], Natives.keep(new IValue(tuple.at(position))));
    } else if (instruction instanceof Instruction.Alias alias) {
      IValue value = frame.get(alias.in[0]);
      if (alias.dimensions > 0 && value.toTensor().dim() != alias.dimensions) {
        throw new ShapeException(
            where(alias.path)
                + "the batch normalisation was merged into the layer before it, which is right for "
                + alias.dimensions
                + " dimensions, but here are "
                + value.toTensor().dim()
                + ": use a composite without a canonizer that merges batch normalisations");
      }
      frame.set(alias.out[0], Natives.keep(new IValue(value)));
    } else {
      throw new IllegalStateException("unknown instruction " + instruction);
    }
  }

  private static boolean isInstance(IValue value, String kind, String path) {
    return switch (kind) {
      case "TensorType" -> value.isTensor();
      case "IntType" -> value.isInt();
      case "FloatType" -> value.isDouble();
      case "BoolType" -> value.isBool();
      case "NumberType" -> value.isInt() || value.isDouble();
      case "StringType" -> value.isString();
      case "NoneType" -> value.isNone();
      case "AnyListType" -> value.isList();
      case "AnyTupleType" -> value.isTuple();
      case "AnyType" -> true;
      default ->
          throw new UnsupportedOperatorException(
              "module '"
                  + path
                  + "' asks at run time whether a value is a "
                  + kind
                  + ", which is not supported");
    };
  }

  /** Calls an operator of LibTorch; the results are kept for the caller. */
  static IValue[] operate(Instruction.Operate call, IValue[] arguments) {
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
      try {
        operator.operation().apply(stack);
      } catch (RuntimeException e) {
        throw failure(call, e);
      }
      IValue[] results = new IValue[call.out.length];
      for (int i = 0; i < results.length; i++) {
        results[i] = Natives.keep(new IValue(stack.get(i)));
      }
      return results;
    }
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
    String reason = Natives.firstLine(e);
    String lower = reason.toLowerCase(java.util.Locale.ROOT);
    String operator = where(call.path) + call.operator.name() + ": ";
    if (lower.contains("can't allocate memory") || lower.contains("out of memory")) {
      return new Zennit4jException(
          operator + "LibTorch ran out of memory; give it a smaller batch (" + reason + ")", e);
    }
    String message = operator + reason;
    boolean shapes =
        lower.contains("size")
            || lower.contains("shape")
            || lower.contains("dimension")
            || lower.contains("channels")
            || lower.contains("dtype")
            || lower.contains("scalar type")
            || lower.contains("expected");
    return shapes ? new ShapeException(message, e) : new Zennit4jException(message, e);
  }

  private static String where(String path) {
    return path.isEmpty() ? "" : "in layer '" + path + "': ";
  }
}
