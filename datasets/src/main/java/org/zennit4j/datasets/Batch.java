/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.datasets;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.zennit4j.requests.NdArray;

/**
 * Explained samples: arrays of (n, ...).
 *
 * @param sums the relevance of each, added up
 */
record Batch(List<Samples.Item> items, NdArray relevance, NdArray output, List<Double> sums) {

  static Batch of(List<Samples.Item> items, NdArray relevance, NdArray output) {
    float[] values = relevance.toFloats();
    List<Double> sums = new ArrayList<>(items.size());
    int size = values.length / items.size();
    for (int at = 0; at < values.length; at += size) {
      double sum = 0;
      for (int k = at; k < at + size; k++) {
        sum += values[k];
      }
      sums.add(sum);
    }
    return new Batch(items, relevance, output, sums);
  }

  /**
   * Finds the samples whose output and relevance can be used: NaN or infinity is nothing that a
   * browser can read or an analysis use.
   *
   * @param bad takes the others
   * @return rows of this batch
   */
  List<Integer> finite(List<Samples.Bad> bad) {
    float[] outputs = output.toFloats();
    List<Integer> kept = new ArrayList<>(items.size());
    for (int i = 0; i < items.size(); i++) {
      // Floats never add up to more than a double holds: a sum is finite where all of them are.
      if (Double.isFinite(sums.get(i)) && finite(outputs, i, outputs.length / items.size())) {
        kept.add(i);
      } else {
        Samples.Item item = items.get(i);
        bad.add(
            new Samples.Bad(
                item.index(), item.id(), "its output or relevance holds NaN or infinity"));
      }
    }
    return kept;
  }

  private static boolean finite(float[] values, int row, int size) {
    for (int i = row * size; i < (row + 1) * size; i++) {
      if (!Float.isFinite(values[i])) {
        return false;
      }
    }
    return true;
  }

  Batch only(List<Integer> kept) {
    if (kept.size() == items.size()) {
      return this;
    }
    return new Batch(
        kept.stream().map(items::get).toList(),
        rows(relevance, kept),
        rows(output, kept),
        kept.stream().map(sums::get).toList());
  }

  /** Some rows of an array. */
  static NdArray rows(NdArray array, List<Integer> kept) {
    long[] shape = array.shape();
    if (kept.size() == shape[0]) {
      return array;
    }
    ByteBuffer all = array.bytes();
    int size = (int) (all.remaining() / shape[0]);
    ByteBuffer some = ByteBuffer.allocate(kept.size() * size);
    kept.forEach(row -> some.put(all.slice(row * size, size)));
    shape[0] = kept.size();
    return NdArray.of(array.dtype(), some.flip(), shape);
  }

  /** The table's lines. */
  List<Explained.Line> lines(DatasetTarget target) {
    float[] outputs = output.toFloats();
    int classes = outputs.length / items.size();
    List<Explained.Line> lines = new ArrayList<>(items.size());
    for (int i = 0; i < items.size(); i++) {
      Samples.Item item = items.get(i);
      int best = 0;
      for (int c = 1; c < classes; c++) {
        best = outputs[i * classes + c] > outputs[i * classes + best] ? c : best;
      }
      int label = item.label().orElse(-1);
      int chosen =
          switch (target.kind()) {
            case LABEL -> label;
            case PREDICTION -> best;
            case CLASS -> target.number();
          };
      lines.add(
          new Explained.Line(
              item.index(),
              item.id(),
              label,
              best,
              chosen,
              chosen < classes ? outputs[i * classes + chosen] : Double.NaN,
              sums.get(i)));
    }
    return lines;
  }
}
