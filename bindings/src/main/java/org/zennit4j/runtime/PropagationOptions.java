/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.runtime;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import org.zennit4j.bindings.CancelledException;
import org.zennit4j.bindings.internal.NativeWork;
import org.zennit4j.graph.Layer;

/**
 * How a {@link Propagation} runs.
 *
 * @param createGraph whether the relevance itself can be differentiated afterwards
 * @param capture the layers whose relevances are kept
 * @param hooks hooks by module path
 * @param deadline the value of {@link System#nanoTime()} at which the run stops at its next
 *     operator with a {@link CancelledException}; {@link Long#MAX_VALUE} for none
 * @param channelsLast whether images are turned to have their channels last in memory; what the run
 *     hands out lies as the caller's tensors do
 * @param saveMemory whether the run keeps few values from forward to backward and computes the
 *     others again; the numbers are the same to the bit
 * @param meter counts the memory of the values that the run makes; empty for none
 */
public record PropagationOptions(
    boolean createGraph,
    Predicate<Layer> capture,
    Map<String, List<ModuleHook>> hooks,
    long deadline,
    boolean channelsLast,
    boolean saveMemory,
    Optional<Meter> meter) {
  /**
   * Copies the map.
   *
   * @param createGraph {@link #createGraph()}
   * @param capture {@link #capture()}
   * @param hooks {@link #hooks()}
   * @param deadline {@link #deadline()}
   * @param channelsLast {@link #channelsLast()}
   * @param saveMemory {@link #saveMemory()}
   * @param meter {@link #meter()}
   */
  public PropagationOptions {
    hooks = Map.copyOf(hooks);
  }

  /**
   * No second derivatives, no layer relevances, no hooks, no deadline, memory as it comes, no
   * meter.
   *
   * @return the defaults
   */
  public static PropagationOptions defaults() {
    return new PropagationOptions(
        false, layer -> false, Map.of(), NativeWork.NO_DEADLINE, false, false, Optional.empty());
  }

  /**
   * Changes {@link #createGraph()}.
   *
   * @param value the new value
   * @return a copy
   */
  public PropagationOptions withCreateGraph(boolean value) {
    return new PropagationOptions(value, capture, hooks, deadline, channelsLast, saveMemory, meter);
  }

  /**
   * Changes {@link #capture()}.
   *
   * @param value the new value
   * @return a copy
   */
  public PropagationOptions withCapture(Predicate<Layer> value) {
    return new PropagationOptions(
        createGraph, value, hooks, deadline, channelsLast, saveMemory, meter);
  }

  /**
   * Changes {@link #hooks()}.
   *
   * @param value the new value
   * @return a copy
   */
  public PropagationOptions withHooks(Map<String, List<ModuleHook>> value) {
    return new PropagationOptions(
        createGraph, capture, value, deadline, channelsLast, saveMemory, meter);
  }

  /**
   * Changes {@link #deadline()}.
   *
   * @param value the new value
   * @return a copy
   */
  public PropagationOptions withDeadline(long value) {
    return new PropagationOptions(
        createGraph, capture, hooks, value, channelsLast, saveMemory, meter);
  }

  /**
   * Changes {@link #channelsLast()}.
   *
   * @param value the new value
   * @return a copy
   */
  public PropagationOptions withChannelsLast(boolean value) {
    return new PropagationOptions(createGraph, capture, hooks, deadline, value, saveMemory, meter);
  }

  /**
   * Changes {@link #saveMemory()}.
   *
   * @param value the new value
   * @return a copy
   */
  public PropagationOptions withSaveMemory(boolean value) {
    return new PropagationOptions(
        createGraph, capture, hooks, deadline, channelsLast, value, meter);
  }

  /**
   * Changes {@link #meter()}.
   *
   * @param value the new value
   * @return a copy
   */
  public PropagationOptions withMeter(Meter value) {
    return new PropagationOptions(
        createGraph, capture, hooks, deadline, channelsLast, saveMemory, Optional.of(value));
  }
}
