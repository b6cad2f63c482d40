/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.pages;

import java.util.List;
import java.util.Locale;

/**
 * How much relevance arrives at each layer and passes on, from the output to the input.
 *
 * @param rows in the order in which relevance passes
 */
public record ConservationSection(List<Row> rows) implements Section {
  /**
   * A layer.
   *
   * @param layer its name
   * @param arrives the sum of relevance at its output
   * @param passes the sum of relevance at its input
   */
  public record Row(String layer, double arrives, double passes) {}

  /**
   * Copies the list.
   *
   * @param rows in the order in which relevance passes
   */
  public ConservationSection {
    rows = List.copyOf(rows);
  }

  @Override
  public String heading() {
    return "Conservation";
  }

  @Override
  public String html() {
    int height = 24 * rows.size() + 8;
    double most = 1e-30;
    for (Row row : rows) {
      most = Math.max(most, Math.max(size(row.arrives()), size(row.passes())));
    }
    StringBuilder out = new StringBuilder();
    out.append(
            "<p>The sum of relevance that arrives at each layer (outline) and that it passes on ")
        .append("(filled), from the output to the input.</p>\n")
        .append(
            String.format(
                Locale.ROOT,
                "<svg viewBox=\"0 0 960 %d\" role=\"img\" aria-label=\"relevance by layer\" class=\"plot\">",
                height));
    for (int i = 0; i < rows.size(); i++) {
      Row row = rows.get(i);
      int y = 24 * i + 4;
      out.append(
          String.format(
              Locale.ROOT,
              "<text x=\"300\" y=\"%d\" text-anchor=\"end\">%s</text>"
                  + "<rect class=\"passes\" x=\"310\" y=\"%d\" width=\"%.1f\" height=\"16\"/>"
                  + "<rect class=\"arrives\" x=\"310\" y=\"%d\" width=\"%.1f\" height=\"16\"/>"
                  + "<text x=\"%d\" y=\"%d\">%s → %s</text>",
              y + 13,
              Html.escape(row.layer().isEmpty() ? "(model)" : row.layer()),
              y,
              450 * size(row.passes()) / most,
              y,
              450 * size(row.arrives()) / most,
              780,
              y + 13,
              Html.number(row.arrives()),
              Html.number(row.passes())));
    }
    return out.append("</svg>\n").toString();
  }

  private static double size(double value) {
    return Double.isFinite(value) ? Math.abs(value) : 0;
  }
}
