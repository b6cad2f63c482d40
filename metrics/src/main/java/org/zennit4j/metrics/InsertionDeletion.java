/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.metrics;

import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.zennit4j.registry.Argument;
import org.zennit4j.registry.Argument.Kind;
import org.zennit4j.registry.Entry;

/**
 * Deletion and insertion: the probability while the most relevant pixels vanish from the input, or
 * come back into a blurred one. V. Petsiuk et al., RISE, 2018. Quantus has neither.
 *
 * @param insertion whether pixels come back
 * @param unit what is changed at once
 * @param patch the side of a patch
 * @param step how many units go in one step; 0 for 50 steps
 * @param baseline what deleted pixels get, or what an insertion begins with
 * @param score what is measured
 * @param batchSize how many changed inputs run at once
 * @param seed of random baselines
 */
public record InsertionDeletion(
    boolean insertion,
    Unit unit,
    int patch,
    int step,
    Fill baseline,
    Score score,
    int batchSize,
    long seed)
    implements Metric {
  private static final String INSERTION = "insertion";
  private static final String DELETION = "deletion";

  @Override
  public String name() {
    return insertion ? INSERTION : DELETION;
  }

  @Override
  public Map<String, Object> arguments() {
    return new Arguments()
        .with("unit", unit)
        .with("patch", patch)
        .with("step", step)
        .with("baseline", baseline.argument())
        .with("score", score)
        .with("batch_size", batchSize)
        .with("seed", seed)
        .map();
  }

  @Override
  public Direction direction() {
    return insertion ? Direction.HIGHER : Direction.LOWER;
  }

  @Override
  public Result evaluate(Subject subject) {
    try (PointerScope scope = new PointerScope()) {
      Features features = Features.of(unit, patch, subject);
      int steps = PixelFlipping.stepOf(step, features);
      Curve curve =
          new Flipping(subject, features, baseline, score, steps, batchSize, seed)
              .run(name(), false, insertion);
      return Result.of(curve.areas(), curve);
    }
  }

  static Entry<Metric> insertionEntry() {
    return entry(true, INSERTION, "area under the score while the most relevant come back", "blur");
  }

  static Entry<Metric> deletionEntry() {
    return entry(false, DELETION, "area under the score while the most relevant vanish", 0.0);
  }

  private static Entry<Metric> entry(boolean insertion, String name, String text, Object baseline) {
    return Entry.of(
        name,
        InsertionDeletion.class,
        text,
        v ->
            new InsertionDeletion(
                insertion,
                v.choice("unit", Unit.class),
                v.whole("patch"),
                v.whole("step"),
                Fill.of(v.get("baseline", Object.class)),
                v.choice("score", Score.class),
                v.whole("batch_size"),
                v.get("seed", Long.class)),
        Arguments.choice("unit", Unit.PIXEL),
        Arguments.PATCH,
        Argument.of("step", Kind.INTEGER, 0),
        Arguments.baseline(baseline),
        Arguments.choice("score", Score.PROBABILITY),
        Arguments.BATCH_SIZE,
        Arguments.SEED);
  }
}
