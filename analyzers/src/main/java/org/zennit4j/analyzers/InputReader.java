/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.analyzers;

import java.util.Arrays;
import java.util.Optional;
import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.Tensor;
import org.zennit4j.bindings.ShapeException;
import org.zennit4j.bindings.Zennit4jException;
import org.zennit4j.composites.Positions;
import org.zennit4j.graph.Layer;
import org.zennit4j.graph.Program;
import org.zennit4j.graph.Region;
import org.zennit4j.model.ScriptModel;

/** Reads inputs: batch or sample, in the model's dtype and on its device, finite. */
final class InputReader {
  private final ScriptModel model;
  private final Optional<Boolean> batched;
  private final int kernelDimensions;

  /**
   * A batch.
   *
   * @param tensor the batch
   * @param single whether one sample was given
   */
  record Batch(Tensor tensor, boolean single) {}

  InputReader(ScriptModel model, Optional<Boolean> batched) {
    this.model = model;
    this.batched = batched;
    this.kernelDimensions = kernelDimensions(model.program());
  }

  /** The number of spatial dimensions of the first kernel layer; 0 if it is no convolution. */
  static int kernelDimensions(Program program) {
    Optional<Layer> first = Positions.of(program).kernels().stream().findFirst();
    if (first.isEmpty() || !first.get().matches("Convolution")) {
      return 0;
    }
    for (Region region : program.regions(first.get())) {
      Tensor weight =
          region.linearMap().isPresent()
              ? region.linearMap().get().weight()
              : region.parameters().get("weight");
      if (weight != null) {
        return (int) weight.dim() - 2;
      }
    }
    return 0;
  }

  /** Reads an input; the batch lies in the caller's innermost scope. */
  Batch read(Tensor input) {
    if (input == null || input.isNull() || !input.defined()) {
      throw new Zennit4jException("the input tensor is null or was closed before it was used");
    }
    if (model.program().lookups().isIndex(0)) {
      throw new Zennit4jException(
          "a method explains the values of a floating input, but this model looks vectors up by integers (token ids):"
              + " use a composite and the attributor gradient, whose relevance starts at the embedding");
    }
    boolean single = batched.isPresent() ? !batched.get() : isSample(input);
    Tensor x = input.detach().to(new Device(model.device()), model.dtype());
    if (!x.isfinite().all().item_bool()) {
      throw new Zennit4jException(
          "the input holds NaN or infinity; replace them before it is explained");
    }
    if (single) {
      x = x.unsqueeze(0);
    }
    if (x.dim() < 2 || x.numel() == 0) {
      throw new ShapeException(
          "an input of shape "
              + Arrays.toString(input.shape())
              + " is neither a batch nor one sample");
    }
    return new Batch(x, single);
  }

  private boolean isSample(Tensor input) {
    int rank = (int) input.dim();
    if (kernelDimensions == 0) {
      return rank == 1;
    }
    if (rank != kernelDimensions + 2 && rank != kernelDimensions + 1) {
      throw new ShapeException(
          "the first layer is a convolution of "
              + kernelDimensions
              + " dimensions: a batch has "
              + (kernelDimensions + 2)
              + " axes and one sample "
              + (kernelDimensions + 1)
              + ", but the input has the shape "
              + Arrays.toString(input.shape())
              + "; set the option batched if the model takes it as it is");
    }
    return rank == kernelDimensions + 1;
  }
}
