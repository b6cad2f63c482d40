/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.OptionalInt;
import org.bytedeco.pytorch.Tensor;
import org.zennit4j.attribution.ClassProbability;
import org.zennit4j.graph.Ending;
import org.zennit4j.requests.NdArray;

/** The most likely classes of one sample. */
final class TopClasses {
  private final double[] probabilities;

  private TopClasses(double[] probabilities) {
    this.probabilities = probabilities;
  }

  /**
   * Reads a model's output.
   *
   * @param output of shape (1, classes), or another one, which has no classes
   * @param ending the operator that the model ends in, which tells logits from probabilities
   * @param removed whether it was taken off
   */
  static TopClasses of(Tensor output, Ending ending, boolean removed) {
    if (output.dim() != 2 || output.size(0) != 1) {
      return new TopClasses(new double[0]);
    }
    double[] values = NdArray.of(output).toDoubles();
    if (removed && ending == Ending.SIGMOID) {
      for (int i = 0; i < values.length; i++) {
        values[i] = 1 / (1 + Math.exp(-values[i]));
      }
      return new TopClasses(values);
    }
    switch (removed ? Ending.OTHER : ending) {
      case SOFTMAX, SIGMOID -> {}
      case LOG_SOFTMAX -> {
        for (int i = 0; i < values.length; i++) {
          values[i] = Math.exp(values[i]);
        }
      }
      case OTHER -> softmax(values);
    }
    return new TopClasses(values);
  }

  private static void softmax(double[] values) {
    double max = java.util.Arrays.stream(values).max().orElse(0);
    double sum = 0;
    for (int i = 0; i < values.length; i++) {
      values[i] = Math.exp(values[i] - max);
      sum += values[i];
    }
    for (int i = 0; i < values.length; i++) {
      values[i] /= sum;
    }
  }

  /** The most likely classes, the lowest index first where several are equal. */
  List<ClassProbability> top(int count) {
    return ClassProbability.top(probabilities, count, List.of());
  }

  /** What a target explains: the class with its probability, or the target's own words. */
  String explained(TargetOption target, Labels labels, int sample, int samples) {
    OptionalInt chosen = target.single(labels, sample, samples);
    int index = chosen.orElse(-1);
    if (target.isTop1() && probabilities.length > 0) {
      index = top(1).get(0).index();
    }
    if (index < 0 || index >= probabilities.length) {
      return target.isTop1() ? "the output" : target.text();
    }
    return String.format(
        Locale.ROOT, "%s  %.1f %%", labels.show(index), 100 * probabilities[index]);
  }

  /** One line for each of the most likely classes. */
  List<String> lines(int count, Labels labels) {
    List<String> lines = new ArrayList<>();
    for (ClassProbability likely : top(count)) {
      lines.add(
          String.format(
              Locale.ROOT, "  %.3f  %s", likely.probability(), labels.show(likely.index())));
    }
    return lines;
  }
}
