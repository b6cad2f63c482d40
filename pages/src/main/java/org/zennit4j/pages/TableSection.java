/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.pages;

import java.util.List;

/**
 * A table whose columns can be sorted.
 *
 * @param heading what it is about
 * @param columns the heads of the columns
 * @param rows as many cells each
 */
public record TableSection(String heading, List<String> columns, List<List<String>> rows)
    implements Section {
  /**
   * Copies the lists.
   *
   * @param heading what it is about
   * @param columns the heads of the columns
   * @param rows as many cells each
   */
  public TableSection {
    columns = List.copyOf(columns);
    rows = rows.stream().map(List::copyOf).toList();
  }

  @Override
  public String html() {
    StringBuilder out = new StringBuilder("<div class=\"scroll\" tabindex=\"0\">");
    out.append("<table class=\"sortable\">\n<thead><tr>");
    for (String column : columns) {
      out.append("<th scope=\"col\"><button type=\"button\">")
          .append(Html.escape(column))
          .append("</button></th>");
    }
    out.append("</tr></thead>\n<tbody>\n");
    for (List<String> row : rows) {
      out.append("<tr>");
      for (String cell : row) {
        boolean number = cell.matches("-?[\\d.]+(e[-+]?\\d+)?( %)?");
        out.append(number ? "<td class=\"number\">" : "<td>")
            .append(Html.escape(cell))
            .append("</td>");
      }
      out.append("</tr>\n");
    }
    return out.append("</tbody></table></div>\n").toString();
  }
}
