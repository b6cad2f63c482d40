/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.runtime;

import java.util.List;
import java.util.function.Consumer;
import org.bytedeco.pytorch.Tensor;
import org.zennit4j.graph.Region;

/**
 * What takes the place of a layer's gradient in the backward pass: a custom autograd function for
 * one {@link Region}.
 *
 * <p>Implementations are thread-safe: several calls may run at once. They never keep anything about
 * a call. Owned by the plan that bound the rule, which closes it.
 */
@FunctionalInterface
public interface LayerFunction extends AutoCloseable {
  /** What a function reads of a call, and a pass keeps for it. */
  enum Reads {
    /** Neither inputs nor outputs: {@link LayerCall#inputs()} is a list of nulls. */
    NOTHING(false, false),
    /**
     * The outputs alone: {@link LayerCall#inputs()} is a list of nulls. A ReLU that the model runs
     * in place stays in place where nobody else holds its input.
     */
    OUTPUTS(false, true),
    /** The inputs; outputs are computed again if they are asked for. */
    INPUTS(true, false),
    /** Inputs and outputs. */
    BOTH(true, true),
    /** Inputs and outputs, which stay until the pass is closed. */
    KEPT(true, true);

    private final boolean inputs;
    private final boolean outputs;

    Reads(boolean inputs, boolean outputs) {
      this.inputs = inputs;
      this.outputs = outputs;
    }

    boolean inputs() {
      return inputs;
    }

    boolean outputs() {
      return outputs;
    }
  }

  /**
   * What {@link #backward} reads of a call. The less, the less memory a pass needs; all but {@link
   * Reads#KEPT} is freed as soon as {@link #backward} returns, and a plan that saves memory may
   * compute outputs again.
   *
   * @return by default all, as long as the pass is open
   */
  default Reads reads() {
    return Reads.KEPT;
  }

  /**
   * A function that says what it reads.
   *
   * @param reads what it reads
   * @param function computes relevances; it is closed with the result
   * @return the function
   */
  static LayerFunction reading(Reads reads, LayerFunction function) {
    return around(function, reads, call -> {});
  }

  /**
   * This function, with a look at each call before.
   *
   * @param look sees what {@link #reads()} says, in the autograd engine's thread
   * @return the function; closing it closes this one
   */
  default LayerFunction looking(Consumer<LayerCall> look) {
    return around(this, reads(), look);
  }

  private static LayerFunction around(
      LayerFunction function, Reads reads, Consumer<LayerCall> look) {
    return new LayerFunction() {
      @Override
      public List<Tensor> backward(LayerCall call, List<Tensor> relevance) {
        look.accept(call);
        return function.backward(call, relevance);
      }

      @Override
      public Reads reads() {
        return reads;
      }

      @Override
      public List<Tensor> prepared() {
        return function.prepared();
      }

      @Override
      public void close() {
        function.close();
      }
    };
  }

  /**
   * Computes the relevances of a layer's inputs. Runs inside a pointer scope of its own, in the
   * autograd engine's thread, with gradients switched off unless the call says {@link
   * LayerCall#createGraph()}.
   *
   * @param call the layer's inputs and outputs, and ways to run it again
   * @param relevance the relevance of each output, of that output's shape; null where nothing
   *     arrived
   * @return one relevance for each input, of that input's shape; null for none
   */
  List<Tensor> backward(LayerCall call, List<Tensor> relevance);

  /**
   * What this function holds at present, to be counted.
   *
   * @return tensors that belong to the function; by default none
   */
  default List<Tensor> prepared() {
    return List.of();
  }

  /** Frees what was prepared; called when the plan that holds this function is closed. */
  @Override
  default void close() {}
}
