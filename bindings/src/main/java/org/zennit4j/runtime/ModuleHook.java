/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.runtime;

import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.zennit4j.graph.Region;

/**
 * Observes or changes what goes into a module, out of it, and back through it.
 *
 * <p>One hook object serves many calls, perhaps at once: whatever belongs to a call goes into
 * {@link Call#state()}. Tensors that a method receives are valid during the method only, unless
 * they are copied; tensors that it makes belong to the pass. Lists hold the floating tensors among
 * a module's arguments or results, in order, lists and tuples flattened.
 *
 * <p>At one call the order is: {@link #forwardPre}, the module (under its rule, if it has one),
 * {@link #forward}; and backward {@link #backwardPre}, the rule or gradient, {@link #backward}.
 */
public interface ModuleHook {
  /**
   * One call of the module.
   *
   * @param region the call site
   * @param state whatever the hook wants to remember between its methods; a fresh mutable map for
   *     each call
   */
  record Call(Region region, Map<String, Object> state) {}

  /**
   * Runs before the module.
   *
   * @param call the call
   * @param inputs the module's inputs
   * @return what the module shall get: the same list, or other tensors, as many
   */
  default List<Tensor> forwardPre(Call call, List<Tensor> inputs) {
    return inputs;
  }

  /**
   * Runs after the module.
   *
   * @param call the call
   * @param inputs the module's inputs
   * @param outputs the module's outputs
   * @return what the module's users shall get: the same list, or other tensors, as many
   */
  default List<Tensor> forward(Call call, List<Tensor> inputs, List<Tensor> outputs) {
    return outputs;
  }

  /**
   * Runs when relevance (or the gradient) has arrived at the module's outputs.
   *
   * @param call the call
   * @param gradOutput one for each output, null for none
   * @return what the module shall pass on: the same list, or other tensors of the same shapes
   */
  default List<Tensor> backwardPre(Call call, List<Tensor> gradOutput) {
    return gradOutput;
  }

  /**
   * Runs when the module has handed relevance (or the gradient) to its inputs.
   *
   * @param call the call
   * @param gradInput one for each input, null for none
   * @param gradOutput what arrived at the outputs
   * @return what the module's inputs shall get: the same list, or other tensors of the same shapes
   */
  default List<Tensor> backward(Call call, List<Tensor> gradInput, List<Tensor> gradOutput) {
    return gradInput;
  }
}
