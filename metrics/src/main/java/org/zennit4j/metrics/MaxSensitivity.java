/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.metrics;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.GeneratorOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.zennit4j.registry.Argument;
import org.zennit4j.registry.Argument.Kind;
import org.zennit4j.registry.Entry;

/**
 * Max-sensitivity: the largest change of the map, |map(x + d) - map(x)| / |map(x)|, over uniform
 * noise d.
 *
 * <p>C. Yeh et al., 2019; radius 0.02 and 10 draws as in Captum. Quantus takes a radius of 0.2 and
 * 200 draws.
 *
 * @param radius noise is drawn from -radius to radius
 * @param samples how many draws
 * @param perturbations given noise, at most one tensor of shape (draws, n, ...); belongs to the
 *     caller
 * @param seed of the noise
 */
public record MaxSensitivity(double radius, int samples, List<Tensor> perturbations, long seed)
    implements Metric {
  private static final String NAME = "max_sensitivity";

  /**
   * Copies the list.
   *
   * @param radius {@link #radius()}
   * @param samples {@link #samples()}
   * @param perturbations {@link #perturbations()}
   * @param seed {@link #seed()}
   */
  public MaxSensitivity {
    perturbations = List.copyOf(perturbations);
  }

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public Map<String, Object> arguments() {
    Arguments arguments =
        new Arguments().with("radius", radius).with("samples", samples).with("seed", seed);
    return perturbations.isEmpty()
        ? arguments.map()
        : arguments.with("perturbations", perturbations).map();
  }

  @Override
  public Direction direction() {
    return Direction.LOWER;
  }

  @Override
  public Set<Need> needs() {
    return Set.of(Need.EXPLAINER);
  }

  @Override
  public Result evaluate(Subject subject) {
    Maps maps = subject.explainer(NAME);
    int n = subject.size();
    double[] values = new double[n];
    try (PointerScope scope = new PointerScope()) {
      Tensor x = subject.inputs().detach();
      int[] classes = subject.classes();
      Tensor clean = flat(maps.of(x, classes));
      double[] norms = Numbers.doubles(clean.square().sum(1).sqrt());
      GeneratorOptional generator = Numbers.generator(seed);
      int draws = perturbations.isEmpty() ? samples : Math.toIntExact(perturbations.get(0).size(0));
      for (int k = 0; k < draws; k++) {
        try (PointerScope inner = new PointerScope()) {
          Tensor noise =
              perturbations.isEmpty()
                  ? Numbers.uniform(x, x.shape(), -radius, radius, generator)
                  : perturbations.get(0).select(0, k).to(x.device(), x.scalar_type());
          Tensor moved = flat(maps.of(x.add(noise), classes));
          double[] gaps = Numbers.doubles(moved.sub(clean).square().sum(1).sqrt());
          for (int i = 0; i < n; i++) {
            values[i] = Math.max(values[i], gaps[i] / norms[i]);
          }
        }
      }
      for (int i = 0; i < n; i++) {
        values[i] = norms[i] == 0 ? Double.NaN : values[i];
      }
    }
    return Result.of(values);
  }

  private static Tensor flat(Tensor map) {
    return map.detach().to(ScalarType.Double).reshape(map.size(0), -1);
  }

  static Entry<Metric> entry() {
    return Entry.of(
        NAME,
        MaxSensitivity.class,
        "largest relative change of the map under a little noise",
        v ->
            new MaxSensitivity(
                v.number("radius"),
                v.whole("samples"),
                v.get("perturbations", Object.class) == null
                    ? List.of()
                    : v.list("perturbations", Tensor.class),
                v.get("seed", Long.class)),
        Argument.of("radius", Kind.NUMBER, 0.02),
        Argument.of("samples", Kind.COUNT, 10),
        Argument.of("perturbations", Kind.ARRAYS, null),
        Arguments.SEED);
  }

  @Override
  public String toString() {
    return NAME + Arrays.asList(radius, samples, seed);
  }
}
