/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.pages;

import java.util.Arrays;
import java.util.Locale;

/** Values in the order of time, each with its relevance. Immutable. */
public final class Signal {
  private static final int MARGIN = 8;

  private final double[] values;
  private final double[] relevance;

  private Signal(double[] values, double[] relevance) {
    this.values = values;
    this.relevance = relevance;
  }

  /**
   * Makes a signal.
   *
   * @param values two or more
   * @param relevance as many
   * @return the signal
   */
  public static Signal of(double[] values, double[] relevance) {
    if (values.length < 2 || values.length != relevance.length) {
      throw new IllegalArgumentException(
          "a signal has 2 values or more, and as many relevances: "
              + values.length
              + ", "
              + relevance.length);
    }
    return new Signal(values.clone(), relevance.clone());
  }

  double strongest() {
    return Arrays.stream(relevance).map(Math::abs).max().orElse(0);
  }

  /** A line in pieces of equal colour. */
  String svg(int width, int height, String title) {
    double low = Arrays.stream(values).min().orElse(0);
    double high = Arrays.stream(values).max().orElse(1);
    double range = high > low ? high - low : 1;
    double strongest = strongest();
    StringBuilder out = new StringBuilder();
    out.append(
        String.format(
            Locale.ROOT,
            "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"%s\" class=\"signal\">",
            width,
            height,
            Html.escape("signal of " + values.length + " values, " + title)));
    for (int i = 1; i < values.length; i++) {
      out.append(
          String.format(
              Locale.ROOT,
              "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" stroke=\"%s\"/>",
              x(i - 1, width),
              y(values[i - 1], low, range, height),
              x(i, width),
              y(values[i], low, range, height),
              color(strongest == 0 ? 0 : relevance[i] / strongest)));
    }
    return out.append("</svg>").toString();
  }

  private double x(int i, int width) {
    return MARGIN + (width - 2.0 * MARGIN) * i / (values.length - 1);
  }

  private static double y(double value, double low, double range, int height) {
    return height - MARGIN - (height - 2.0 * MARGIN) * (value - low) / range;
  }

  /** From grey, which is seen on white and on black. */
  private static String color(double share) {
    int grey = 150;
    double strength = Math.sqrt(Math.abs(share));
    int faded = (int) Math.round(grey * (1 - strength));
    int full = (int) Math.round(grey + (235 - grey) * strength);
    return share >= 0
        ? String.format(Locale.ROOT, "#%02x%02x%02x", full, faded, faded)
        : String.format(Locale.ROOT, "#%02x%02x%02x", faded, (faded + grey) / 2, full);
  }
}
