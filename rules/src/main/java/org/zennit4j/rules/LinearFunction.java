/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.rules;

import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.MemoryFormatOptional;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.zennit4j.graph.LinearMap;
import org.zennit4j.rules.Prepared.Form;
import org.zennit4j.rules.Prepared.Part;
import org.zennit4j.runtime.LayerCall;
import org.zennit4j.runtime.LayerFunction;

/** A fast path on one linear map, with what it prepared. Thread-safe. */
abstract class LinearFunction implements LayerFunction {
  /** Channels that are few, beside the sixteen which a kernel computes at once. */
  private static final int FEW = 4;

  final LinearMap map;
  private final Prepared prepared = new Prepared();
  private final Form form;

  LinearFunction(LinearMap map) {
    this.map = map;
    this.form = Form.of(map.weight());
  }

  @Override
  public final List<Tensor> backward(LayerCall call, List<Tensor> relevance) {
    Tensor x = call.inputs().get(0);
    return List.of(relevance(call, x, OnePass.alike(relevance.get(0), call.outputStrides(0))));
  }

  /** By default the inputs: outputs are what a formula has a function run the layer for. */
  @Override
  public Reads reads() {
    return Reads.INPUTS;
  }

  /**
   * Computes the relevance of the input.
   *
   * @param call the call
   * @param x the input
   * @param r the relevance of the output
   * @return of the input's shape
   */
  abstract Tensor relevance(LayerCall call, Tensor x, Tensor r);

  /** A tensor that depends on the parameters only. */
  final Tensor once(Part part, Supplier<Tensor> supplier) {
    return prepared.once(part, form, supplier);
  }

  /** A tensor that depends on the parameters only, in a dtype of its own. */
  final Tensor once(Part part, ScalarType dtype, Supplier<Tensor> supplier) {
    return prepared.once(part, form.in(dtype), supplier);
  }

  /** A tensor that depends on the parameters and the shape of one sample. */
  final Tensor forShape(LayerCall call, Part part, Tensor x, Supplier<Tensor> supplier) {
    return prepared.forShape(part, x, map.batched(x), supplier, () -> call.report(full(call)));
  }

  private static String full(LayerCall call) {
    return "layer '"
        + call.region().name()
        + "' was explained with more than "
        + Prepared.SHAPES
        + " shapes of inputs: what its rule prepares for a shape is kept for the first "
        + Prepared.SHAPES
        + " and computed anew for the others, which takes time";
  }

  final Tensor weight(Part part, ParameterModifier modifier) {
    return once(part, () -> modifier.apply(map.weight(), "weight"));
  }

  final Tensor bias(Part part, ParameterModifier modifier) {
    return map.bias().isEmpty() ? null : once(part, () -> modifier.apply(map.bias().get(), "bias"));
  }

  /**
   * The transposed map with several weights. A convolution of few channels, as a first layer is,
   * takes about as long for nine channels as for three: there the weights are stacked.
   *
   * @param q of the output's shape
   * @param x the input
   * @param weights of the shape of the map's own, always the same
   * @return one for each weight
   */
  final List<Tensor> adjoints(Tensor q, Tensor x, Tensor... weights) {
    boolean few =
        map.isConvolution()
            && !map.isTransposed()
            && map.groups() == 1
            && map.weight().size(1) <= FEW
            && map.batched(x);
    if (!few) {
      return Arrays.stream(weights).map(w -> map.adjoint(q, x, w)).toList();
    }
    Tensor stacked = once(Part.STACKED_WEIGHTS, () -> torch.cat(new TensorVector(weights), 1));
    long channels = x.size(1);
    long[] shape = x.shape();
    shape[1] = channels * weights.length;
    MemoryFormatOptional layout = new MemoryFormatOptional(x.suggest_memory_format());
    Tensor all = map.adjoint(q, torch.empty(shape, x.options(), layout), stacked);
    return IntStream.range(0, weights.length)
        .mapToObj(k -> all.narrow(1, k * channels, channels))
        .toList();
  }

  static Tensor positive(Tensor x) {
    return x.clamp_min(new Scalar(0));
  }

  static Tensor negative(Tensor x) {
    return x.clamp_max(new Scalar(0));
  }

  /**
   * Whether no value is negative, so that a formula's part for negative inputs is zero. The program
   * is asked first. The tensor is only asked where the program does not know, and only on the CPU,
   * where reading a value does not wait for a device.
   */
  static boolean isNonNegative(LayerCall call, Tensor x) {
    return call.neverNegative()
        || (x.device().is_cpu() && x.numel() > 0 && x.min().item_double() >= 0);
  }

  /** The keys of what was prepared up to now. */
  final Set<Prepared.Key> keys() {
    return prepared.keys();
  }

  @Override
  public final List<Tensor> prepared() {
    return prepared.tensors();
  }

  /** Frees what was prepared. */
  @Override
  public final void close() {
    prepared.close();
  }
}
