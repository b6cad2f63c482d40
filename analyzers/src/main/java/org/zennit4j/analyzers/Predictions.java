/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.analyzers;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.zennit4j.attribution.ClassProbability;
import org.zennit4j.bindings.ShapeException;
import org.zennit4j.bindings.Zennit4jException;

/** The most likely classes of outputs. */
final class Predictions {
  private Predictions() {}

  static List<List<Prediction>> decode(Tensor predictions, int top, List<String> names) {
    if (top < 1) {
      throw new Zennit4jException("top must be at least 1, not " + top);
    }
    if (predictions.dim() < 1 || predictions.dim() > 2 || predictions.numel() == 0) {
      throw new ShapeException(
          "predictions must have the shape (batch, classes), not "
              + Arrays.toString(predictions.shape()));
    }
    double[] values;
    int classes = (int) predictions.size(predictions.dim() - 1);
    try (PointerScope scope = new PointerScope()) {
      Tensor p = predictions.detach().to(ScalarType.Double);
      if (!p.isfinite().all().item_bool()) {
        throw new Zennit4jException("the predictions hold NaN or infinity");
      }
      values = Buffers.doubles(areProbabilities(p) ? p : torch.softmax(p, p.dim() - 1));
    }
    List<List<Prediction>> result = new ArrayList<>();
    for (int row = 0; row * classes < values.length; row++) {
      double[] own = Arrays.copyOfRange(values, row * classes, (row + 1) * classes);
      result.add(
          ClassProbability.top(own, top, List.of()).stream()
              .map(c -> new Prediction(c.index(), name(names, c.index()), c.probability()))
              .toList());
    }
    return result;
  }

  private static boolean areProbabilities(Tensor p) {
    if (p.min().item_double() < 0 || p.max().item_double() > 1) {
      return false;
    }
    double furthest = p.sum(p.dim() - 1).sub(new Scalar(1)).abs().max().item_double();
    return furthest <= 1e-3;
  }

  private static String name(List<String> names, int index) {
    return names != null && index < names.size() && names.get(index) != null
        ? names.get(index)
        : "class_" + index;
  }
}
