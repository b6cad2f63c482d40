/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.metrics;

import java.util.Arrays;
import java.util.Comparator;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.zennit4j.registry.Argument;
import org.zennit4j.registry.Argument.Kind;
import org.zennit4j.registry.Entry;

/**
 * Localisation: whether the relevance, summed over channels, lies in the mask of the object. A
 * sample whose mask is empty has no value (Quantus's pointing game then says 1).
 *
 * <p>{@code pointing_game}: one if a pixel with the highest relevance lies in the mask, or at most
 * {@code tolerance} pixels beside it; J. Zhang et al., Top-down neural attention by excitation
 * backprop, 2018 (tolerance 15 there, none in Quantus). {@code relevance_mass}: the share of the
 * relevance inside; {@code relevance_rank}: the share of the K highest pixels inside, where K is
 * the size of the mask; L. Arras et al., CLEVR-XAI, 2022. Arras pools to positive values first
 * ({@code pooling} positive); Quantus's relevance mass takes signed sums ({@code signed}), which
 * can leave [0, 1], its attribution localisation absolute ones ({@code absolute}).
 *
 * @param kind what is measured
 * @param pooling what counts as relevance
 * @param tolerance of the pointing game, in pixels
 */
public record Localisation(Kinds kind, Pooling pooling, int tolerance) implements Metric {
  /** What is measured. */
  public enum Kinds {
    /** Whether the highest pixel lies inside. */
    POINTING_GAME,
    /** The share of the relevance inside. */
    RELEVANCE_MASS,
    /** The share of the highest pixels inside. */
    RELEVANCE_RANK
  }

  /** What counts as relevance. */
  public enum Pooling {
    /** Positive relevance; negative counts as none. */
    POSITIVE,
    /** The absolute value. */
    ABSOLUTE,
    /** The relevance as it is. */
    SIGNED
  }

  @Override
  public String name() {
    return Arguments.text(kind);
  }

  @Override
  public Map<String, Object> arguments() {
    Arguments arguments = new Arguments().with("pooling", pooling);
    return kind == Kinds.POINTING_GAME
        ? arguments.with("tolerance", tolerance).map()
        : arguments.map();
  }

  @Override
  public Direction direction() {
    return Direction.HIGHER;
  }

  @Override
  public Set<Need> needs() {
    return Set.of(Need.MASKS);
  }

  @Override
  public Result evaluate(Subject subject) {
    int n = subject.size();
    double[] relevance;
    double[] inside;
    try (PointerScope scope = new PointerScope()) {
      Tensor flat = subject.flatMaps();
      Tensor pooled =
          switch (pooling) {
            case POSITIVE -> flat.clamp_min(new Scalar(0));
            case ABSOLUTE -> flat.abs();
            case SIGNED -> flat;
          };
      relevance = Numbers.doubles(pooled);
      Tensor mask = subject.masks(name()).ne(new Scalar(0));
      if (kind == Kinds.POINTING_GAME && tolerance > 0 && mask.dim() == 4) {
        long side = 2L * tolerance + 1;
        mask =
            torch
                .max_pool2d(
                    mask.to(torch.ScalarType.Float),
                    new long[] {side, side},
                    new long[] {1, 1},
                    new long[] {tolerance, tolerance},
                    new long[] {1, 1},
                    false)
                .gt(new Scalar(0));
      }
      inside = Numbers.doubles(mask.to(torch.ScalarType.Double).reshape(n, -1));
    }
    int width = relevance.length / n;
    double[] values = new double[n];
    for (int i = 0; i < n; i++) {
      double[] row = Arrays.copyOfRange(relevance, i * width, (i + 1) * width);
      double[] mask = Arrays.copyOfRange(inside, i * width, (i + 1) * width);
      values[i] = Arrays.stream(mask).sum() == 0 ? Double.NaN : value(row, mask);
    }
    return Result.of(values);
  }

  private double value(double[] row, double[] mask) {
    return switch (kind) {
      case POINTING_GAME -> {
        double highest = Arrays.stream(row).max().orElse(0);
        yield IntStream.range(0, row.length).anyMatch(k -> row[k] == highest && mask[k] != 0)
            ? 1
            : 0;
      }
      case RELEVANCE_MASS -> {
        double all = Arrays.stream(row).sum();
        double within = IntStream.range(0, row.length).mapToDouble(k -> row[k] * mask[k]).sum();
        yield all == 0 ? Double.NaN : within / all;
      }
      case RELEVANCE_RANK -> {
        long size = Arrays.stream(mask).filter(m -> m != 0).count();
        // Stable: ties by ascending index.
        yield IntStream.range(0, row.length)
                .boxed()
                .sorted(Comparator.comparingDouble(k -> -row[k]))
                .limit(size)
                .filter(k -> mask[k] != 0)
                .count()
            / (double) size;
      }
    };
  }

  static Entry<Metric> pointingEntry() {
    return entry(
        Kinds.POINTING_GAME,
        Pooling.SIGNED,
        "whether the highest pixel lies in the mask",
        Argument.of("tolerance", Kind.INTEGER, 0));
  }

  static Entry<Metric> massEntry() {
    return entry(
        Kinds.RELEVANCE_MASS, Pooling.POSITIVE, "share of the relevance that lies in the mask");
  }

  static Entry<Metric> rankEntry() {
    return entry(
        Kinds.RELEVANCE_RANK, Pooling.SIGNED, "share of the highest pixels that lie in the mask");
  }

  private static Entry<Metric> entry(Kinds kind, Pooling standard, String text, Argument... more) {
    Argument[] all = new Argument[more.length + 1];
    all[0] = Arguments.choice("pooling", standard);
    System.arraycopy(more, 0, all, 1, more.length);
    return Entry.of(
        Arguments.text(kind),
        Localisation.class,
        text,
        v ->
            new Localisation(
                kind,
                v.choice("pooling", Pooling.class),
                more.length > 0 ? v.whole("tolerance") : 0),
        all);
  }
}
