/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.datasets;

import java.util.ArrayList;
import java.util.List;
import org.zennit4j.requests.NdArray;

/** Explained samples: arrays of (n, ...). */
record Batch(List<Samples.Item> items, NdArray relevance, NdArray output) {
  private int rowSize(NdArray array) {
    return array.size() / items.size();
  }

  /** A row that holds NaN or infinity is nothing that a browser can read or an analysis use. */
  Batch withoutNonFinite(List<Samples.Bad> bad) {
    float[] relevances = relevance.toFloats();
    float[] outputs = output.toFloats();
    List<Integer> kept = new ArrayList<>();
    for (int i = 0; i < items.size(); i++) {
      boolean finite =
          finite(relevances, i, rowSize(relevance)) && finite(outputs, i, rowSize(output));
      if (finite) {
        kept.add(i);
      } else {
        Sample sample = items.get(i).sample();
        bad.add(
            new Samples.Bad(
                sample.index(), sample.id(), "its output or relevance holds NaN or infinity"));
      }
    }
    return kept.size() == items.size()
        ? this
        : new Batch(
            kept.stream().map(items::get).toList(), rows(relevance, kept), rows(output, kept));
  }

  private static boolean finite(float[] values, int row, int size) {
    for (int i = row * size; i < (row + 1) * size; i++) {
      if (!Float.isFinite(values[i])) {
        return false;
      }
    }
    return true;
  }

  private static NdArray rows(NdArray array, List<Integer> kept) {
    long[] shape = array.shape();
    int size = (int) (array.size() / shape[0]);
    float[] values = array.toFloats();
    float[] some = new float[kept.size() * size];
    for (int i = 0; i < kept.size(); i++) {
      System.arraycopy(values, kept.get(i) * size, some, i * size, size);
    }
    shape[0] = kept.size();
    return NdArray.ofFloats(some, shape);
  }

  Explained explained(List<Samples.Bad> bad, DatasetTarget target) {
    float[] relevances = relevance.toFloats();
    float[] outputs = output.toFloats();
    int classes = rowSize(output);
    List<Explained.Line> lines = new ArrayList<>();
    for (int i = 0; i < items.size(); i++) {
      Sample sample = items.get(i).sample();
      int best = 0;
      for (int c = 1; c < classes; c++) {
        best = outputs[i * classes + c] > outputs[i * classes + best] ? c : best;
      }
      int label = sample.label().orElse(-1);
      int chosen =
          switch (target.kind()) {
            case LABEL -> label;
            case PREDICTION -> best;
            case CLASS -> target.number();
          };
      double sum = 0;
      for (int k = i * rowSize(relevance); k < (i + 1) * rowSize(relevance); k++) {
        sum += relevances[k];
      }
      lines.add(
          new Explained.Line(
              sample.index(),
              sample.id(),
              label,
              best,
              chosen,
              chosen < classes ? outputs[i * classes + chosen] : Double.NaN,
              sum));
    }
    return Explained.of(items, relevance, output, lines, bad);
  }
}
