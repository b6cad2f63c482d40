/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.datasets;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.JitModule;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.zennit4j.attribution.AttributionOptions;
import org.zennit4j.attribution.Attributor;
import org.zennit4j.attribution.Gradient;
import org.zennit4j.attribution.Target;
import org.zennit4j.composites.Composites;
import org.zennit4j.composites.Plan;
import org.zennit4j.images.ColorOrder;
import org.zennit4j.images.Preprocessing;
import org.zennit4j.model.ScriptModel;
import org.zennit4j.testing.ModelBuilder;

/**
 * Networks for Fashion-MNIST, the bundled one unless another is asked for, and its 200 pictures.
 */
final class Fashion implements AutoCloseable {
  static final Path MODELS = Path.of("..", "examples", "models");
  static final Preparation PREPARATION =
      Preparation.of(Preprocessing.UNIT.withColorOrder(ColorOrder.GREY));

  /** What explains: the bundled network, or one of its shape with random weights. */
  enum Network {
    /** Half as wide, less than half the work. */
    SMALLER(8),
    /** The bundled one: 16, 32 and 48 channels. */
    BUNDLED(16),
    /** Four times as wide, more than four times the work. */
    LARGER(64);

    private final long width;

    Network(long width) {
      this.width = width;
    }

    private ScriptModel open() {
      if (this == BUNDLED) {
        return ScriptModel.load(MODELS.resolve("fashion_cnn.pt"));
      }
      ModelBuilder builder = new ModelBuilder(ScalarType.Float, 7);
      ModelBuilder.Conv padded = ModelBuilder.Conv.PLAIN.withPadding(1);
      List<JitModule> layers = new ArrayList<>();
      long channels = 1;
      for (long out : new long[] {width, 2 * width, 3 * width}) {
        layers.add(builder.conv(2, channels, out, 3, padded));
        layers.add(builder.relu());
        layers.add(builder.maxPool(2, 2, 2));
        channels = out;
      }
      layers.add(builder.flatten());
      layers.add(builder.linear(9 * channels, 10));
      return ScriptModel.of(builder.sequential(layers.toArray(JitModule[]::new)));
    }
  }

  private final ScriptModel model;
  private final Plan plan;
  private final Attributor attributor;

  Fashion() {
    this(Network.BUNDLED);
  }

  Fashion(Network network) {
    model = network.open();
    plan = Plan.of(model, Composites.epsilonPlus());
    attributor = new Gradient(plan);
  }

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
