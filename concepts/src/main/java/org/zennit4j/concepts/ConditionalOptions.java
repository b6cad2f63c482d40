/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.concepts;

import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.bytedeco.pytorch.Tensor;

/**
 * How conditions are run; the words are zennit-crp's.
 *
 * @param recordLayer layers whose activations and relevances are kept
 * @param startLayer where relevance starts instead of the output
 * @param initRel the relevance at the start from what is there, of its shape: the output (logits),
 *     or the activation of the start layer; empty for those values themselves
 * @param excludeParallel whether relevance that passes by the layers of a condition is left out, as
 *     on the other branch of a residual sum
 * @param batchSize how many pairs of input and condition run at once
 */
public record ConditionalOptions(
    List<String> recordLayer,
    Optional<String> startLayer,
    Optional<UnaryOperator<Tensor>> initRel,
    boolean excludeParallel,
    int batchSize) {
  /**
   * Copies the list.
   *
   * @param recordLayer {@link #recordLayer()}
   * @param startLayer {@link #startLayer()}
   * @param initRel {@link #initRel()}
   * @param excludeParallel {@link #excludeParallel()}
   * @param batchSize {@link #batchSize()}
   */
  public ConditionalOptions {
    recordLayer = List.copyOf(recordLayer);
  }

  /**
   * Nothing recorded, from the logits on, parallel branches excluded, 64 pairs at once.
   *
   * @return the defaults
   */
  public static ConditionalOptions defaults() {
    return new ConditionalOptions(List.of(), Optional.empty(), Optional.empty(), true, 64);
  }

  /**
   * Changes {@link #recordLayer()}.
   *
   * @param layers their names
   * @return a copy
   */
  public ConditionalOptions withRecordLayer(List<String> layers) {
    return new ConditionalOptions(layers, startLayer, initRel, excludeParallel, batchSize);
  }

  /**
   * Changes {@link #startLayer()}.
   *
   * @param layer its name
   * @return a copy
   */
  public ConditionalOptions withStartLayer(String layer) {
    return new ConditionalOptions(
        recordLayer, Optional.of(layer), initRel, excludeParallel, batchSize);
  }

  /**
   * Changes {@link #initRel()}.
   *
   * @param value from what is there, detached, to its relevance
   * @return a copy
   */
  public ConditionalOptions withInitRel(UnaryOperator<Tensor> value) {
    return new ConditionalOptions(
        recordLayer, startLayer, Optional.of(value), excludeParallel, batchSize);
  }

  /**
   * Changes {@link #initRel()} to a number.
   *
   * @param value at each start
   * @return a copy
   */
  public ConditionalOptions withInitRel(double value) {
    return withInitRel(
        there ->
            org.bytedeco.pytorch.global.torch.full_like(
                there, new org.bytedeco.pytorch.Scalar(value)));
  }

  /**
   * Changes {@link #excludeParallel()}.
   *
   * @param value the new value
   * @return a copy
   */
  public ConditionalOptions withExcludeParallel(boolean value) {
    return new ConditionalOptions(recordLayer, startLayer, initRel, value, batchSize);
  }

  /**
   * Changes {@link #batchSize()}.
   *
   * @param value from 1
   * @return a copy
   */
  public ConditionalOptions withBatchSize(int value) {
    return new ConditionalOptions(recordLayer, startLayer, initRel, excludeParallel, value);
  }
}
