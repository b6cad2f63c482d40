/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.concepts;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.LongOptional;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.zennit4j.bindings.ShapeException;
import org.zennit4j.bindings.Zennit4jException;
import org.zennit4j.requests.NdArray;

/**
 * Which concepts a class uses, and where in a picture: the channels of a layer by their mean
 * relevance over the samples of the class, and a map that names the strongest of them at each
 * pixel.
 */
public final class ConceptAtlas {
  private final int target;
  private final String layer;
  private final double[] relevances;
  private final int samples;

  private ConceptAtlas(int target, String layer, double[] relevances, int samples) {
    this.target = target;
    this.layer = layer;
    this.relevances = relevances;
    this.samples = samples;
  }

  /**
   * Explains the samples of a class.
   *
   * @param attribution runs the network
   * @param data the dataset
   * @param layer whose channels are the concepts
   * @param target the class: samples that have it among their targets count
   * @param most how many samples at most, the first ones
   * @return the atlas
   * @throws Zennit4jException if no sample has the target
   */
  public static ConceptAtlas of(
      ConditionalAttribution attribution, ConceptData data, String layer, int target, int most) {
    double[] sums = null;
    int count = 0;
    for (int sample = 0; sample < data.size() && count < most; sample++) {
      if (IntStream.of(data.targets(sample)).noneMatch(t -> t == target)) {
        continue;
      }
      try (PointerScope scope = new PointerScope();
          ConditionalResult result =
              attribution.attribute(
                  data.inputs(sample, sample + 1),
                  List.of(Condition.y(target)),
                  ConditionalOptions.defaults().withRecordLayer(List.of(layer)))) {
        double[] own =
            NdArray.of(ChannelConcept.attribute(result.relevances().get(layer), true)).toDoubles();
        sums = sums == null ? new double[own.length] : sums;
        for (int c = 0; c < own.length; c++) {
          sums[c] += own[c];
        }
        count++;
      }
    }
    if (sums == null) {
      throw new Zennit4jException("no sample has the target " + target);
    }
    for (int c = 0; c < sums.length; c++) {
      sums[c] /= count;
    }
    return new ConceptAtlas(target, layer, sums, count);
  }

  /**
   * The class.
   *
   * @return its number
   */
  public int target() {
    return target;
  }

  /**
   * The layer whose channels are the concepts.
   *
   * @return its name
   */
  public String layer() {
    return layer;
  }

  /**
   * How many samples were explained.
   *
   * @return at least 1
   */
  public int samples() {
    return samples;
  }

  /**
   * The mean relevance of each channel; the absolute values of each sample's sum to 1.
   *
   * @return a copy
   */
  public double[] relevances() {
    return relevances.clone();
  }

  /**
   * The most relevant channels.
   *
   * @param count how many
   * @return the most relevant first
   */
  public int[] concepts(int count) {
    return IntStream.range(0, relevances.length)
        .boxed()
        .sorted(Comparator.comparingDouble(c -> -relevances[c]))
        .limit(count)
        .mapToInt(c -> c)
        .toArray();
  }

  /**
   * Where in an input which of some concepts is the strongest.
   *
   * @param attribution runs the network
   * @param input one sample, (1, channels, height, width)
   * @param concepts channels, such as those of {@link #concepts}
   * @param window the side of the square over which relevance is averaged first, odd
   * @param share of the highest averaged relevance below which no concept counts
   * @return (height, width) of int64: positions in {@code concepts}, -1 where none counts; in the
   *     caller's innermost scope
   */
  public Tensor regions(
      ConditionalAttribution attribution, Tensor input, int[] concepts, int window, double share) {
    if (input.dim() != 4 || input.size(0) != 1) {
      throw new ShapeException("an atlas is drawn for one input (1, channels, height, width)");
    }
    List<Condition> conditions = new ArrayList<>();
    IntStream.of(concepts).forEach(c -> conditions.add(Condition.y(target).with(layer, c)));
    try (ConditionalResult result =
        attribution.attribute(
            input, conditions, ConditionalOptions.defaults().withExcludeParallel(false))) {
      Tensor maps = result.heatmap().unsqueeze(1).clamp_min(new Scalar(0));
      long padding = window / 2;
      Tensor smooth =
          torch
              .avg_pool2d(
                  maps,
                  new long[] {window, window},
                  new long[] {1, 1},
                  new long[] {padding, padding},
                  false,
                  true,
                  new LongOptional())
              .squeeze(1);
      Tensor most = torch.amax(smooth, new long[] {0}, false);
      double limit = share * most.max().item_double();
      Tensor which = smooth.argmax(new LongOptional(0), false);
      return which.masked_fill(most.le(new Scalar(limit)), new Scalar(-1)).to(ScalarType.Long);
    }
  }
}
