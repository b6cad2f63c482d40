/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.metrics;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.GeneratorOptional;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.zennit4j.attribution.Segments;
import org.zennit4j.bindings.ShapeException;
import org.zennit4j.registry.Argument;
import org.zennit4j.registry.Argument.Kind;
import org.zennit4j.registry.Entry;

/**
 * Infidelity: the mean over perturbations d of (sum d * map - (f(x) - f(x - d)))², which is zero
 * for the gradient of a linear model.
 *
 * <p>C. Yeh et al., On the (in)fidelity and sensitivity of explanations, 2019; as Captum, which
 * leaves the perturbations to the caller ({@code perturbations}). Quantus sets patches to black one
 * after the other, all of them staying black ({@code kind} quantus).
 *
 * @param kind how perturbations are made, where none are given
 * @param count how many
 * @param patch the side of a square
 * @param deviation of Gaussian noise
 * @param baseline what a square is set to
 * @param normalize whether the map is scaled first so that it fits best, as Captum's {@code
 *     normalize}
 * @param score what is measured
 * @param perturbations given ones, at most one tensor of shape (perturbations, n, ...); belong to
 *     the caller
 * @param batchSize how many changed inputs run at once
 * @param seed of the perturbations
 */
public record Infidelity(
    Perturbation kind,
    int count,
    int patch,
    double deviation,
    Fill baseline,
    boolean normalize,
    Score score,
    List<Tensor> perturbations,
    int batchSize,
    long seed)
    implements Metric {
  private static final String NAME = "infidelity";

  /** How an input is changed. */
  public enum Perturbation {
    /** A square at a random place is set to the baseline. */
    SQUARE,
    /** Gaussian noise is taken off. */
    GAUSSIAN,
    /** Patches in reading order are set to the baseline and stay so: Quantus's. */
    QUANTUS
  }

  /**
   * Copies the list.
   *
   * @param kind {@link #kind()}
   * @param count {@link #count()}
   * @param patch {@link #patch()}
   * @param deviation {@link #deviation()}
   * @param baseline {@link #baseline()}
   * @param normalize {@link #normalize()}
   * @param score {@link #score()}
   * @param perturbations {@link #perturbations()}
   * @param batchSize {@link #batchSize()}
   * @param seed {@link #seed()}
   */
  public Infidelity {
    perturbations = List.copyOf(perturbations);
  }

  /**
   * The metric with given perturbations.
   *
   * @param values of shape (perturbations, n, ...); belong to the caller
   * @param normalized as {@link #normalize()}
   * @return the metric
   */
  public static Infidelity of(Tensor values, boolean normalized) {
    Infidelity plain = Arguments.standard(entry(), Infidelity.class);
    return new Infidelity(
        plain.kind,
        plain.count,
        plain.patch,
        plain.deviation,
        plain.baseline,
        normalized,
        plain.score,
        List.of(values),
        plain.batchSize,
        plain.seed);
  }

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public Map<String, Object> arguments() {
    Arguments arguments =
        new Arguments()
            .with("kind", kind)
            .with("count", count)
            .with("patch", patch)
            .with("deviation", deviation)
            .with("baseline", baseline.argument())
            .with("normalize", normalize)
            .with("score", score)
            .with("batch_size", batchSize)
            .with("seed", seed);
    return perturbations.isEmpty()
        ? arguments.map()
        : arguments.with("perturbations", perturbations).map();
  }

  @Override
  public Direction direction() {
    return Direction.LOWER;
  }

  @Override
  public Result evaluate(Subject subject) {
    int n = subject.size();
    double[][] products = new double[n][];
    double[][] drops = new double[n][];
    try (PointerScope scope = new PointerScope()) {
      Tensor x = subject.inputs().detach();
      Tensor classes = subject.classTensor();
      Tensor map = subject.spreadMaps();
      double[] clean = Numbers.doubles(score.of(subject.scorer().score(x), classes));
      GeneratorOptional generator = Numbers.generator(seed);
      Tensor base = baseline.values(x, seed);
      int total = total(x);
      for (int i = 0; i < n; i++) {
        products[i] = new double[total];
        drops[i] = new double[total];
      }
      int each = Math.max(1, batchSize / n);
      for (int from = 0; from < total; from += each) {
        int now = Math.min(each, total - from);
        try (PointerScope inner = new PointerScope()) {
          TensorVector made = new TensorVector(now);
          for (int k = 0; k < now; k++) {
            made.put(k, perturbation(from + k, x, base, generator));
          }
          Tensor d = torch.stack(made, 0);
          Tensor rows = x.unsqueeze(0).sub(d).reshape(rowShape(x, now));
          Tensor wanted = classes.repeat(now);
          double[] scores = Numbers.doubles(score.of(subject.scorer().score(rows), wanted));
          double[] sums =
              Numbers.doubles(
                  d.to(ScalarType.Double)
                      .mul(map.unsqueeze(0).to(ScalarType.Double))
                      .reshape(now, n, -1)
                      .sum(2));
          for (int k = 0; k < now; k++) {
            for (int i = 0; i < n; i++) {
              products[i][from + k] = sums[k * n + i];
              drops[i][from + k] = clean[i] - scores[k * n + i];
            }
          }
        }
      }
    }
    double[] values = new double[n];
    for (int i = 0; i < n; i++) {
      double scale = normalize ? scale(products[i], drops[i]) : 1;
      for (int k = 0; k < products[i].length; k++) {
        double gap = scale * products[i][k] - drops[i][k];
        values[i] += gap * gap / products[i].length;
      }
    }
    return Result.of(values);
  }

  private static long[] rowShape(Tensor x, int times) {
    long[] shape = x.shape();
    shape[0] *= times;
    return shape;
  }

  /** The factor that makes the infidelity least. */
  private static double scale(double[] products, double[] drops) {
    double above = 0;
    double below = 0;
    for (int k = 0; k < products.length; k++) {
      above += products[k] * drops[k];
      below += products[k] * products[k];
    }
    return below == 0 ? 1 : above / below;
  }

  private int total(Tensor x) {
    if (!perturbations.isEmpty()) {
      Tensor given = perturbations.get(0);
      long[] shape = given.shape();
      if (shape.length != x.dim() + 1
          || !Arrays.equals(Arrays.copyOfRange(shape, 1, shape.length), x.shape())) {
        throw new ShapeException(
            "infidelity: perturbations of shape "
                + Arrays.toString(shape)
                + " for inputs of shape "
                + Arrays.toString(x.shape())
                + "; they have one axis more in front");
      }
      return (int) shape[0];
    }
    if (kind != Perturbation.QUANTUS) {
      return count;
    }
    int patches = 1;
    for (long side : space(x)) {
      patches *= (int) ((side + patch - 1) / patch);
    }
    return patches;
  }

  private static long[] space(Tensor x) {
    return Arrays.copyOfRange(x.shape(), x.dim() > 2 ? 2 : 1, (int) x.dim());
  }

  private Tensor perturbation(int index, Tensor x, Tensor base, GeneratorOptional generator) {
    if (!perturbations.isEmpty()) {
      return perturbations.get(0).select(0, index).to(x.device(), x.scalar_type());
    }
    if (kind == Perturbation.GAUSSIAN) {
      return Numbers.normal(x, x.shape(), deviation, generator);
    }
    Tensor changed = kind == Perturbation.QUANTUS ? first(index + 1, x) : square(x, generator);
    return x.sub(base).mul(changed.to(x.scalar_type()));
  }

  /** The first patches in reading order. */
  private Tensor first(int patches, Tensor x) {
    Tensor grid = Segments.grid(space(x), patch).to(x.device(), ScalarType.Long);
    return grid.lt(new Scalar(patches)).expand(x.shape());
  }

  /** One square for each sample. */
  private Tensor square(Tensor x, GeneratorOptional generator) {
    long[] space = space(x);
    int n = (int) x.size(0);
    List<Tensor> inside = new ArrayList<>();
    for (int axis = 0; axis < space.length; axis++) {
      long most = Math.max(1, space[axis] - patch + 1);
      Tensor start =
          Numbers.uniform(x, new long[] {n}, 0, (double) most, generator)
              .floor()
              .clamp_max(new Scalar(most - 1));
      long[] column = LongStream.range(0, x.dim()).map(a -> 1).toArray();
      column[0] = n;
      long[] row = LongStream.range(0, x.dim()).map(a -> 1).toArray();
      row[(int) x.dim() - space.length + axis] = space[axis];
      Tensor from = start.view(column);
      Tensor at = torch.arange(new Scalar(space[axis])).to(x.device(), x.scalar_type()).view(row);
      inside.add(at.ge(from).logical_and(at.lt(from.add(new Scalar(patch)))));
    }
    Tensor all = inside.get(0);
    for (Tensor next : inside.subList(1, inside.size())) {
      all = all.logical_and(next);
    }
    return all.expand(x.shape());
  }

  static Entry<Metric> entry() {
    return Entry.of(
        NAME,
        Infidelity.class,
        "squared gap between what the map foretells of a change and what the score does",
        v ->
            new Infidelity(
                v.choice("kind", Perturbation.class),
                v.whole("count"),
                v.whole("patch"),
                v.number("deviation"),
                Fill.of(v.get("baseline", Object.class)),
                v.flag("normalize"),
                v.choice("score", Score.class),
                v.has("perturbations") && v.get("perturbations", Object.class) != null
                    ? v.list("perturbations", Tensor.class)
                    : List.of(),
                v.whole("batch_size"),
                v.get("seed", Long.class)),
        Arguments.choice("kind", Perturbation.SQUARE),
        Argument.of("count", Kind.COUNT, 50),
        Arguments.PATCH,
        Argument.of("deviation", Kind.NUMBER, 0.1),
        Arguments.baseline("black"),
        Argument.of("normalize", Kind.FLAG, false),
        Arguments.choice("score", Score.LOGIT),
        Argument.of("perturbations", Kind.ARRAYS, null),
        Arguments.BATCH_SIZE,
        Arguments.SEED);
  }
}
