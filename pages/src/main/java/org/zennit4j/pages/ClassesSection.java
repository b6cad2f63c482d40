/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.pages;

import java.util.List;

/**
 * Classes with their probabilities.
 *
 * @param rows the most likely first
 */
public record ClassesSection(List<Row> rows) implements Section {
  /**
   * A class.
   *
   * @param name what it is called
   * @param probability 0 to 1
   */
  public record Row(String name, double probability) {}

  /**
   * Copies the list.
   *
   * @param rows the most likely first
   */
  public ClassesSection {
    rows = List.copyOf(rows);
  }

  @Override
  public String heading() {
    return "Classes";
  }

  @Override
  public String html() {
    StringBuilder out = new StringBuilder("<table class=\"bars\">\n");
    out.append("<thead><tr><th scope=\"col\">class</th><th scope=\"col\">probability</th>")
        .append("<th aria-hidden=\"true\"></th></tr></thead>\n<tbody>\n");
    for (Row row : rows) {
      out.append("<tr><th scope=\"row\">")
          .append(Html.escape(row.name()))
          .append("</th><td class=\"number\">")
          .append(Html.percent(row.probability()))
          .append("</td><td aria-hidden=\"true\"><span class=\"bar\" style=\"width:")
          .append(Math.round(1000 * Math.max(0, Math.min(1, row.probability()))) / 100.0)
          .append("rem\"></span></td></tr>\n");
    }
    return out.append("</tbody></table>\n").toString();
  }
}
