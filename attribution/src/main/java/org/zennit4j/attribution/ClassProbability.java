/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.attribution;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.AutoGradMode;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.zennit4j.bindings.ShapeException;
import org.zennit4j.bindings.Zennit4jException;
import org.zennit4j.bindings.internal.Vectors;

/**
 * A class that a classifier considers, and how likely it is.
 *
 * @param index the class, from 0
 * @param label its name; the number as text where no name is known
 * @param probability from 0 to 1
 */
public record ClassProbability(int index, String label, double probability) {
  /**
   * The most likely classes of each sample, by the softmax of a classifier's logits in float64.
   *
   * @param logits of shape (batch, classes), or (classes) for one sample, on any device
   * @param count how many; fewer if there are not as many classes
   * @param labels names in the order of classes; may be empty
   * @return for each sample the classes, the most likely first, the lower index first where two are
   *     equal
   * @throws ShapeException if the output has another shape, or other than one label a class
   * @throws Zennit4jException if the output holds NaN or infinity
   */
  public static List<List<ClassProbability>> top(Tensor logits, int count, List<String> labels) {
    try (PointerScope scope = new PointerScope();
        AutoGradMode mode = new AutoGradMode(false)) {
      if (logits.dim() < 1 || logits.dim() > 2 || logits.size(-1) < 1) {
        throw new ShapeException(
            "classes need an output of shape (batch, classes), not "
                + Arrays.toString(logits.shape()));
      }
      int classes = (int) logits.size(-1);
      double[] all = Vectors.doubles(logits.to(ScalarType.Double).softmax(-1));
      List<List<ClassProbability>> samples = new ArrayList<>();
      for (int from = 0; from < all.length; from += classes) {
        samples.add(top(Arrays.copyOfRange(all, from, from + classes), count, labels));
      }
      return List.copyOf(samples);
    }
  }

  /**
   * The most likely classes of one sample.
   *
   * @param probabilities one for each class
   * @param count how many; fewer if there are not as many classes
   * @param labels names in the order of classes; may be empty
   * @return the most likely first, the lower index first where two are equal
   * @throws ShapeException if there are other than one label a class
   * @throws Zennit4jException if one is NaN or infinite: then no class is the most likely one
   */
  public static List<ClassProbability> top(double[] probabilities, int count, List<String> labels) {
    if (!labels.isEmpty() && labels.size() != probabilities.length) {
      throw new ShapeException(
          "there are " + labels.size() + " labels for " + probabilities.length + " classes");
    }
    if (Arrays.stream(probabilities).anyMatch(p -> !Double.isFinite(p))) {
      throw new Zennit4jException("the output holds NaN or infinity, so that no class is likely");
    }
    return IntStream.range(0, probabilities.length)
        .boxed()
        .sorted(Comparator.comparing(i -> -probabilities[i]))
        .limit(count)
        .map(
            i ->
                new ClassProbability(
                    i, labels.isEmpty() ? Integer.toString(i) : labels.get(i), probabilities[i]))
        .toList();
  }
}
