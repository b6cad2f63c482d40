/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.graph;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.IValue;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.zennit4j.bindings.ClosedException;
import org.zennit4j.bindings.Natives;
import org.zennit4j.bindings.UnsupportedOperatorException;
import org.zennit4j.bindings.internal.Leaks;
import org.zennit4j.graph.ir.Block;
import org.zennit4j.graph.ir.Code;
import org.zennit4j.graph.ir.Constant;
import org.zennit4j.graph.ir.Definition;
import org.zennit4j.graph.ir.Instruction;
import org.zennit4j.graph.ir.Label;

/**
 * Collects changes to a {@link Program} and makes the changed program. The original is never
 * touched. Owned by who begins it, a canonizer, in try-with-resources: an editor holds the tensors
 * it was given until {@link #apply()} hands them to the changed program or {@link #close()} gives
 * them back. Not thread-safe.
 */
public final class ProgramEditor implements AutoCloseable {
  private record Replacement(String argument, Tensor tensor) {}

  private final Program program;
  private final Map<Integer, List<Replacement>> parameters = new HashMap<>();
  private final Set<Integer> bypassed = new HashSet<>();
  private final Map<Integer, Map<String, Tensor>> neutral = new HashMap<>();
  private final Map<Integer, Integer> ranks = new HashMap<>();
  private final Map<Integer, Integer> dimensions = new HashMap<>();
  private final Map<Integer, Label> labels = new HashMap<>();
  private final Map<Integer, Function<OperatorWriter, List<OperatorWriter.Value>>> replacements =
      new HashMap<>();
  private final List<Pointer> owned = new ArrayList<>();
  private final Leaks.Trace trace;
  private OperatorWriter.Numbering numbering;
  private boolean closed;

  ProgramEditor(Program program) {
    this.program = program;
    this.trace = Leaks.of(this, "a program's editor");
  }

  /**
   * Replaces a parameter of a linear operator at one call site.
   *
   * @param operator the region of an operator, such as {@code aten::conv2d}
   * @param argument the argument's name, such as {@code weight} or {@code bias}; a bias may appear
   *     where there was none
   * @param tensor the new value; copied by reference, the editor's program keeps it
   * @return this
   * @throws UnsupportedOperatorException if the operator has no such argument
   * @throws ClosedException after {@link #apply()} or {@link #close()}
   */
  public ProgramEditor setParameter(Region operator, String argument, Tensor tensor) {
    checkOpen();
    if (!(operator instanceof OperatorCall call) || !call.arguments().contains(argument)) {
      throw new UnsupportedOperatorException(operator + " has no argument '" + argument + "'");
    }
    try (PointerScope scope = new PointerScope()) {
      Tensor copy = Natives.keep(tensor.detach());
      owned.add(copy);
      parameters
          .computeIfAbsent(operator.id(), k -> new ArrayList<>())
          .add(new Replacement(argument, copy));
    }
    return this;
  }

  /**
   * Lets a call hand on its first argument unchanged; the layer stays and can have a rule.
   *
   * @param region a call with one result
   * @return this
   * @throws ClosedException after {@link #apply()} or {@link #close()}
   */
  public ProgramEditor bypass(Region region) {
    checkOpen();
    bypassed.add(region.id());
    return this;
  }

  /**
   * Lets a batch normalisation that was merged into the layer before it hand on its input. For a
   * rule that changes parameters it is still the normalisation with weight 1, bias 0, mean 0 and
   * variance 1, as after Zennit's canonizers.
   *
   * @param norm a call with {@link Region#batchNorm()}
   * @return this
   * @throws UnsupportedOperatorException if the call is no batch normalisation
   * @throws ClosedException after {@link #apply()} or {@link #close()}
   */
  public ProgramEditor neutralize(Region norm) {
    return neutralize(norm, 0);
  }

  /**
   * The same for a normalisation whose channels are those of the layer before it only if the tensor
   * between them has so many dimensions; the changed program refuses others when it runs.
   *
   * @param norm a call with {@link Region#batchNorm()}
   * @param dimensions with the batch dimension; 0 for any number
   * @return this
   * @throws UnsupportedOperatorException if the call is no batch normalisation
   * @throws ClosedException after {@link #apply()} or {@link #close()}
   */
  public ProgramEditor neutralize(Region norm, int dimensions) {
    checkOpen();
    BatchNorm batchNorm =
        norm.batchNorm()
            .orElseThrow(
                () ->
                    new UnsupportedOperatorException(
                        norm + " is no batch normalisation in evaluation mode"));
    try (PointerScope scope = new PointerScope()) {
      Tensor zeros = Natives.keep(torch.zeros_like(batchNorm.mean()));
      Tensor ones = Natives.keep(torch.ones_like(batchNorm.mean()));
      owned.add(zeros);
      owned.add(ones);
      neutral.put(
          norm.id(),
          Map.of("weight", ones, "bias", zeros, "running_mean", zeros, "running_var", ones));
    }
    ranks.put(norm.id(), dimensions);
    return bypass(norm);
  }

  /**
   * Notes how many dimensions the first argument of a call has, for canonizers that depend on it:
   * {@link Program#dimensions}. What the program computes stays as it is.
   *
   * @param region a call
   * @param count with the batch dimension
   * @return this
   * @throws ClosedException after {@link #apply()} or {@link #close()}
   */
  public ProgramEditor noteDimensions(Region region, int count) {
    checkOpen();
    dimensions.put(region.id(), count);
    return this;
  }

  /**
   * Makes an operator a layer that composites see beside the modules, such as a residual sum.
   *
   * @param operator the region of an operator
   * @param name the layer's name; several operators may share one
   * @param className the layer's class, such as {@code zennit.layer.Sum}
   * @param types its types for layer maps, such as {@code Sum}
   * @param order the order in which the layer lists its inputs; empty for that of the arguments
   * @return this
   * @throws UnsupportedOperatorException if it is no operator
   * @throws ClosedException after {@link #apply()} or {@link #close()}
   */
  public ProgramEditor label(
      Region operator, String name, String className, Set<String> types, List<Integer> order) {
    checkOpen();
    if (!operator.isOperator()) {
      throw new UnsupportedOperatorException(operator + " is no operator");
    }
    labels.put(operator.id(), new Label(name, className, types, order));
    return this;
  }

  /**
   * Puts operators in the place of a call, around it, or behind it. The call stays in the program
   * if the writer asks for {@link OperatorWriter#original()}; without it, it is gone, as is what
   * was done to it by other methods of this editor.
   *
   * <p>Takes a fused attention apart:
   *
   * <pre>{@code
   * editor.replace(attention, w -> {
   *   var scores = w.call("aten::matmul", w.argument("query"),
   *       w.call("aten::transpose.int", w.argument("key"), -2, -1));
   *   var weights = w.call("aten::softmax.int", w.call("aten::mul.Scalar", scores, scale), -1);
   *   return w.call("aten::matmul", weights, w.argument("value"));
   * });
   * }</pre>
   *
   * @param region a call with one result, of a module or an operator
   * @param writer writes the operators and returns what takes the place of the result; called when
   *     the program is made
   * @return this
   * @throws UnsupportedOperatorException if the call has several results
   * @throws ClosedException after {@link #apply()} or {@link #close()}
   */
  public ProgramEditor replace(
      Region region, Function<OperatorWriter, OperatorWriter.Value> writer) {
    checkOpen();
    if (region == program.root() || results(region) != 1) {
      throw new UnsupportedOperatorException(
          region + " has not one result, so nothing takes its place");
    }
    replacements.put(region.id(), writer.andThen(List::of));
    return this;
  }

  /**
   * The same for a call with any number of results.
   *
   * @param region a call of a module or an operator
   * @param writer writes the operators and returns what takes the place of each result; called when
   *     the program is made, which fails if their number is another one
   * @return this
   * @throws UnsupportedOperatorException if the call is that of the model itself
   * @throws ClosedException after {@link #apply()} or {@link #close()}
   */
  public ProgramEditor replaceAll(
      Region region, Function<OperatorWriter, List<OperatorWriter.Value>> writer) {
    checkOpen();
    if (region == program.root()) {
      throw new UnsupportedOperatorException("nothing takes the place of the model itself");
    }
    replacements.put(region.id(), writer);
    return this;
  }

  private static int results(Region region) {
    return region instanceof OperatorCall operator
        ? operator.instruction().out.length
        : ((ModuleCall) region).instruction().out.length;
  }

  /**
   * Takes a call out of the program: its first argument takes the place of its result, and no layer
   * stays that a rule could be given to.
   *
   * @param region a call with one result
   * @return this
   * @throws UnsupportedOperatorException if the call has several results
   * @throws ClosedException after {@link #apply()} or {@link #close()}
   */
  public ProgramEditor remove(Region region) {
    return replace(region, writer -> writer.argument(0));
  }

  /**
   * Whether nothing was changed yet.
   *
   * @return true if {@link #apply()} would return an equal program
   */
  public boolean isEmpty() {
    return parameters.isEmpty()
        && bypassed.isEmpty()
        && labels.isEmpty()
        && replacements.isEmpty()
        && dimensions.isEmpty();
  }

  /**
   * Makes the changed program, and with it the end of this editor: the tensors are the program's
   * now.
   *
   * @return a program that the caller closes after the plans that use it; it needs its original to
   *     stay open
   * @throws ClosedException after {@link #apply()} or {@link #close()}
   */
  public Program apply() {
    checkOpen();
    numbering =
        new OperatorWriter.Numbering(
            1 + program.regions().stream().mapToInt(Region::id).max().orElse(0), owned);
    Definition definition = program.definition().withDimensions(dimensions);
    Instruction.Invoke entry = definition.entry();
    Program changed =
        new Program(definition.with(rewrite(entry)), () -> Natives.releaseAll(owned), program);
    closed = true;
    trace.close();
    return changed;
  }

  /** Gives back the tensors of changes that were not applied; nothing after {@link #apply()}. */
  @Override
  public void close() {
    if (!closed) {
      closed = true;
      trace.close();
      Natives.releaseAll(owned);
    }
  }

  private void checkOpen() {
    if (closed) {
      throw trace.refusal("this editor is done: begin another one with program.edit()");
    }
  }

  /** A code that is being rewritten. */
  private static final class Draft {
    final Code code;
    final List<Constant> constants;
    int slots;

    Draft(Code code) {
      this.code = code;
      this.constants = new ArrayList<>(code.constants());
      this.slots = code.slots();
    }
  }

  private Code rewrite(Code code) {
    Draft draft = new Draft(code);
    Block body = rewrite(code.body(), draft, ownSlots(code));
    return new Code(code.path(), code.parameters(), draft.slots, draft.constants, body);
  }

  private static int[] ownSlots(Code code) {
    return java.util.stream.IntStream.range(0, code.parameters()).toArray();
  }

  private Block rewrite(Block block, Draft draft, int[] own) {
    List<Instruction> instructions = new ArrayList<>();
    for (Instruction instruction : block.instructions) {
      instructions.addAll(rewrite(instruction, draft));
    }
    return new Block(instructions, block.results, own);
  }

  private List<Instruction> rewrite(Instruction instruction, Draft draft) {
    return instruction.accept(
        new Instruction.Visitor<List<Instruction>>() {
          @Override
          public List<Instruction> operate(Instruction.Operate operate) {
            return replaced(operate.id, rewrite(operate, draft.code, draft.constants), draft);
          }

          @Override
          public List<Instruction> invoke(Instruction.Invoke invoke) {
            return replaced(invoke.id, rewrite(invoke), draft);
          }

          @Override
          public List<Instruction> branch(Instruction.Branch branch) {
            return List.of(
                new Instruction.Branch(
                    branch.in[0],
                    rewrite(branch.then, draft, new int[0]),
                    rewrite(branch.otherwise, draft, new int[0]),
                    branch.out));
          }

          @Override
          public List<Instruction> loop(Instruction.Loop loop) {
            return List.of(
                new Instruction.Loop(
                    loop.in, loop.bodyIn, rewrite(loop.body, draft, loop.bodyIn), loop.out));
          }

          @Override
          public List<Instruction> other(Instruction unchanged) {
            return List.of(unchanged);
          }
        });
  }

  private List<Instruction> replaced(int id, Instruction call, Draft draft) {
    Function<OperatorWriter, List<OperatorWriter.Value>> writer = replacements.get(id);
    if (writer == null) {
      return List.of(call);
    }
    OperatorWriter operators =
        new OperatorWriter(
            program.region(id), call, draft.code, draft.constants, draft.slots, numbering);
    List<Instruction> written = operators.finish(writer.apply(operators));
    draft.slots = operators.slots();
    return written;
  }

  private Instruction.Invoke rewrite(Instruction.Invoke invoke) {
    if (!bypassed.contains(invoke.id)) {
      Code callee = rewrite(invoke.callee);
      return invoke.callee.equals(invoke.parametrised)
          ? invoke.withCallee(callee)
          : invoke.withCallee(callee, invoke.parametrised);
    }
    Code identity = identity(invoke.callee, ranks.getOrDefault(invoke.id, 0), invoke.id);
    Instruction.Operate norm = LinearMaps.sole(invoke.callee);
    return neutral.containsKey(invoke.id) && norm != null
        ? invoke.withCallee(identity, neutralized(invoke.callee, norm, neutral.get(invoke.id)))
        : invoke.withCallee(identity);
  }

  /** A code that returns its first parameter but still names its module's own parameters. */
  private static Code identity(Code code, int dimensions, int call) {
    int out = code.parameters();
    Block body =
        new Block(
            List.of(new Instruction.Alias(0, out, dimensions, code.path(), call)),
            new int[] {out},
            ownSlots(code));
    return new Code(code.path(), code.parameters(), out + 1, code.constants(), body);
  }

  /** The code of a normalisation that changes nothing until its parameters are replaced. */
  private Code neutralized(Code code, Instruction.Operate norm, Map<String, Tensor> values) {
    List<Constant> constants = new ArrayList<>();
    int[] in = norm.in.clone();
    for (int i = 0; i < in.length; i++) {
      if (in[i] < 0) {
        constants.add(code.constant(in[i]));
        in[i] = -constants.size();
      }
    }
    for (Map.Entry<String, Tensor> entry : values.entrySet()) {
      constants.add(constant(code, new Replacement(entry.getKey(), entry.getValue())));
      in[norm.operator.argument(entry.getKey())] = -constants.size();
    }
    // LibTorch refuses an eps of 0; this one vanishes beside a variance of 1.
    for (Map.Entry<String, IValue> entry :
        Map.of("eps", new IValue(1e-300), "training", new IValue(false)).entrySet()) {
      IValue value = Natives.keep(entry.getValue());
      owned.add(value);
      constants.add(Constant.of(value, null, null, owned));
      in[norm.operator.argument(entry.getKey())] = -constants.size();
    }
    Block body = new Block(List.of(norm.withInputs(in)), code.body().results, ownSlots(code));
    return new Code(code.path(), code.parameters(), code.slots(), constants, body);
  }

  private Instruction rewrite(Instruction.Operate operate, Code code, List<Constant> constants) {
    if (bypassed.contains(operate.id)) {
      return new Instruction.Alias(
          operate.in[0],
          operate.out[0],
          ranks.getOrDefault(operate.id, 0),
          operate.path,
          operate.id);
    }
    Instruction.Operate result = operate;
    for (Replacement replacement : parameters.getOrDefault(operate.id, List.of())) {
      int[] in = result.in.clone();
      int k = operate.operator.argument(replacement.argument());
      constants.add(constant(code, replacement));
      in[k] = -constants.size();
      result = result.withInputs(in);
    }
    Label label = labels.get(operate.id);
    return label == null ? result : result.labelled(label);
  }

  private Constant constant(Code code, Replacement replacement) {
    try (PointerScope scope = new PointerScope()) {
      IValue value = Natives.keep(new IValue(replacement.tensor()));
      owned.add(value);
      return Constant.of(value, code.path(), replacement.argument(), owned);
    }
  }
}
