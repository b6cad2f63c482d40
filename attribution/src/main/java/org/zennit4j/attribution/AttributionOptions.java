/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.attribution;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.function.ToIntFunction;
import org.bytedeco.pytorch.Tensor;
import org.zennit4j.bindings.Zennit4jException;
import org.zennit4j.graph.Layer;

/**
 * How an attribution runs, whatever the attributor.
 *
 * @param layers the layers whose relevances are kept; costs memory
 * @param outputSelector which of the model's output tensors is explained; the first by default
 * @param createGraph whether the relevance itself is to be differentiated with respect to the input
 * @param checkFinite whether a NaN or infinity in the relevance is an error, whose message names
 *     the layer where it appeared first; costs a look at the result, and a second run if it fails
 * @param listener hears about progress, and can cancel
 * @param timeLimit how long the attribution may take until it stops at its next operator with a
 *     {@link org.zennit4j.bindings.CancelledException}; empty for no limit
 */
public record AttributionOptions(
    Predicate<Layer> layers,
    ToIntFunction<List<Tensor>> outputSelector,
    boolean createGraph,
    boolean checkFinite,
    ProgressListener listener,
    Optional<Duration> timeLimit) {
  /**
   * No layers, the first output, no second derivatives, no check, no listener, no time limit.
   *
   * @return the defaults
   */
  public static AttributionOptions defaults() {
    return new AttributionOptions(
        layer -> false, outputs -> 0, false, false, (done, total) -> true, Optional.empty());
  }

  /**
   * Keeps the relevances of layers.
   *
   * @param value which ones
   * @return a copy
   */
  public AttributionOptions withLayers(Predicate<Layer> value) {
    return new AttributionOptions(
        value, outputSelector, createGraph, checkFinite, listener, timeLimit);
  }

  /**
   * Keeps the relevances of layers by name. A name that no layer has is an error of the
   * attribution.
   *
   * @param names whole names, or patterns in which {@code *} stands for any text
   * @return a copy
   */
  public AttributionOptions withLayers(String... names) {
    return withLayers(new LayerNames(List.of(names)));
  }

  /**
   * Chooses the output that is explained.
   *
   * @param value its position among the floating tensors of the model's result
   * @return a copy
   */
  public AttributionOptions withOutputSelector(ToIntFunction<List<Tensor>> value) {
    return new AttributionOptions(layers, value, createGraph, checkFinite, listener, timeLimit);
  }

  /**
   * Changes {@link #createGraph()}: with true, the relevance has a history that leads to those
   * inputs that require gradients, so that a loss on it can be differentiated, as with Zennit's
   * {@code create_graph} and {@code composite.inactive()}:
   *
   * <pre>
   *   x.requires_grad_(true);
   *   try (Attribution a = attributor.attribute(List.of(x), target, options.withCreateGraph(true))) {
   *     Tensor loss = a.relevance().pow(2).sum();
   *     loss.backward();                              // or torch.grad(loss, x)
   *   }                                               // x.grad() is the loss's derivative
   * </pre>
   *
   * <p>Rules act in the attribution only. Whatever is differentiated afterwards, relevance or
   * output, has its plain gradient. The target's relevance counts as a constant. The history lives
   * until the attribution is closed; differentiating it later fails. Rules compute in their general
   * form and the whole network is kept, which costs time and memory; of an attributor with several
   * passes, all of them.
   *
   * @param value the new value
   * @return a copy
   */
  public AttributionOptions withCreateGraph(boolean value) {
    return new AttributionOptions(layers, outputSelector, value, checkFinite, listener, timeLimit);
  }

  /**
   * Changes {@link #checkFinite()}.
   *
   * @param value the new value
   * @return a copy
   */
  public AttributionOptions withCheckFinite(boolean value) {
    return new AttributionOptions(layers, outputSelector, createGraph, value, listener, timeLimit);
  }

  /**
   * Changes {@link #listener()}.
   *
   * @param value the new value
   * @return a copy
   */
  public AttributionOptions withListener(ProgressListener value) {
    return new AttributionOptions(
        layers, outputSelector, createGraph, checkFinite, value, timeLimit);
  }

  /**
   * Limits the time of each attribution.
   *
   * @param value positive
   * @return a copy
   */
  public AttributionOptions withTimeLimit(Duration value) {
    if (value.isNegative() || value.isZero()) {
      throw new Zennit4jException("a time limit is positive, not " + value);
    }
    return new AttributionOptions(
        layers, outputSelector, createGraph, checkFinite, listener, Optional.of(value));
  }
}
