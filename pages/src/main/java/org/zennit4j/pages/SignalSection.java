/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.pages;

import java.util.Locale;

/**
 * A series, coloured by its relevance: red speaks for what is explained, blue against it.
 *
 * @param title how the relevance was made
 * @param series the values and their relevance
 */
public record SignalSection(String title, Signal series) implements Section {
  @Override
  public String heading() {
    return "Signal";
  }

  @Override
  public String html() {
    return "<figure class=\"wide\">"
        + series.svg(960, 320, title)
        + "<figcaption>"
        + Html.escape(title)
        + String.format(
            Locale.ROOT,
            "; <span class=\"for\">red</span> speaks for it, <span class=\"against\">blue</span> against it,"
                + " the strongest is %s</figcaption></figure>%n",
            Html.number(series.strongest()));
  }
}
