/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.datasets;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.zennit4j.requests.NdArray;

/**
 * One batch with its relevance, ready to be written; everything on the Java heap.
 *
 * @param data what there is to see of the inputs, (n, ...)
 * @param attribution relevance, float32 (n, ...); of pictures (n,3,H,W)
 * @param prediction the output, float32 (n, classes)
 * @param label int64 (n), -1 where unknown
 * @param sample int64 (n), positions in the dataset
 * @param lines the table's lines, skipped samples included, in the order of the dataset
 */
record Explained(
    NdArray data,
    NdArray attribution,
    NdArray prediction,
    NdArray label,
    NdArray sample,
    List<String> lines,
    long skipped) {

  static final List<String> COLUMNS =
      List.of("sample", "id", "label", "prediction", "explained", "output", "relevance", "skipped");

  static Explained nothing(List<Samples.Bad> bad) {
    return new Explained(null, null, null, null, null, lines(List.of(), bad), bad.size());
  }

  /** A line of the table. */
  record Line(
      int sample, String id, int label, int prediction, int explained, double output, double sum) {
    private String text() {
      return Csv.line(
          List.of(
              Integer.toString(sample),
              id,
              label < 0 ? "" : Integer.toString(label),
              prediction < 0 ? "" : Integer.toString(prediction),
              explained < 0 ? "" : Integer.toString(explained),
              number(output),
              number(sum),
              ""));
    }

    private static String number(double value) {
      return Double.isNaN(value) ? "" : String.format(Locale.ROOT, "%.7g", value);
    }
  }

  static Explained of(
      List<Samples.Item> items,
      NdArray attribution,
      NdArray prediction,
      List<Line> lines,
      List<Samples.Bad> bad) {
    return new Explained(
        Preparation.stack(items.stream().map(i -> i.prepared().shown()).toList()),
        attribution,
        prediction,
        NdArray.ofLongs(
            items.stream().mapToLong(i -> i.sample().label().orElse(-1)).toArray(), items.size()),
        NdArray.ofLongs(items.stream().mapToLong(i -> i.sample().index()).toArray(), items.size()),
        lines(lines, bad),
        bad.size());
  }

  private static List<String> lines(List<Line> lines, List<Samples.Bad> bad) {
    List<String> all = new ArrayList<>();
    int next = 0;
    for (Line line : lines) {
      while (next < bad.size() && bad.get(next).index() < line.sample()) {
        all.add(skipped(bad.get(next++)));
      }
      all.add(line.text());
    }
    while (next < bad.size()) {
      all.add(skipped(bad.get(next++)));
    }
    return all;
  }

  private static String skipped(Samples.Bad bad) {
    return Csv.line(
        List.of(Integer.toString(bad.index()), bad.id(), "", "", "", "", "", bad.reason()));
  }

  int rows() {
    return data == null ? 0 : (int) data.shape()[0];
  }

  /** Relevance in three channels, as ViRelAy draws it: those after the first are zero. */
  static NdArray threeChannels(NdArray relevance) {
    long[] shape = relevance.shape();
    if (shape[1] != 1) {
      return relevance;
    }
    int row = (int) (4 * shape[2] * shape[3]);
    ByteBuffer wide = ByteBuffer.allocate(Math.multiplyExact(3 * row, (int) shape[0]));
    ByteBuffer narrow = relevance.bytes();
    byte[] one = new byte[row];
    for (int i = 0; i < shape[0]; i++) {
      narrow.get(one);
      wide.put(3 * row * i, one);
    }
    return NdArray.of(relevance.dtype(), wide, shape[0], 3, shape[2], shape[3]);
  }
}
