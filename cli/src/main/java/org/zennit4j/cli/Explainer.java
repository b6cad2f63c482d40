/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.cli;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.bytedeco.pytorch.Tensor;
import org.zennit4j.attribution.Attribution;
import org.zennit4j.attribution.AttributionOptions;
import org.zennit4j.attribution.Target;
import org.zennit4j.composites.Plan;
import org.zennit4j.graph.Program;

/** A way to explain a model: a composite and an attributor, or a method of SignXAI. */
interface Explainer extends AutoCloseable {
  /**
   * Explains one batch.
   *
   * @param target where relevance starts; null for the default
   */
  Attribution explain(List<Tensor> inputs, Target target, AttributionOptions options);

  /** What it is called in pictures. */
  String title();

  /** How a request would name it. */
  Map<String, Object> request();

  /** What is unusual about it, one sentence each. */
  default List<String> notes() {
    return List.of();
  }

  /** Which layer has which rule, if it is a composite that is run once. */
  default Optional<Plan> plan() {
    return Optional.empty();
  }

  /** The network that it runs, whose layers can be asked for. */
  Program program();

  @Override
  void close();
}
