/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.datasets;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.zennit4j.attribution.AttributionOptions;
import org.zennit4j.attribution.Attributor;
import org.zennit4j.attribution.Gradient;
import org.zennit4j.attribution.Target;
import org.zennit4j.composites.Composites;
import org.zennit4j.composites.Plan;
import org.zennit4j.images.ColorOrder;
import org.zennit4j.images.Preprocessing;
import org.zennit4j.model.ScriptModel;

/** The bundled network for Fashion-MNIST and its 200 pictures. */
final class Fashion implements AutoCloseable {
  static final Path MODELS = Path.of("..", "examples", "models");
  static final Preparation PREPARATION =
      Preparation.of(Preprocessing.UNIT.withColorOrder(ColorOrder.GREY));

  private final ScriptModel model = ScriptModel.load(MODELS.resolve("fashion_cnn.pt"));
  private final Plan plan = Plan.of(model, Composites.epsilonPlus());
  private final Attributor attributor = new Gradient(plan);

  static SampleSource source() {
    return SampleSources.open(MODELS.resolve("fashion_test_200.npz"), SourceOptions.defaults());
  }

  BatchExplainer explainer() {
    return (batch, target) ->
        attributor.attribute(
            List.of(batch), target == null ? Target.top1() : target, AttributionOptions.defaults());
  }

  DatasetRun run(SampleSource source) {
    return DatasetRun.of(source, PREPARATION, explainer())
        .withBatchSize(16)
        .withAbout(Map.of("model", "fashion_cnn", "method", "epsilon_plus"));
  }

  @Override
  public void close() {
    attributor.close();
    plan.close();
    model.close();
  }
}
