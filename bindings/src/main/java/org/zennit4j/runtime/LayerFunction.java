/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.runtime;

import java.util.List;
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
   * Whether {@link #backward} reads the values of {@link LayerCall#inputs()}, or runs the layer
   * again. Where it does not, a ReLU that the model runs in place stays in place if nobody else
   * holds its input, and {@code inputs()} then hold the output's values.
   *
   * @return true unless a function says otherwise; passes with {@link LayerCall#createGraph()} do
   *     not ask
   */
  default boolean readsInputs() {
    return true;
  }

  /** Frees what was prepared; called when the plan that holds this function is closed. */
  @Override
  default void close() {}
}
