/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.metrics;

import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.GeneratorOptional;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.zennit4j.bindings.ShapeException;
import org.zennit4j.registry.Argument;
import org.zennit4j.registry.Argument.Kind;
import org.zennit4j.registry.Entry;

/**
 * Sensitivity-n: the correlation, over random sets of n features, of the sum of their relevance
 * with the fall of the score when they are taken away.
 *
 * <p>M. Ancona et al., Towards better understanding of gradient-based attribution methods, 2018.
 * Quantus walks through the features in the order of relevance and correlates falls of one step
 * instead of random sets.
 *
 * @param n the size of the sets, in units; 0 for a tenth of all
 * @param samples how many sets
 * @param unit what is taken away at once
 * @param patch the side of a patch
 * @param baseline what it gets; the paper's is zero
 * @param score what is measured
 * @param batchSize how many changed inputs run at once
 * @param seed of the sets
 */
public record SensitivityN(
    int n, int samples, Unit unit, int patch, Fill baseline, Score score, int batchSize, long seed)
    implements Metric {
  private static final String NAME = "sensitivity_n";

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public Map<String, Object> arguments() {
    return new Arguments()
        .with("n", n)
        .with("samples", samples)
        .with("unit", unit)
        .with("patch", patch)
        .with("baseline", baseline.argument())
        .with("score", score)
        .with("batch_size", batchSize)
        .with("seed", seed)
        .map();
  }

  @Override
  public Direction direction() {
    return Direction.HIGHER;
  }

  @Override
  public Result evaluate(Subject subject) {
    int count = subject.size();
    double[][] sums = new double[count][samples];
    double[][] drops = new double[count][samples];
    try (PointerScope scope = new PointerScope()) {
      Tensor x = subject.inputs().detach();
      Tensor classes = subject.classTensor();
      Features features = Features.of(unit, patch, subject);
      int groups = features.most();
      int size = n == 0 ? Math.max(1, groups / 10) : n;
      if (size > groups) {
        throw new ShapeException(
            "sensitivity_n: sets of " + size + " units, but there are " + groups);
      }
      Tensor relevance = features.scores().nan_to_num();
      double[] clean = Numbers.doubles(score.of(subject.scorer().score(x), classes));
      Tensor base = baseline.values(x, seed);
      GeneratorOptional generator = Numbers.generator(seed);
      int each = Math.max(1, batchSize / count);
      for (int from = 0; from < samples; from += each) {
        int now = Math.min(each, samples - from);
        try (PointerScope inner = new PointerScope()) {
          Tensor keys =
              Numbers.uniform(relevance, new long[] {(long) now * count, groups}, 0, 1, generator);
          Tensor chosen = Features.places(torch.argsort(keys, true, 1, false)).lt(new Scalar(size));
          Tensor removed = features.shaped(features.ofRepeatedGroups(chosen, now));
          long[] shape = x.shape();
          shape[0] *= now;
          Tensor rows = x.repeat(repeats(x, now)).reshape(shape);
          Tensor changed =
              baseline.dependsOnRest()
                  ? Fill.imputed(rows, removed, generator)
                  : torch.where(removed, base.repeat(repeats(x, now)), rows);
          Tensor wanted = classes.repeat(now);
          double[] scores = Numbers.doubles(score.of(subject.scorer().score(changed), wanted));
          double[] parts =
              Numbers.doubles(
                  chosen.to(relevance.scalar_type()).mul(relevance.repeat(now, 1)).sum(1));
          for (int k = 0; k < now; k++) {
            for (int i = 0; i < count; i++) {
              sums[i][from + k] = parts[k * count + i];
              drops[i][from + k] = clean[i] - scores[k * count + i];
            }
          }
        }
      }
    }
    double[] values = new double[count];
    for (int i = 0; i < count; i++) {
      values[i] = Similarity.pearson(sums[i], drops[i]);
    }
    return Result.of(values);
  }

  private static long[] repeats(Tensor x, int times) {
    long[] repeats = new long[(int) x.dim()];
    java.util.Arrays.fill(repeats, 1);
    repeats[0] = times;
    return repeats;
  }

  static Entry<Metric> entry() {
    return Entry.of(
        NAME,
        SensitivityN.class,
        "correlation of the relevance of random sets with the fall of the score without them",
        v ->
            new SensitivityN(
                v.whole("n"),
                v.whole("samples"),
                v.choice("unit", Unit.class),
                v.whole("patch"),
                Fill.of(v.get("baseline", Object.class)),
                v.choice("score", Score.class),
                v.whole("batch_size"),
                v.get("seed", Long.class)),
        Argument.of("n", Kind.INTEGER, 0),
        Argument.of("samples", Kind.COUNT, 100),
        Arguments.choice("unit", Unit.PIXEL),
        Arguments.PATCH,
        Arguments.baseline(0.0),
        Arguments.choice("score", Score.LOGIT),
        Arguments.BATCH_SIZE,
        Arguments.SEED);
  }
}
