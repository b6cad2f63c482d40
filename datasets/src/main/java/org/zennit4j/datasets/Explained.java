/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.datasets;

import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.zennit4j.requests.NdArray;

/**
 * One batch with its relevance, ready to be written; everything on the Java heap.
 *
 * @param data what there is to see of the inputs, (n, ...)
 * @param attribution relevance, float32 (n, ...)
 * @param prediction the output, float32 (n, classes)
 * @param label int64 (n), -1 where unknown
 * @param sample int64 (n), positions in the dataset
 * @param lines the table's lines, skipped samples included, in the order of the dataset
 * @param pictures whether the samples are pictures
 */
record Explained(
    NdArray data,
    NdArray attribution,
    NdArray prediction,
    NdArray label,
    NdArray sample,
    List<String> lines,
    boolean pictures) {

  private static final MathContext DIGITS = new MathContext(7, RoundingMode.HALF_UP);

  static final List<String> COLUMNS =
      List.of("sample", "id", "label", "prediction", "explained", "output", "relevance", "skipped");

  static Explained nothing(List<Samples.Bad> bad) {
    return new Explained(null, null, null, null, null, lines(List.of(), bad), false);
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

    /** As {@code %.7g} has it, which takes longer than all else about a line. */
    static String number(double value) {
      if (Double.isNaN(value)) {
        return "";
      }
      double size = Math.abs(value);
      if (!(size >= 1e-3 && size < 1e6)) {
        return String.format(Locale.ROOT, "%.7g", value);
      }
      BigDecimal rounded = BigDecimal.valueOf(value).round(DIGITS);
      int whole = rounded.precision() - rounded.scale();
      return rounded.setScale(DIGITS.getPrecision() - whole).toPlainString();
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
        items.get(0).prepared().picture());
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

  /**
   * The shape of one sample's relevance in the result. A picture has three channels, which is what
   * ViRelAy draws: of a network that takes one, the other two stay zero, so that their sum is its
   * relevance.
   */
  long[] attributionRow() {
    long[] shape = attribution.shape();
    long[] row = Arrays.copyOfRange(shape, 1, shape.length);
    if (row.length == 3 && row[0] == 1 && pictures) {
      row[0] = 3;
    }
    return row;
  }

  int rows() {
    return data == null ? 0 : (int) data.shape()[0];
  }
}
