/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.JitModule;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.zennit4j.attribution.Attribution;
import org.zennit4j.attribution.Gradient;
import org.zennit4j.attribution.Segments;
import org.zennit4j.attribution.Target;
import org.zennit4j.bindings.ShapeException;
import org.zennit4j.bindings.Zennit4jException;
import org.zennit4j.composites.Plan;
import org.zennit4j.model.ScriptModel;
import org.zennit4j.testing.ModelBuilder;
import org.zennit4j.testing.NativeLeaks;

/** Metrics against textbook loops and values found by hand. */
@ExtendWith(NativeLeaks.class)
class MetricTests {
  @BeforeEach
  void seed() {
    torch.manual_seed(7);
  }

  private static final double[] WEIGHTS = {1, -2, 3, 4};

  /** f = x0 - 2 x1 + 3 x2 + 4 x3, and a second class that is always 0. */
  private static final Scorer LINEAR =
      x -> {
        Tensor w = Tensor.create(WEIGHTS, 4, 1).to(x.scalar_type());
        Tensor f = x.reshape(x.size(0), 4).matmul(w);
        return torch.cat(new org.bytedeco.pytorch.TensorVector(f, torch.zeros_like(f)), 1);
      };

  private static Metric metric(String name, Object... arguments) {
    Map<String, Object> given = new java.util.HashMap<>();
    for (int i = 0; i < arguments.length; i += 2) {
      given.put((String) arguments[i], arguments[i + 1]);
    }
    return Metrics.registry().get(name).create(given);
  }

  private static Subject linear() {
    Tensor x = torch.ones(1, 4).to(ScalarType.Double);
    return Subject.of(LINEAR, x, new int[] {0}, Tensor.create(WEIGHTS, 1, 4));
  }

  private static Metric flipping(String order) {
    return metric(
        "pixel_flipping",
        "unit",
        "pixel",
        "step",
        1,
        "baseline",
        0.0,
        "score",
        "logit",
        "order",
        order);
  }

  @Test
  void aLinearModelIsFlippedByHand() {
    Result most = flipping("most_relevant_first").evaluate(linear());
    assertThat(most.curves().get(0).values()[0]).containsExactly(6, 2, -1, -2, 0);
    assertThat(most.curves().get(0).positions()).containsExactly(0, .25, .5, .75, 1);
    assertThat(most.values()).containsExactly(0.5);
    Result least = flipping("least_relevant_first").evaluate(linear());
    assertThat(least.curves().get(0).values()[0]).containsExactly(6, 8, 7, 4, 0);
    assertThat(least.values()).containsExactly(5.5);
    Result both = flipping("difference").evaluate(linear());
    assertThat(both.values()).containsExactly(5.0);
    assertThat(both.curves()).hasSize(2);
    // Quantus leaves the first point out, with steps of one: (8 + 7) / 2 + (7 + 4) / 2 + (4 + 0) /
    // 2.
    Metric quantus =
        metric(
            "pixel_flipping",
            "unit",
            "pixel",
            "step",
            1,
            "baseline",
            0.0,
            "score",
            "logit",
            "order",
            "least_relevant_first",
            "auc",
            "quantus");
    assertThat(quantus.evaluate(linear()).values()).containsExactly(15.0);
    assertThat(flipping("most_relevant_first").direction()).isEqualTo(Direction.LOWER);
    assertThat(flipping("difference").direction()).isEqualTo(Direction.HIGHER);
  }

  @Test
  void equalRelevanceGoesByAscendingIndexBothWays() {
    Subject equal = linear().withMaps(Tensor.create(new double[] {1, 1, 1, 1}, 1, 4));
    for (String order : List.of("most_relevant_first", "least_relevant_first")) {
      assertThat(flipping(order).evaluate(equal).curves().get(0).values()[0])
          .containsExactly(6, 5, 7, 4, 0);
    }
  }

  /** Pictures whose score is the sum of a weighted picture, and 49 patches. */
  @Test
  void patchesOfAPictureAgreeWithALoop() {
    int n = 5;
    Tensor x = torch.rand(n, 2, 9, 7).to(ScalarType.Double);
    Tensor w = torch.randn(1, 2, 9, 7).to(ScalarType.Double);
    Tensor map = torch.randn(n, 2, 9, 7).to(ScalarType.Double);
    Scorer scorer =
        rows -> {
          Tensor f = rows.mul(w).reshape(rows.size(0), -1).sum(1).unsqueeze(1);
          return torch.cat(new org.bytedeco.pytorch.TensorVector(f, f.neg()), 1);
        };
    int[] classes = {0, 1, 0, 1, 0};
    Subject subject = Subject.of(scorer, x, classes, map);
    int patch = 4;
    for (int batch : new int[] {1, 7, 1000}) {
      Metric metric =
          metric(
              "pixel_flipping",
              "patch",
              patch,
              "step",
              1,
              "baseline",
              "black",
              "score",
              "logit",
              "batch_size",
              batch);
      double[][] found = metric.evaluate(subject).curves().get(0).values();
      for (int i = 0; i < n; i++) {
        // 3 x 2 patches in reading order.
        double[] sums = new double[6];
        for (int p = 0; p < 6; p++) {
          sums[p] = cut(map.select(0, i), p).sum().item_double();
        }
        Integer[] order = {0, 1, 2, 3, 4, 5};
        Arrays.sort(order, (a, b) -> Double.compare(sums[b], sums[a]));
        Tensor changed = x.narrow(0, i, 1).clone();
        double low = changed.min().item_double();
        for (int k = 0; k <= 6; k++) {
          double score = scorer.score(changed).select(1, classes[i]).item_double();
          assertThat(found[i][k]).isCloseTo(score, within(1e-12));
          if (k < 6) {
            cut(changed.select(0, 0), order[k]).fill_(new Scalar(low));
          }
        }
      }
    }
  }

  private static Tensor cut(Tensor picture, int p) {
    int y = p / 2 * 4;
    int x = p % 2 * 4;
    return picture.narrow(1, y, Math.min(4, 9 - y)).narrow(2, x, Math.min(4, 7 - x));
  }

  @Test
  void insertionIsDeletionBackwards() {
    Subject subject = linear();
    double[] insertion =
        metric("insertion", "step", 1, "baseline", 0.0, "score", "logit")
            .evaluate(subject)
            .curves()
            .get(0)
            .values()[0];
    assertThat(insertion).containsExactly(0, 4, 7, 8, 6);
    double[] deletion =
        metric("deletion", "step", 1, "score", "logit")
            .evaluate(subject)
            .curves()
            .get(0)
            .values()[0];
    assertThat(deletion).containsExactly(6, 2, -1, -2, 0);
  }

  @Test
  void theGradientOfALinearModelIsFaithful() {
    Subject subject = linear();
    for (String kind : List.of("square", "gaussian", "quantus")) {
      Metric infidelity = metric("infidelity", "kind", kind, "patch", 1, "baseline", 0.0);
      assertThat(infidelity.evaluate(subject).values()[0]).isCloseTo(0, within(1e-20));
    }
    Subject wrong = subject.withMaps(torch.ones(1, 4).to(ScalarType.Double));
    // One of the four weights goes at a time: gaps 0, 3, -2, -3; those of all first ones 0, 3, 1,
    // -2.
    double quantus =
        metric("infidelity", "kind", "quantus", "patch", 1, "baseline", 0.0)
            .evaluate(wrong)
            .values()[0];
    assertThat(quantus).isCloseTo((0 + 9 + 1 + 4) / 4.0, within(1e-12));
    Subject scaled = subject.withMaps(Tensor.create(WEIGHTS, 1, 4).mul(new Scalar(7)));
    assertThat(metric("infidelity", "normalize", true, "patch", 1).evaluate(scaled).values()[0])
        .isCloseTo(0, within(1e-20));
    assertThat(metric("sensitivity_n", "n", 2).evaluate(subject).values()[0])
        .isCloseTo(1, within(1e-12));
    assertThat(metric("completeness").evaluate(subject).values()[0]).isCloseTo(0, within(1e-12));
    assertThat(metric("completeness").evaluate(wrong).values()[0]).isCloseTo(2, within(1e-12));
  }

  @Test
  void seedsGiveTheSameNumbersAgain() {
    for (String name : List.of("infidelity", "sensitivity_n")) {
      Subject wrong = linear().withMaps(Tensor.create(new double[] {1, 2, 3, 4}, 1, 4));
      double[] first =
          metric(name, "seed", 3L, "patch", 1, "baseline", 0.0).evaluate(wrong).values();
      assertThat(
              metric(name, "seed", 3L, "batch_size", 3, "patch", 1, "baseline", 0.0)
                  .evaluate(wrong)
                  .values())
          .isEqualTo(first);
      assertThat(metric(name, "seed", 4L, "patch", 1, "baseline", 0.0).evaluate(wrong).values())
          .isNotEqualTo(first);
    }
  }

  @Test
  void sparseAndComplexMaps() {
    Subject one = linear().withMaps(Tensor.create(new double[] {0, 0, -5, 0}, 1, 4));
    Subject equal = linear().withMaps(Tensor.create(new double[] {2, -2, 2, 2}, 1, 4));
    assertThat(metric("sparseness").evaluate(one).values()[0]).isCloseTo(.75, within(1e-12));
    assertThat(metric("sparseness").evaluate(equal).values()[0]).isCloseTo(0, within(1e-12));
    assertThat(metric("complexity").evaluate(one).values()[0]).isZero();
    assertThat(metric("complexity").evaluate(equal).values()[0])
        .isCloseTo(Math.log(4), within(1e-12));
    assertThat(metric("effective_complexity", "quantus", true).evaluate(one).values()[0])
        .isEqualTo(1);
    // Weight 4 alone gives 4 of 6, 3 and 4 give 7: probabilities of .982, .9991 and .9975.
    assertThat(
            metric("effective_complexity", "unit", "pixel", "tolerance", 0.01, "baseline", 0.0)
                .evaluate(linear())
                .values()[0])
        .isEqualTo(2);
    Subject nothing = linear().withMaps(torch.zeros(1, 4));
    assertThat(metric("sparseness").evaluate(nothing).values()[0]).isNaN();
    assertThat(metric("complexity").evaluate(nothing).values()[0]).isNaN();
  }

  @Test
  void localisationAgainstAMask() {
    Tensor x = torch.ones(3, 1, 2, 3).to(ScalarType.Double);
    Tensor map =
        Tensor.create(
            new double[] {5, 1, 0, -2, 3, 1, 5, 1, 0, -2, 3, 1, 5, 1, 0, -2, 3, 1}, 3, 1, 2, 3);
    Tensor masks =
        Tensor.create(new double[] {1, 0, 0, 1, 0, 0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0}, 3, 2, 3);
    Subject subject = Subject.of(LINEAR, x, new int[] {0, 0, 0}, map).withMasks(masks);
    assertThat(metric("pointing_game").evaluate(subject).values())
        .containsExactly(1, 0, Double.NaN);
    assertThat(metric("pointing_game", "tolerance", 1).evaluate(subject).values()[1]).isEqualTo(1);
    assertThat(metric("relevance_mass").evaluate(subject).values())
        .containsExactly(.5, .4, Double.NaN);
    assertThat(metric("relevance_mass", "pooling", "signed").evaluate(subject).values())
        .containsExactly(3 / 8.0, .5, Double.NaN);
    assertThat(metric("relevance_rank").evaluate(subject).values())
        .containsExactly(.5, .5, Double.NaN);
    assertThatThrownBy(() -> metric("relevance_mass").evaluate(linear()))
        .isInstanceOf(Zennit4jException.class)
        .hasMessageContaining("relevance_mass")
        .hasMessageContaining("masks");
  }

  @Test
  void noisyLinearImputationSolvesItsEquations() {
    Tensor x = torch.rand(2, 3, 12, 10).to(ScalarType.Double);
    Tensor removed = torch.rand(2, 1, 12, 10).lt(new Scalar(0.6));
    Tensor filled = Fill.imputed(x, removed, Numbers.generator(1));
    double[] v = Numbers.doubles(filled);
    double[] old = Numbers.doubles(x);
    double[] gone = Numbers.doubles(removed.to(ScalarType.Double));
    double worst = 0;
    for (int row = 0; row < 6; row++) {
      for (int i = 0; i < 12; i++) {
        for (int j = 0; j < 10; j++) {
          int at = row * 120 + i * 10 + j;
          if (gone[row / 3 * 120 + i * 10 + j] == 0) {
            assertThat(v[at]).isEqualTo(old[at]);
            continue;
          }
          double sum = 0;
          double weights = 0;
          for (int a = -1; a <= 1; a++) {
            for (int b = -1; b <= 1; b++) {
              boolean inside = i + a >= 0 && i + a < 12 && j + b >= 0 && j + b < 10;
              if (inside && (a != 0 || b != 0)) {
                double w = a == 0 || b == 0 ? 1 / 6.0 : 1 / 12.0;
                sum += w * v[at + a * 10 + b];
                weights += w;
              }
            }
          }
          worst = Math.max(worst, Math.abs(sum / weights - v[at]));
        }
      }
    }
    // But for the noise of 0.01.
    assertThat(worst).isBetween(1e-4, 0.06);
    Tensor all = Fill.imputed(x, torch.ones_like(removed), Numbers.generator(1));
    assertThat(all.isfinite().all().item_bool()).isTrue();
  }

  @Test
  void baselines() {
    Tensor x = Tensor.create(new double[] {0, 1, 2, 3, 10, 20, 30, 40}, 1, 2, 2, 2);
    assertThat(Numbers.doubles(Fill.of("black").values(x, 0))).containsOnly(0);
    assertThat(Numbers.doubles(Fill.of("white").values(x, 0))).containsOnly(40);
    assertThat(Numbers.doubles(Fill.of("mean").values(x, 0))).containsOnly(13.25);
    assertThat(Numbers.doubles(Fill.of("channel_mean").values(x, 0)))
        .containsExactly(1.5, 1.5, 1.5, 1.5, 25, 25, 25, 25);
    assertThat(Numbers.doubles(Fill.of(7).values(x, 0))).containsOnly(7);
    assertThat(Arrays.stream(Numbers.doubles(Fill.of("uniform").values(x, 0))))
        .allMatch(v -> v >= 0 && v <= 40);
    assertThat(Numbers.doubles(Fill.of("uniform").values(x, 0)))
        .isEqualTo(Numbers.doubles(Fill.of("uniform").values(x, 0)))
        .isNotEqualTo(Numbers.doubles(Fill.of("uniform").values(x, 1)));
    double[] flat = Numbers.doubles(Fill.of("blur").values(torch.full_like(x, new Scalar(3)), 0));
    for (double v : flat) {
      assertThat(v).isCloseTo(3, within(1e-12));
    }
    assertThatThrownBy(() -> Fill.of("blck"))
        .hasMessageContaining("black, white")
        .hasMessageContaining("blck");
  }

  @Test
  void segmentsHangTogetherAndFollowColours() {
    Tensor x = torch.zeros(1, 1, 12, 12).to(ScalarType.Double);
    x.narrow(3, 6, 6).fill_(new Scalar(1));
    double[] found = Numbers.doubles(Segments.slic(x, 9, 10));
    for (int i = 0; i < 12; i++) {
      assertThat(found[i * 12 + 5]).isNotEqualTo(found[i * 12 + 6]);
    }
    double most = Arrays.stream(found).max().orElseThrow();
    assertThat(Arrays.stream(found).distinct().count()).isEqualTo((long) most + 1);
    Result irof =
        metric("irof", "segments", 9)
            .evaluate(
                Subject.of(
                    rows -> {
                      Tensor f = rows.reshape(rows.size(0), -1).sum(1).unsqueeze(1);
                      return torch.cat(
                          new org.bytedeco.pytorch.TensorVector(f, torch.zeros_like(f)), 1);
                    },
                    x,
                    new int[] {0},
                    x));
    assertThat(irof.values()[0]).isBetween(0.0, 1.0);
  }

  @Test
  void rankCorrelationAndStructuralSimilarity() {
    double[] a = {1, 2, 3, 4, 5};
    assertThat(Similarity.spearman(a, new double[] {1, 4, 9, 16, 25})).isCloseTo(1, within(1e-12));
    // scipy.stats.spearmanr([1, 2, 2, 4, 5], [5, 6, 7, 8, 7]) = 0.7631578947368421
    assertThat(Similarity.spearman(new double[] {1, 2, 2, 4, 5}, new double[] {5, 6, 7, 8, 7}))
        .isCloseTo(0.7631578947368421, within(1e-12));
    assertThat(Similarity.spearman(a, new double[5])).isNaN();
    assertThat(Similarity.topIntersection(a, new double[] {9, 0, 0, 1, 8}, 2)).isEqualTo(.5);
    Tensor picture = torch.randn(16, 16).to(ScalarType.Double);
    assertThat(Similarity.ssim(picture, picture.mul(new Scalar(3)))).isCloseTo(1, within(1e-12));
    assertThat(Similarity.ssim(picture, torch.randn(16, 16).to(ScalarType.Double))).isLessThan(.5);
    assertThatThrownBy(() -> Similarity.ssim(picture, torch.ones(3, 3)))
        .isInstanceOf(ShapeException.class);
  }

  /** The gradient of a small network, of any model. */
  private static final Method GRADIENT =
      model -> {
        Plan plan = Plan.gradient(model);
        Gradient gradient = new Gradient(plan);
        return new Maps() {
          @Override
          public Tensor of(Tensor inputs, int[] classes) {
            try (Attribution found = gradient.attribute(inputs, Target.classes(classes))) {
              return found.relevance().clone();
            }
          }

          @Override
          public void close() {
            gradient.close();
            plan.close();
          }
        };
      };

  private static ScriptModel network() {
    ModelBuilder b = new ModelBuilder(ScalarType.Double, 3);
    JitModule net =
        b.sequential(
            b.conv(2, 1, 4, 3, ModelBuilder.Conv.PLAIN),
            b.relu(),
            b.flatten(),
            b.linear(4 * 36, 10),
            b.relu(),
            b.linear(10, 3));
    return ScriptModel.of(net);
  }

  @Test
  void mapsThatNeedTheirNetworkChangeWithIt() {
    try (ScriptModel model = network();
        Maps maps = GRADIENT.on(model)) {
      Tensor x = torch.rand(4, 1, 8, 8).to(ScalarType.Double);
      int[] classes = {0, 1, 2, 0};
      Tensor map = maps.of(x, classes);
      Subject subject =
          Subject.of(Scorer.of(model), x, classes, map)
              .withExplainer(maps)
              .withMethod(model, GRADIENT);
      for (String order : List.of("cascading", "independent")) {
        for (String how : List.of("shuffle", "normal")) {
          Result result =
              metric("parameter_randomization", "order", order, "how", how).evaluate(subject);
          assertThat(result.curves().get(0).positions()).hasSize(4);
          assertThat(Arrays.stream(result.values())).allMatch(v -> Math.abs(v) < .9);
        }
      }
      // A map of the input alone does not change.
      Method blind =
          other ->
              new Maps() {
                @Override
                public Tensor of(Tensor inputs, int[] all) {
                  return inputs.clone();
                }
              };
      for (String similarity : List.of("spearman", "ssim")) {
        assertThat(
                Arrays.stream(
                    metric("parameter_randomization", "similarity", similarity)
                        .evaluate(subject.withMaps(x).withMethod(model, blind))
                        .values()))
            .allMatch(v -> Math.abs(v - 1) < 1e-9);
      }
      double[] sensitivity = metric("max_sensitivity").evaluate(subject).values();
      assertThat(Arrays.stream(sensitivity)).allMatch(v -> v >= 0 && v < 2);
      Tensor noise = torch.zeros(2, 4, 1, 8, 8).to(ScalarType.Double);
      assertThat(
              metric("max_sensitivity", "perturbations", List.of(noise)).evaluate(subject).values())
          .containsOnly(0);
      // The model is as it was.
      assertThat(maps.of(x, classes).equal(map)).isTrue();
    }
  }

  @Test
  void everyMetricIsMadeOfItsOwnArguments() {
    for (String name : Metrics.registry().names()) {
      Metric metric = Metrics.registry().get(name).create(Map.of());
      assertThat(metric.name()).isEqualTo(name);
      assertThat(Metrics.registry().get(name).create(metric.arguments())).isEqualTo(metric);
    }
    assertThatThrownBy(() -> metric("pixel_flipping", "unit", "pixle"))
        .hasMessageContaining("unit must be one of element, pixel, patch, segment");
    assertThatThrownBy(() -> Metrics.registry().get("pixel_fliping"))
        .hasMessageContaining("pixel_flipping");
  }

  @Test
  void mediansAndTheirIntervals() {
    assertThat(Bootstrap.median(3, 1, 2)).isEqualTo(2);
    assertThat(Bootstrap.median(4, 1, 2, 3, Double.NaN)).isEqualTo(2.5);
    assertThat(Bootstrap.median()).isNaN();
    double[] values = new double[101];
    for (int i = 0; i < values.length; i++) {
      values[i] = i;
    }
    Bootstrap.Interval interval = Bootstrap.interval(values, .95, 1000, 1);
    assertThat(interval.low()).isBetween(30.0, 45.0);
    assertThat(interval.high()).isBetween(55.0, 70.0);
    assertThat(Bootstrap.interval(values, .95, 1000, 1)).isEqualTo(interval);
  }

  @Test
  void shapesThatDoNotFitAreRefused() {
    Tensor x = torch.ones(2, 3, 4, 4);
    assertThatThrownBy(() -> Subject.of(LINEAR, x, new int[] {0, 0}, torch.ones(2, 2, 4, 4)))
        .isInstanceOf(ShapeException.class)
        .hasMessageContaining("[2, 2, 4, 4]");
    assertThatThrownBy(() -> Subject.of(LINEAR, x, new int[] {0}, x))
        .hasMessageContaining("1 classes for 2 samples");
  }
}
