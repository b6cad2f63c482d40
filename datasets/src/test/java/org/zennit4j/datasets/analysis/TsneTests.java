/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.datasets.analysis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.Comparator;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class TsneTests {
  private static final int GROUP = 40;

  /** Three groups in ten dimensions, one after the other. */
  private static double[][] groups() {
    Random random = new Random(3);
    double[][] points = new double[3 * GROUP][10];
    for (int i = 0; i < points.length; i++) {
      for (int d = 0; d < 10; d++) {
        points[i][d] = random.nextGaussian() + (d == i / GROUP ? 12 : 0);
      }
    }
    return points;
  }

  private static double[][] anywhere(int count) {
    Random random = new Random(9);
    return IntStream.range(0, count)
        .mapToObj(i -> new double[] {random.nextGaussian(), random.nextGaussian()})
        .toArray(double[][]::new);
  }

  private static double[] flat(double[][] plane) {
    return Arrays.stream(plane).flatMapToDouble(Arrays::stream).toArray();
  }

  @Test
  void sharesHaveThePerplexity() {
    Random random = new Random(1);
    double[] squared = random.doubles(50).map(v -> 1e4 * v * v).toArray();
    for (double perplexity : new double[] {1.5, 5, 16, 40}) {
      double[] shares = Tsne.shares(squared, 7, perplexity);
      assertThat(shares[7]).isZero();
      assertThat(Arrays.stream(shares).sum()).isCloseTo(1, within(1e-12));
      double entropy = -Arrays.stream(shares).filter(p -> p > 0).map(p -> p * Math.log(p)).sum();
      assertThat(Math.exp(entropy)).isCloseTo(perplexity, within(1e-4));
      // Of a normal distribution: logarithms fall with squared distances, all at one rate.
      double rate = (Math.log(shares[0]) - Math.log(shares[1])) / (squared[1] - squared[0]);
      assertThat(Math.log(shares[0]) - Math.log(shares[2]))
          .isCloseTo(rate * (squared[2] - squared[0]), within(1e-6));
    }
  }

  @Test
  void theGradientIsTheDivergences() {
    Tsne tsne = Tsne.of(groups(), 20);
    double[] y = flat(anywhere(3 * GROUP));
    double[] gradient = new double[y.length];
    double norm = tsne.gradient(y, 1, gradient);
    assertThat(norm)
        .isCloseTo(Math.sqrt(Arrays.stream(gradient).map(g -> g * g).sum()), within(1e-12));
    double step = 1e-6;
    for (int i = 0; i < y.length; i += 17) {
      double[] more = y.clone();
      more[i] += step;
      double[] less = y.clone();
      less[i] -= step;
      assertThat(gradient[i])
          .isCloseTo((tsne.divergence(more) - tsne.divergence(less)) / (2 * step), within(1e-8));
    }
  }

  @Test
  void groupsStayApartAndTheDivergenceFalls() {
    Tsne tsne = Tsne.of(groups(), 20);
    double[][] start = anywhere(3 * GROUP);
    double[][] plane = tsne.embed(start, 0);
    assertThat(tsne.divergence(flat(plane)))
        .isPositive()
        .isLessThan(0.5 * tsne.divergence(flat(start)));
    for (int i = 0; i < plane.length; i++) {
      double[] one = plane[i];
      int self = i;
      int[] nearest =
          IntStream.range(0, plane.length)
              .filter(j -> j != self)
              .boxed()
              .sorted(
                  Comparator.comparingDouble(
                      j -> Math.hypot(plane[j][0] - one[0], plane[j][1] - one[1])))
              .limit(10)
              .mapToInt(j -> j / GROUP)
              .toArray();
      assertThat(nearest).as("neighbours of %s", i).containsOnly(i / GROUP);
    }
  }

  @Test
  void theSeedDecides() {
    Tsne tsne = Tsne.of(groups(), 20);
    double[][] start = anywhere(3 * GROUP);
    double[] first = flat(tsne.embed(start, 5));
    assertThat(flat(Tsne.of(groups(), 20).embed(start, 5))).containsExactly(first);
    assertThat(flat(tsne.embed(start, 6))).isNotEqualTo(first);
  }

  @Test
  void fewAndEqualPointsHaveAPlaceToo() {
    double[][] equal = new double[12][4];
    double[][] three = {{0, 0}, {1, 0}, {0, 5}};
    for (double[][] points : new double[][][] {equal, three}) {
      double[][] plane =
          Tsne.of(points, Tsne.perplexity(30, points.length))
              .embed(new double[points.length][2], 1);
      assertThat(Arrays.stream(flat(plane)).allMatch(Double::isFinite)).isTrue();
      assertThat(Arrays.stream(plane).map(Arrays::toString).distinct()).hasSize(points.length);
    }
    assertThat(Tsne.perplexity(30, 1000)).isEqualTo(30);
    assertThat(Tsne.perplexity(30, 31)).isEqualTo(10);
    assertThat(Tsne.perplexity(30, 3)).isEqualTo(1.5);
  }
}
