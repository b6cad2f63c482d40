/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.cli;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.zennit4j.attribution.Attribution;
import org.zennit4j.attribution.AttributionOptions;
import org.zennit4j.attribution.Target;
import org.zennit4j.bindings.Natives;
import org.zennit4j.bindings.ShapeException;
import org.zennit4j.metrics.Maps;

/** Maps of any number of samples by an explainer, some samples at a time. */
final class ExplainedMaps implements Maps {
  private final Explainer explainer;
  private final int batchSize;
  private final Set<String> warnings = new LinkedHashSet<>();

  /** Takes the explainer over. */
  ExplainedMaps(Explainer explainer, int batchSize) {
    this.explainer = explainer;
    this.batchSize = batchSize;
  }

  @Override
  public Tensor of(Tensor inputs, int[] classes) {
    List<Tensor> kept = new ArrayList<>();
    try {
      for (int from = 0; from < classes.length; from += batchSize) {
        int to = Math.min(classes.length, from + batchSize);
        try (PointerScope scope = new PointerScope();
            Attribution found =
                explainer.explain(
                    List.of(inputs.narrow(0, from, to - from)),
                    Target.classes(Arrays.copyOfRange(classes, from, to)),
                    AttributionOptions.defaults())) {
          warnings.addAll(found.warnings());
          if (found.relevance() == null) {
            throw new ShapeException(
                "the input is no floating tensor, so that it has no relevance");
          }
          kept.add(Natives.keep(found.relevance().clone()));
        }
      }
      TensorVector parts = new TensorVector();
      kept.forEach(parts::push_back);
      return torch.cat(parts, 0);
    } finally {
      kept.forEach(Natives::release);
    }
  }

  /** What was unusual so far. */
  Set<String> warnings() {
    warnings.addAll(explainer.notes());
    return warnings;
  }

  @Override
  public void close() {
    explainer.close();
  }
}
