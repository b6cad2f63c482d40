/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.concepts;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.zennit4j.bindings.ClosedException;

/**
 * What conditions gave: one row for each pair of input and condition. Owned by the caller, as its
 * tensors are, which {@link #close()} frees.
 */
public final class ConditionalResult implements AutoCloseable {
  private final Tensor relevance;
  private final Tensor prediction;
  private final Map<String, Tensor> activations;
  private final Map<String, Tensor> relevances;
  private boolean closed;

  /** Takes over tensors that were kept. */
  ConditionalResult(
      Tensor relevance,
      Tensor prediction,
      Map<String, Tensor> activations,
      Map<String, Tensor> relevances) {
    this.relevance = relevance;
    this.prediction = prediction;
    this.activations = Collections.unmodifiableMap(activations);
    this.relevances = Collections.unmodifiableMap(relevances);
  }

  /**
   * The relevance of the input.
   *
   * @return (rows, channels, space...)
   */
  public Tensor relevance() {
    checkOpen();
    return relevance;
  }

  /**
   * The relevance of the input, summed over channels: zennit-crp's {@code heatmap}.
   *
   * @return (rows, space...), in the caller's innermost scope
   */
  public Tensor heatmap() {
    checkOpen();
    return relevance.sum(1);
  }

  /**
   * What the network said, or the activation of the start layer.
   *
   * @return one row for each row of the relevance
   */
  public Tensor prediction() {
    checkOpen();
    return prediction;
  }

  /**
   * The outputs of the layers that were recorded.
   *
   * @return layer to (rows, channels, space...)
   */
  public Map<String, Tensor> activations() {
    checkOpen();
    return activations;
  }

  /**
   * The relevance at the outputs of the layers that were recorded, after the masks of conditions.
   *
   * @return layer to (rows, channels, space...)
   */
  public Map<String, Tensor> relevances() {
    checkOpen();
    return relevances;
  }

  private void checkOpen() {
    if (closed) {
      throw new ClosedException("the conditional result was closed");
    }
  }

  @Override
  public void close() {
    if (closed) {
      return;
    }
    closed = true;
    List<Tensor> all = new ArrayList<>(activations.values());
    all.addAll(relevances.values());
    all.add(relevance);
    all.add(prediction);
    all.forEach(org.zennit4j.bindings.Natives::release);
  }
}
