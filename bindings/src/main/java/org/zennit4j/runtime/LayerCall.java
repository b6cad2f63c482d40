/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.runtime;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.Consumer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.AutoGradMode;
import org.bytedeco.pytorch.BoolOptional;
import org.bytedeco.pytorch.IValue;
import org.bytedeco.pytorch.IValueArrayRef;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.zennit4j.bindings.Natives;
import org.zennit4j.graph.OperatorCall;
import org.zennit4j.graph.Operators;
import org.zennit4j.graph.Region;
import org.zennit4j.graph.ir.Constant;

/**
 * One call of a layer in a running pass: its inputs, its outputs, and the layer itself to be run
 * again.
 *
 * <p>Belongs to the pass, and is valid until the pass is closed, or until {@link
 * LayerFunction#backward} returns if {@link LayerFunction#reads()} says so; used in one thread at a
 * time. Tensors that it returns are not to be closed or written to.
 */
public final class LayerCall {
  private final Region region;
  private final Values arguments;
  private final List<Tensor> inputs;
  private final boolean ownsInputs;
  private final List<long[]> strides = new ArrayList<>();
  private List<Tensor> outputs;
  private boolean closed;
  private final List<Boolean> dependent;
  private final boolean createGraph;
  private final boolean neverNegative;
  private final Consumer<String> findings;

  LayerCall(
      Region region,
      Values arguments,
      List<Tensor> inputs,
      boolean ownsInputs,
      List<Tensor> outputs,
      boolean keepsOutputs,
      List<Boolean> dependent,
      boolean createGraph,
      boolean neverNegative,
      Consumer<String> findings) {
    this.ownsInputs = ownsInputs;
    this.region = region;
    this.arguments = arguments;
    this.inputs = inputs;
    for (Tensor output : outputs) {
      boolean dense = output.is_non_overlapping_and_dense();
      strides.add(dense ? output.strides().vec().get() : null);
    }
    this.outputs = keepsOutputs ? outputs : null;
    this.dependent = List.copyOf(dependent);
    this.createGraph = createGraph;
    this.neverNegative = neverNegative;
    this.findings = findings;
  }

  /**
   * Reports something unusual about this call; the same sentence is kept once for each pass.
   *
   * @param finding one sentence
   */
  public void report(String finding) {
    findings.accept(finding);
  }

  /**
   * The call site.
   *
   * @return the region
   */
  public Region region() {
    return region;
  }

  /**
   * The floating tensors that the layer was called with, in the order of its arguments.
   *
   * @return detached, unless {@link #createGraph()}; nulls for a function that says that it {@link
   *     LayerFunction#reads() reads no inputs}
   */
  public List<Tensor> inputs() {
    return inputs;
  }

  /**
   * The layer's own outputs.
   *
   * @return detached; computed again where they were not kept
   */
  public List<Tensor> outputs() {
    if (outputs == null) {
      List<Tensor> computed = new ArrayList<>();
      try (PointerScope scope = new PointerScope();
          AutoGradMode off = new AutoGradMode(false)) {
        for (Tensor output : forward(inputs, Map.of())) {
          computed.add(Natives.keep(output.detach()));
        }
      }
      outputs = computed;
    }
    return outputs;
  }

  /**
   * How one of {@link #outputs()} lies in memory, whether it was kept or not.
   *
   * @param output its number
   * @return its strides; empty if it has gaps or overlaps
   */
  public Optional<long[]> outputStrides(int output) {
    return Optional.ofNullable(strides.get(output)).map(long[]::clone);
  }

  /** Frees inputs and outputs: relevance went through. */
  void close() {
    if (closed) {
      return;
    }
    closed = true;
    if (ownsInputs) {
      Natives.releaseAll(inputs);
    }
    if (outputs != null) {
      Natives.releaseAll(outputs);
    }
    if (arguments != null) {
      arguments.close();
    }
  }

  /**
   * Whether one of {@link #inputs()} depends on the model's input; others may stand beside it in a
   * list.
   *
   * @param input its number
   * @return false for what is the same for each input of the model
   */
  public boolean dependsOnInput(int input) {
    return dependent.get(input);
  }

  /**
   * Where an operator's argument stands among {@link #inputs()}.
   *
   * @param argument its name, such as {@code query}
   * @return the number of the argument's first tensor; -1 if it is no input: a constant, a value
   *     without floating tensors, or the region is no operator
   */
  public int position(String argument) {
    int k = argumentIndex(argument);
    return k < 0 ? -1 : arguments.firstTensor(k);
  }

  /**
   * An operator's tensor argument, input or not.
   *
   * @param argument its name, such as {@code attn_mask}
   * @return the tensor, in the caller's innermost scope; empty if there is none
   */
  public Optional<Tensor> tensor(String argument) {
    int input = position(argument);
    if (input >= 0) {
      return Optional.of(inputs.get(input));
    }
    return value(argument)
        .filter(IValue::isTensor)
        .map(value -> new Tensor(value.toTensor()))
        .filter(Tensor::defined);
  }

  /**
   * The tensors of an operator's argument that is a tensor or a list of them, inputs or not.
   *
   * @param argument its name, such as {@code params}
   * @return the tensors, in the caller's innermost scope; none if there is no such argument
   */
  public List<Tensor> tensors(String argument) {
    int k = argumentIndex(argument);
    if (k < 0) {
      return List.of();
    }
    int input = arguments.firstTensor(k);
    IValue value = arguments.values()[k];
    if (value.isTensor()) {
      return tensor(argument).map(List::of).orElse(List.of());
    }
    List<Tensor> found = new ArrayList<>();
    if (value.isList()) {
      IValueArrayRef elements = value.toListRef();
      for (long i = 0; i < elements.size(); i++) {
        if (elements.at(i).isTensor()) {
          Tensor own = new Tensor(elements.at(i).toTensor());
          found.add(input >= 0 && own.is_floating_point() ? inputs.get(input++) : own);
        }
      }
    }
    return found;
  }

  /**
   * An operator's argument that is a number; true is 1, false is 0.
   *
   * @param argument its name, such as {@code dim}
   * @return the number, or empty if there is none
   */
  public OptionalDouble number(String argument) {
    IValue value = value(argument).orElse(null);
    if (value == null) {
      return OptionalDouble.empty();
    }
    if (value.isDouble()) {
      return OptionalDouble.of(value.toDouble());
    }
    if (value.isInt()) {
      return OptionalDouble.of((double) value.toInt());
    }
    return value.isBool() ? OptionalDouble.of(value.toBool() ? 1 : 0) : OptionalDouble.empty();
  }

  /**
   * An operator's argument that is a list of whole numbers, or one of them.
   *
   * @param argument its name, such as {@code normalized_shape}
   * @return the numbers, none if there is no such argument
   */
  public long[] integers(String argument) {
    IValue value = value(argument).orElse(null);
    if (value == null) {
      return new long[0];
    }
    if (value.isInt()) {
      return new long[] {value.toInt()};
    }
    try (PointerScope scope = new PointerScope()) {
      return Constant.isIntegers(value) ? Constant.integers(value) : new long[0];
    }
  }

  private Optional<IValue> value(String argument) {
    int k = argumentIndex(argument);
    return k < 0 ? Optional.empty() : Optional.of(arguments.values()[k]);
  }

  private int argumentIndex(String argument) {
    return region instanceof OperatorCall call ? call.arguments().indexOf(argument) : -1;
  }

  /**
   * Whether the relevance itself will be differentiated: then a function has to use recorded
   * operations only.
   *
   * @return true if the pass was made with createGraph
   */
  public boolean createGraph() {
    return createGraph;
  }

  /**
   * Whether the program alone tells that no input of this call has a negative value, because they
   * come from a ReLU, a softmax or the like. Reads no value; -0.0 and NaN may occur.
   *
   * @return false where that is not known, and in passes with hooks, which may change values
   */
  public boolean neverNegative() {
    return neverNegative;
  }

  /**
   * Runs the layer again.
   *
   * @param substitutes one tensor for each of {@link #inputs()}
   * @param parameters replacements by name of {@link Region#parameters()}; the others stay as they
   *     are
   * @return the outputs, in the caller's innermost scope; recorded if gradients are on and
   *     something requires them
   */
  public List<Tensor> forward(List<Tensor> substitutes, Map<String, Tensor> parameters) {
    List<IValue> kept = new ArrayList<>();
    try {
      IValue[] args = arguments.with(unshared(substitutes), kept);
      IValue[] results = RegionRunner.run(region, args, parameters);
      List<Tensor> tensors = new ArrayList<>();
      try (Values values = new Values(results)) {
        for (Tensor tensor : values.tensors()) {
          tensors.add(new Tensor(tensor));
        }
      }
      return tensors;
    } finally {
      Natives.releaseAll(kept);
    }
  }

  /** An operator that overwrites its first argument shall not overwrite what it is given here. */
  private List<Tensor> unshared(List<Tensor> substitutes) {
    boolean overwrites =
        region instanceof OperatorCall call
            && Operators.isInPlace(call.operator())
            && arguments.values()[0].isTensor()
            && arguments.firstTensor(0) == 0;
    if (!overwrites) {
      return substitutes;
    }
    List<Tensor> copies = new ArrayList<>(substitutes);
    copies.set(0, substitutes.get(0).clone());
    return copies;
  }

  /**
   * The layer's plain gradient: the vector-Jacobian product at its inputs.
   *
   * @param gradients one for each output, null for zero
   * @return one for each input, null where the outputs do not depend on it; in the caller's
   *     innermost scope
   */
  public List<Tensor> gradient(List<Tensor> gradients) {
    try (AutoGradMode on = new AutoGradMode(true)) {
      List<Tensor> leaves = new ArrayList<>();
      for (Tensor input : inputs) {
        leaves.add(createGraph ? input : input.detach().requires_grad_(true));
      }
      List<Tensor> results = forward(leaves, Map.of());
      return vectorJacobian(results, leaves, gradients, createGraph);
    }
  }

  /**
   * Differentiates.
   *
   * @param outputs recorded tensors
   * @param inputs what to differentiate with respect to
   * @param gradients of each output's shape, null for zero
   * @param createGraph whether the result is to be differentiated again
   * @return one gradient for each input, null where there is none; in the caller's innermost scope
   */
  public static List<Tensor> vectorJacobian(
      List<Tensor> outputs, List<Tensor> inputs, List<Tensor> gradients, boolean createGraph) {
    List<Tensor> roots = new ArrayList<>();
    List<Tensor> seeds = new ArrayList<>();
    for (int i = 0; i < outputs.size(); i++) {
      if (gradients.get(i) != null && outputs.get(i).requires_grad()) {
        roots.add(outputs.get(i));
        seeds.add(gradients.get(i));
      }
    }
    List<Tensor> result = new ArrayList<>();
    if (roots.isEmpty()) {
      inputs.forEach(input -> result.add(null));
      return result;
    }
    PointerScope scope = PointerScope.getInnerScope();
    TensorVector found =
        torch.grad(
            new TensorVector(roots.toArray(Tensor[]::new)),
            new TensorVector(inputs.toArray(Tensor[]::new)),
            new TensorVector(seeds.toArray(Tensor[]::new)),
            new BoolOptional(createGraph),
            createGraph,
            true);
    for (long i = 0; i < found.size(); i++) {
      Tensor gradient = found.get(i);
      result.add(gradient.defined() ? new Tensor(gradient) : null);
    }
    if (scope == null) {
      found.close();
    }
    return result;
  }
}
