/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.datasets;

import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;
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
 * @param skipped how many of these are of skipped samples
 * @param pictures whether the samples are pictures
 */
record Explained(
    NdArray data,
    NdArray attribution,
    NdArray prediction,
    NdArray label,
    NdArray sample,
    String lines,
    int skipped,
    boolean pictures) {

  private static final MathContext DIGITS = new MathContext(7, RoundingMode.HALF_UP);
  private static final double[] TENS = {1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9};

  static final List<String> COLUMNS =
      List.of("sample", "id", "label", "prediction", "explained", "output", "relevance", "skipped");

  static Explained nothing(List<Samples.Bad> bad) {
    return new Explained(null, null, null, null, null, lines(List.of(), bad), bad.size(), false);
  }

  /** A line of the table. */
  record Line(
      int sample, String id, int label, int prediction, int explained, double output, double sum) {
    private void write(StringBuilder to) {
      to.append(sample).append(',');
      Csv.field(id, to);
      number(label, to.append(','));
      number(prediction, to.append(','));
      number(explained, to.append(','));
      number(output, to.append(','));
      number(sum, to.append(','));
      to.append(",\n");
    }

    private static void number(int value, StringBuilder to) {
      if (value >= 0) {
        to.append(value);
      }
    }

    static String number(double value) {
      StringBuilder text = new StringBuilder();
      number(value, text);
      return text.toString();
    }

    /** As {@code %.7g} has it, which takes longer than all else about a line. */
    private static void number(double value, StringBuilder to) {
      double size = Math.abs(value);
      if (Double.isNaN(value)) {
        return;
      }
      if (!(size >= 1e-3 && size < 1e6)) {
        to.append(String.format(Locale.ROOT, "%.7g", value));
        return;
      }
      // Digits before the point, less the zeros that follow it.
      int whole = size >= 0.1 ? 0 : size >= 0.01 ? -1 : -2;
      while (whole >= 0 && size >= TENS[whole]) {
        whole++;
      }
      int decimals = DIGITS.getPrecision() - whole;
      double scaled = size * TENS[decimals];
      long digits = (long) scaled;
      double rest = scaled - digits;
      // Where the product's own rounding could decide it is done in decimals.
      if (Math.abs(rest - 0.5) < 1e-6 || digits + 1 == (long) TENS[DIGITS.getPrecision()]) {
        BigDecimal rounded = BigDecimal.valueOf(value).round(DIGITS);
        whole = rounded.precision() - rounded.scale();
        to.append(rounded.setScale(DIGITS.getPrecision() - whole).toPlainString());
        return;
      }
      digits += rest > 0.5 ? 1 : 0;
      long unit = (long) TENS[decimals];
      to.append(value < 0 ? "-" : "").append(digits / unit).append('.');
      String fraction = Long.toString(digits % unit);
      to.append("0".repeat(decimals - fraction.length())).append(fraction);
    }
  }

  static Explained of(
      Batch batch, NdArray shown, boolean pictures, DatasetTarget target, List<Samples.Bad> bad) {
    List<Samples.Item> items = batch.items();
    return new Explained(
        shown,
        batch.relevance(),
        batch.output(),
        NdArray.ofLongs(
            items.stream().mapToLong(i -> i.label().orElse(-1)).toArray(), items.size()),
        NdArray.ofLongs(items.stream().mapToLong(i -> i.index()).toArray(), items.size()),
        lines(batch.lines(target), bad),
        bad.size(),
        pictures);
  }

  private static String lines(List<Line> lines, List<Samples.Bad> bad) {
    StringBuilder all = new StringBuilder();
    int next = 0;
    for (Line line : lines) {
      while (next < bad.size() && bad.get(next).index() < line.sample()) {
        all.append(skipped(bad.get(next++)));
      }
      line.write(all);
    }
    while (next < bad.size()) {
      all.append(skipped(bad.get(next++)));
    }
    return all.toString();
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
